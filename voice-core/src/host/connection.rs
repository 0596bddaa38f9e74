//! A session seen from its client: frames and audio out, frames and audio in.

use crate::agent::{Agent, ClientFormat, Control, Output, Session, SessionOptions};
use crate::conversation::{CloseReason, Event};
use crate::error::{Error, ErrorKind, Result, Token};
use crate::id::TurnId;
use crate::protocol::{ClientFrame, ErrorCode, Providers, Rejection, ServerCodec, ServerFrame, Start, WireMessage};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// Answers to frames without sense that may wait for the client. While it does not take them, nothing more is read from it.
const ANSWERS: usize = 8;

/// Something for the client.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Delivery {
    /// A frame.
    Frame {
        /// The frame, never of audio.
        frame: ServerFrame,
        /// The host's own exception behind an error it tells of.
        cause: Option<Token>,
    },
    /// Audio of a reply: mono PCM16 little-endian at the output rate.
    Audio {
        /// The turn it belongs to.
        turn: TurnId,
        /// The samples; always whole ones.
        pcm: Bytes,
    },
}

impl Delivery {
    /// The message of a WebSocket that carries it.
    pub fn into_message(self) -> WireMessage {
        match self {
            Self::Frame { frame, .. } => frame.encode(),
            Self::Audio { pcm, .. } => WireMessage::Binary(pcm),
        }
    }
}

/// Why something of the client's was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotTaken {
    /// The session is over.
    #[error("the session is over")]
    Over,
    /// The client broke a rule that ends its connection: the close code.
    #[error("the client broke a rule: close code {0}")]
    Close(u16),
}

/// The client's side of a session. [`next`](Self::next) gives everything it is told, `ready` first; `take…` takes what it sends.
///
/// Nothing here makes the session wait. A client that does not read holds back the audio of its own replies, no more of which
/// is handed over than it may be ahead; when 2,048 events wait, they are dropped and the session ends: what is left to read
/// is what that end tells, `bye` with the reason `limit` as the last.
#[derive(Debug)]
pub struct Connection {
    session: Session,
    codec: Mutex<ServerCodec>,
    /// What goes out before anything of the session's.
    first: Mutex<VecDeque<ServerFrame>>,
    answers: mpsc::Sender<ServerFrame>,
    answered: tokio::sync::Mutex<mpsc::Receiver<ServerFrame>>,
    goodbye: Mutex<Option<CloseReason>>,
    /// The client was told that the session broke down.
    broken: AtomicBool,
}

impl Connection {
    /// A connection to `session` for a client that is told `resume` as the token to come back with, empty where it cannot, and
    /// `remarks` after `ready`. `codec` has read what the client has sent so far.
    pub fn new(
        session: Session,
        format: ClientFormat,
        codec: ServerCodec,
        resume: String,
        remarks: impl IntoIterator<Item = ServerFrame>,
    ) -> Self {
        let mut first = VecDeque::from([ready(&session, format, resume)]);
        first.extend(remarks);
        let (answers, answered) = mpsc::channel(ANSWERS);
        Self {
            session,
            codec: Mutex::new(codec),
            first: Mutex::new(first),
            answers,
            answered: tokio::sync::Mutex::new(answered),
            goodbye: Mutex::new(None),
            broken: AtomicBool::new(false),
        }
    }

    /// Opens a session of `agent` for this program itself.
    ///
    /// # Errors
    /// As [`Agent::open`].
    pub fn open(agent: &Agent, options: SessionOptions) -> Result<Self> {
        let format = options.format;
        let codec = ServerCodec::begun(format.can_pause);
        Ok(Self::new(agent.open(options)?, format, codec, String::new(), []))
    }

    /// Opens a session of `agent` for a client on a WebSocket, whose first message this is, or `None` when none came for
    /// 250 ms. What the client asks for in a `start` counts more than `options`.
    ///
    /// # Errors
    /// As [`Agent::open`].
    pub async fn accept(agent: &Agent, options: SessionOptions, first: Option<WireMessage>) -> Result<Self> {
        let mut codec = ServerCodec::new();
        let frame = first.map(|message| read(&mut codec, message));
        codec.begin();
        let (options, frame) = match frame {
            Some(Ok(ClientFrame::Start(start))) => (asked(start, options), None),
            frame => (options, frame),
        };
        let format = options.format;
        let this = Self::new(agent.open(options)?, format, codec, String::new(), []);
        if let Some(frame) = frame {
            this.take(frame)
                .await
                .map_err(|refused| Error::new(ErrorKind::InvalidInput, crate::Stage::Session, refused.to_string()))?;
        }
        Ok(this)
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Why the session ended, once its `bye` was given.
    pub fn goodbye(&self) -> Option<CloseReason> {
        *lock(&self.goodbye)
    }

    /// The next thing for the client; `None` when the session is over and everything was given. For one reader at a time;
    /// cancel-safe.
    pub async fn next(&self) -> Option<Delivery> {
        if let Some(frame) = lock(&self.first).pop_front() {
            return Some(Delivery::Frame { frame, cause: None });
        }
        let mut answered = self.answered.lock().await;
        loop {
            let output = tokio::select! {
                biased;
                Some(frame) = answered.recv() => return Some(Delivery::Frame { frame, cause: None }),
                output = self.session.next_output() => match output {
                    Some(output) => output,
                    None => return self.last_word(),
                },
            };
            if let Some(delivery) = self.delivery(output) {
                return Some(delivery);
            }
        }
    }

    /// Whether the session came to its end by a fault of its own, which the client was told by an error that is fatal.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    fn last_word(&self) -> Option<Delivery> {
        let breaks = self.session.status().broken && !self.broken.swap(true, Ordering::Relaxed);
        let frame = ServerFrame::Error {
            code: ErrorCode::Provider,
            message: "the session broke down".to_owned(),
            fatal: true,
            stage: Some(crate::Stage::Session.as_str().into()),
            kind: Some(ErrorKind::Internal.as_str().into()),
            provider: None,
        };
        breaks.then_some(Delivery::Frame { frame, cause: None })
    }

    fn delivery(&self, output: Output) -> Option<Delivery> {
        let event = match output {
            Output::Audio { turn, pcm } => return Some(Delivery::Audio { turn, pcm }),
            Output::Event(event) => event,
        };
        if let Event::Bye { reason } = event {
            *lock(&self.goodbye) = Some(reason);
        }
        let cause = self.session.cause_of(&event);
        let frame = lock(&self.codec).frame_of(event)?;
        Some(Delivery::Frame { frame, cause })
    }

    /// Takes a message of the client's. What makes no sense is answered with an error frame. Waits while the session is ahead of
    /// real time, or while the client takes no answers.
    ///
    /// # Errors
    /// The session is over, or the connection has to be.
    pub async fn take_message(&self, message: WireMessage) -> Result<(), NotTaken> {
        let frame = read(&mut lock(&self.codec), message);
        self.take(frame).await
    }

    /// As [`take_message`](Self::take_message), of what a codec made of it.
    ///
    /// # Errors
    /// As `take_message`.
    pub async fn take(&self, frame: Result<ClientFrame, Rejection>) -> Result<(), NotTaken> {
        let handed = match frame {
            Ok(ClientFrame::Audio(pcm)) => self.session.send_audio(pcm).await,
            Ok(frame) => match control(frame) {
                Some(control) => self.session.control_wait(control).await,
                None => Ok(()),
            },
            Err(Rejection::Close(code)) => return Err(NotTaken::Close(code)),
            Err(rejection) => {
                if let Some(answer) = rejection.into_frame() {
                    // Cannot fail: both ends are here.
                    let _ = self.answers.send(answer).await;
                }
                Ok(())
            }
        };
        match handed {
            Err(error) if *error.kind() == ErrorKind::Unavailable => Err(NotTaken::Over),
            _ => Ok(()),
        }
    }
}

fn read(codec: &mut ServerCodec, message: WireMessage) -> Result<ClientFrame, Rejection> {
    match message {
        WireMessage::Text(text) => codec.on_text(&text),
        WireMessage::Binary(pcm) => codec.on_binary(pcm),
    }
}

fn asked(start: Start, options: SessionOptions) -> SessionOptions {
    SessionOptions {
        format: ClientFormat {
            input_rate: start.input_rate,
            output_rate: start.output_rate,
            can_pause: start.pause,
            echo_cancellation: start.echo_cancellation,
        },
        instructions: start.instructions.or(options.instructions),
        context: start.context.or(options.context),
        ..options
    }
}

fn control(frame: ClientFrame) -> Option<Control> {
    match frame {
        ClientFrame::Played { turn, samples } => Some(Control::Played { turn, samples }),
        ClientFrame::Text { text } => Some(Control::Text(text)),
        ClientFrame::Interrupt => Some(Control::Interrupt),
        ClientFrame::End => Some(Control::Close(CloseReason::End)),
        // A first `start` was taken when the session was opened; later ones never get past the codec. Audio has its own way.
        ClientFrame::Start(_) | ClientFrame::Audio(_) => None,
    }
}

/// The first frame of every session.
fn ready(session: &Session, format: ClientFormat, resume: String) -> ServerFrame {
    let providers = session.providers();
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".into());
    ServerFrame::Ready {
        session: session.id().to_string(),
        resume,
        input_rate: format.input_rate,
        output_rate: format.output_rate,
        providers: Providers { stt: name(&providers.stt), llm: name(&providers.llm), tts: name(&providers.tts) },
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
