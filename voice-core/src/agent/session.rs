//! The handle of an open session: audio and controls in, events and audio out.

use super::causes::Causes;
use super::outbox::{Outbox, Output};
use crate::cancel::CancelToken;
use crate::conversation::{AgentState, CloseReason, Event, Snapshot, ToolStatus, TurnMetrics};
use crate::error::{Error, ErrorKind, Result, Stage, Token};
use crate::id::{SessionId, TurnId};
use crate::message::Message;
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, watch};

/// What a client may ask of a session besides sending audio.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Control {
    /// The loudspeaker has played this many samples of the turn, at the output rate.
    Played {
        /// The turn.
        turn: TurnId,
        /// Samples so far.
        samples: u64,
    },
    /// A typed user turn.
    Text(String),
    /// Say this when the floor is free.
    Say(String),
    /// As [`Say`](Self::Say), protected: only a stop word stops it, what else is said is answered afterwards.
    Announce(String),
    /// Stop the reply.
    Interrupt,
    /// New instructions or context, effective from the next prompt. The outer `None` leaves a value, the inner clears.
    SetContext {
        /// How the agent is to behave.
        instructions: Option<Option<String>>,
        /// What it is to know.
        context: Option<Option<String>>,
    },
    /// The client went away and may come back: the reply stops, what waits for the client is dropped.
    Detach,
    /// A client is there (again), with these abilities.
    Attach(ClientFormat),
    /// End the session.
    Close(CloseReason),
}

/// What a client sends and can play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientFormat {
    /// Rate of the microphone audio, in Hz: 8000, 16000, 24000 or 48000, or any other that can be resampled.
    pub input_rate: u32,
    /// Rate of the reply audio, in Hz.
    pub output_rate: u32,
    /// Whether the client obeys [`Event::Pause`]; to others the server merely stops sending.
    pub can_pause: bool,
    /// Whether the session is to take the agent's voice out of the microphone audio: the client does not.
    pub echo_cancellation: bool,
}

impl Default for ClientFormat {
    fn default() -> Self {
        Self { input_rate: 16_000, output_rate: 16_000, can_pause: false, echo_cancellation: false }
    }
}

/// What an observer may know of a session at any moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SessionStatus {
    /// What the agent is doing.
    pub state: AgentState,
    /// The newest turn.
    pub turn: TurnId,
    /// The latencies of the last turn that was answered.
    pub metrics: Option<TurnMetrics>,
    /// Whether a turn or a reply is under way that time alone will bring to its end.
    pub busy: bool,
    /// Whether the session is over.
    pub closed: bool,
    /// Why it ended, once it has said so.
    pub goodbye: Option<CloseReason>,
    /// Whether it came to its end by a fault of its own: its task panicked.
    pub broken: bool,
    /// How the agent is to behave, for the next prompt.
    pub instructions: Option<Arc<str>>,
    /// What it is to know, for the next prompt.
    pub context: Option<Arc<str>>,
}

/// How much waits in a session's queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct QueueDepths {
    /// Pieces of microphone audio that the session has not heard, of 64.
    pub microphone: usize,
    /// Controls that it has not followed, of 64.
    pub controls: usize,
    /// Events that the transport has not taken, of 2,048.
    pub events: usize,
    /// Reply audio that the transport has not taken, in bytes.
    pub audio_bytes: usize,
}

/// The names of the providers that serve a session; `None` where a stage is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderNames {
    /// Speech to text.
    pub stt: Option<String>,
    /// Language model.
    pub llm: Option<String>,
    /// Text to speech.
    pub tts: Option<String>,
}

/// An open session. Cheap to clone; the session ends when [`Control::Close`] is sent or the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    id: SessionId,
    providers: ProviderNames,
    audio: mpsc::Sender<Bytes>,
    control: mpsc::Sender<Control>,
    outbox: Arc<Outbox>,
    events: broadcast::Sender<Event>,
    status: watch::Receiver<SessionStatus>,
    history: watch::Receiver<Arc<[Message]>>,
    snapshot: watch::Receiver<Option<Arc<Snapshot>>>,
    causes: Arc<Causes>,
    cancel: CancelToken,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// The session's ends of the handle's channels.
pub(super) struct Ends {
    pub(super) audio: mpsc::Receiver<Bytes>,
    pub(super) control: mpsc::Receiver<Control>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) status: watch::Sender<SessionStatus>,
    pub(super) history: watch::Sender<Arc<[Message]>>,
    pub(super) snapshot: watch::Sender<Option<Arc<Snapshot>>>,
    pub(super) causes: Arc<Causes>,
    pub(super) cancel: CancelToken,
}

/// Pieces of microphone audio that may wait: more than a second of 20 ms frames; a sender then waits.
const AUDIO_QUEUE: usize = 64;
/// The longest piece, in bytes: 4,096 samples. Longer ones are cut, so that reading can pause in the middle of a frame
/// and no frame keeps the session's task for long.
const AUDIO_PIECE: usize = 8_192;
/// Controls that may wait; more are refused.
const CONTROL_QUEUE: usize = 64;
/// Events an observer may lag behind before it is told how many it missed.
const EVENT_QUEUE: usize = 256;

impl Session {
    pub(super) fn new(id: SessionId, providers: ProviderNames, cancel: CancelToken) -> (Self, Ends) {
        let (audio_sender, audio) = mpsc::channel(AUDIO_QUEUE);
        let (control_sender, control) = mpsc::channel(CONTROL_QUEUE);
        let (events, _) = broadcast::channel(EVENT_QUEUE);
        let (status_sender, status) = watch::channel(SessionStatus::default());
        let (history_sender, history) = watch::channel(Arc::from([]));
        let (snapshot_sender, snapshot) = watch::channel(None);
        let (outbox, causes) = (Arc::new(Outbox::default()), Arc::new(Causes::default()));
        let ends = Ends {
            audio,
            control,
            outbox: outbox.clone(),
            events: events.clone(),
            status: status_sender,
            history: history_sender,
            snapshot: snapshot_sender,
            causes: causes.clone(),
            cancel: cancel.clone(),
        };
        let shared = Shared {
            id,
            providers,
            audio: audio_sender,
            control: control_sender,
            outbox,
            events,
            status,
            history,
            snapshot,
            causes,
            cancel,
        };
        (Self { shared: Arc::new(shared) }, ends)
    }

    /// The session's name.
    pub fn id(&self) -> &SessionId {
        &self.shared.id
    }

    /// The providers that serve it.
    pub fn providers(&self) -> &ProviderNames {
        &self.shared.providers
    }

    /// Hands over microphone audio, mono PCM16 little-endian at the input rate, in chunks of any size. Waits while the
    /// session is more than 2 s of audio ahead of real time. Dropped while it waits, it has handed over a part.
    ///
    /// # Errors
    /// `InvalidInput` for an odd number of bytes (nothing of it is used), `Unavailable` when the session is over.
    pub async fn send_audio(&self, mut pcm: Bytes) -> Result<()> {
        if !pcm.len().is_multiple_of(2) {
            let message = format!("microphone audio of {} bytes is not whole 16-bit samples", pcm.len());
            return Err(Error::new(ErrorKind::InvalidInput, Stage::Audio, message));
        }
        while !pcm.is_empty() {
            let piece = pcm.split_to(pcm.len().min(AUDIO_PIECE));
            self.shared.audio.send(piece).await.map_err(|_| over())?;
        }
        Ok(())
    }

    /// Asks something of the session.
    ///
    /// # Errors
    /// `Unavailable` when the session is over, `RateLimited` when too many controls wait.
    pub fn control(&self, control: Control) -> Result<()> {
        self.shared.control.try_send(control).map_err(|error| match error {
            mpsc::error::TrySendError::Closed(_) => over(),
            mpsc::error::TrySendError::Full(_) => {
                Error::new(ErrorKind::RateLimited { retry_after: None }, Stage::Session, "too many controls at once")
            }
        })
    }

    /// Like [`control`](Self::control), but waits while too many controls wait.
    ///
    /// # Errors
    /// `Unavailable` when the session is over.
    pub async fn control_wait(&self, control: Control) -> Result<()> {
        self.shared.control.send(control).await.map_err(|_| over())
    }

    /// The next thing for the client; `None` when the session is over and everything was taken. For one transport at a
    /// time; cancel-safe.
    pub async fn next_output(&self) -> Option<Output> {
        self.shared.outbox.next().await
    }

    /// Events for an observer, who is told how many it missed when it lags and never slows the session.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// How the session stands now.
    pub fn status(&self) -> SessionStatus {
        self.shared.status.borrow().clone()
    }

    /// How much waits for the session, and for its client.
    pub fn queues(&self) -> QueueDepths {
        let Shared { audio, control, outbox, .. } = &*self.shared;
        let (events, audio_bytes) = outbox.depth();
        let microphone = audio.max_capacity() - audio.capacity();
        QueueDepths { microphone, controls: control.max_capacity() - control.capacity(), events, audio_bytes }
    }

    /// What was said and done so far, as the language model would be told it: the user's words, of the agent's what was heard,
    /// rounds of tools, and what older turns were summed up to. Empty when the session is over.
    pub fn history(&self) -> Arc<[Message]> {
        self.shared.history.borrow().clone()
    }

    /// What there is to keep of the session, so that it can go on elsewhere ([`SessionOptions::continues`]); each change wakes
    /// the receiver, and those that it is too slow for are left out. `None` until the session has begun, and always unless
    /// [`SessionOptions::snapshots`] asks for it. The last one outlives the session, to be kept or forgotten by who follows it:
    /// what [ended](SessionStatus::goodbye) with `Drain`, or broke down, may go on.
    ///
    /// [`SessionOptions::continues`]: super::SessionOptions::continues
    /// [`SessionOptions::snapshots`]: super::SessionOptions::snapshots
    pub fn snapshots(&self) -> watch::Receiver<Option<Arc<Snapshot>>> {
        self.shared.snapshot.clone()
    }

    /// The host's own exception behind a failure that `event` tells of: the newest of its stage and message, or of its call of
    /// a tool, among the last 32 that had one.
    pub fn cause_of(&self, event: &Event) -> Option<Token> {
        match event {
            Event::Failed { stage, message, .. } => self.shared.causes.of(*stage, message),
            Event::Tool { id, status: ToolStatus::Failed, .. } => self.shared.causes.of(Stage::Tool, id),
            _ => None,
        }
    }

    /// Resolves when no turn and no reply is under way that time alone brings to its end, or the session is over.
    pub async fn at_rest(&self) {
        let mut status = self.shared.status.clone();
        // As in `closed`.
        let _ = status.wait_for(|status| !status.busy || status.closed).await;
    }

    /// Resolves when the session is over and all its work has ended.
    pub async fn closed(&self) {
        let mut status = self.shared.status.clone();
        // An error means that the session's task is gone, which is as closed as it gets.
        let _ = status.wait_for(|status| status.closed).await;
    }
}

fn over() -> Error {
    Error::new(ErrorKind::Unavailable, Stage::Session, "the session is over")
}
