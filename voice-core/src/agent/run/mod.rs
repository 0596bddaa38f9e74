//! The loop: facts go into the conversation, commands come out and are carried out. One task a session.
//!
//! What the facts are made of stands beside it: [`hearing`], [`calls`], [`client`].

mod calls;
mod client;
mod flow;
mod hearing;

use super::causes::Causes;
use super::clock::Clock;
use super::ears::Ears;
use super::estimate::TurnEstimator;
use super::hands::{Hands, Outcome};
use super::microphone::Microphone;
use super::mind::{Mind, Thought};
use super::mouth::{Mouth, Utterance};
use super::outbox::Outbox;
use super::recognizer::Recognizer;
use super::scribe::Scribe;
use super::session::{ClientFormat, Control, Ends, SessionStatus};
use super::{Parts, SessionOptions};
use crate::cancel::{CancelToken, TaskScope};
use crate::conversation::{CloseReason, Command, Conversation, Event, Input, Prompt, Snapshot, UserPhase};
use crate::error::{Error, Result};
use crate::id::{ReplyId, SessionId, SummaryId, TurnId};
use crate::message::Message;
use crate::recording::Recorder;
use crate::stage::{CallContext, FinalizeId, SttEvent};
use crate::time::SessionTime;
use bytes::Bytes;
use flow::Flow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

/// How long the session waits for the tasks of its providers when it ends.
const JOIN_DEADLINE: Duration = Duration::from_secs(5);
/// A session with nothing to wait for looks up this often; it has no work to do then.
const LONG: Duration = Duration::from_secs(3_600);

pub(super) struct Runner {
    id: SessionId,
    parts: Arc<Parts>,
    clock: Clock,
    conversation: Conversation,
    recorder: Option<Recorder>,
    ears: Ears,
    recognizer: Option<Recognizer>,
    estimator: Option<TurnEstimator>,
    mind: Mind,
    hands: Hands,
    mouth: Mouth,
    scribe: Scribe,
    format: ClientFormat,
    tasks: TaskScope,
    cancel: CancelToken,
    microphone: Microphone,
    control: mpsc::Receiver<Control>,
    outbox: Arc<Outbox>,
    events: broadcast::Sender<Event>,
    status: watch::Sender<SessionStatus>,
    history: watch::Sender<Arc<[Message]>>,
    history_changed: bool,
    continues: Option<Arc<Snapshot>>,
    snapshots_wanted: bool,
    snapshot: watch::Sender<Option<Arc<Snapshot>>>,
    /// What of the conversation the newest snapshot shows.
    shown_revision: Option<u64>,
    busy: bool,
    causes: Arc<Causes>,
    flow: Flow,
}

/// What woke the session.
enum Wake {
    Cancelled,
    Control(Option<Control>),
    Audio(Option<Bytes>),
    Stt(Result<SttEvent>),
    Tool(Outcome),
    Thought(ReplyId, Thought),
    Utterance(ReplyId, Utterance),
    Estimate(TurnId, f32),
    Summary(SummaryId, Result<String>),
    Time,
}

impl Runner {
    pub(super) fn new(id: SessionId, parts: Arc<Parts>, options: SessionOptions, ends: Ends) -> Result<Self> {
        let Ends { audio, control, outbox, events, status, history, snapshot, causes, cancel } = ends;
        let mut settings = parts.config.conversation.clone();
        settings.text_only |= parts.tts.is_none();
        settings.standby_line = parts.standby_line.is_some();
        let mut recorder = options.recording.map(|recording| Recorder::begin(&recording, &settings, &parts.specs));
        let mut conversation = Conversation::new(settings).with_tools(parts.specs.clone());
        let known = Input::SetContext {
            instructions: Some(options.instructions.or_else(|| parts.config.instructions.clone())),
            context: Some(options.context.or_else(|| parts.config.context.clone())),
        };
        tell(&mut conversation, &mut recorder, SessionTime::ZERO, known);
        status.send_modify(|status| know(status, &conversation));
        if let Some(summary) = options.remembers {
            tell(&mut conversation, &mut recorder, SessionTime::ZERO, Input::Remember(summary));
        }
        let ears = Ears::new(&parts, options.format)?;
        let mut mouth = Mouth::default();
        mouth.meet_listener(&parts, options.format, SessionTime::ZERO)?;
        let tasks = TaskScope::new(cancel.child());
        let cx =
            CallContext { session: id.clone(), turn: TurnId::default(), cancel: cancel.child(), tasks: tasks.clone() };
        let recognizer = parts.stt.clone().map(|provider| Recognizer::new(provider, cx));
        Ok(Self {
            estimator: parts.turn_detector.clone().map(TurnEstimator::new),
            id,
            parts,
            clock: Clock::start(),
            conversation,
            recorder,
            ears,
            recognizer,
            mind: Mind::default(),
            hands: Hands::default(),
            mouth,
            scribe: Scribe::default(),
            format: options.format,
            tasks,
            cancel,
            microphone: Microphone::new(audio),
            control,
            outbox,
            events,
            status,
            history,
            history_changed: false,
            continues: options.continues,
            snapshots_wanted: options.snapshots,
            snapshot,
            shown_revision: None,
            busy: false,
            causes,
            flow: Flow::default(),
        })
    }

    pub(super) async fn run(mut self) {
        self.clock = Clock::start();
        self.begin();
        self.admit_lack_of_canceller();
        let mut sleep = pin!(sleep_until(self.clock.instant(self.clock.now() + LONG)));
        let mut cancelled = pin!(self.cancel.cancelled());
        while !self.conversation.is_closed() {
            let (wake, transport_keeps_up) = self.keep_up();
            let deadline = self.clock.instant(wake);
            if self.conversation.is_closed() {
                break;
            }
            if sleep.deadline() != deadline {
                sleep.as_mut().reset(deadline);
            }
            let wake = self.wake(cancelled.as_mut(), sleep.as_mut(), transport_keeps_up).await;
            self.wake_up(wake);
        }
        self.shut_down().await;
    }

    fn begin(&mut self) {
        let output_rate = self.format.output_rate;
        self.history_changed = true;
        let beginning = match self.continues.take() {
            Some(snapshot) => Input::Continue { output_rate, snapshot: Box::new(Arc::unwrap_or_clone(snapshot)) },
            None => Input::Start { output_rate },
        };
        self.learn(beginning);
        self.status.send_modify(|status| know(status, &self.conversation));
    }

    /// Waits for the next thing to happen. Order matters: what stops the agent comes before what makes it go on.
    async fn wake(
        &mut self,
        cancelled: Pin<&mut WaitForCancellationFutureOwned>,
        sleep: Pin<&mut Sleep>,
        transport_keeps_up: bool,
    ) -> Wake {
        let open_turn = self.conversation.open_turn();
        let (listens, awaits) = (self.ears.may_read(self.clock.now()), self.ears.is_waiting());
        let longest = self.ears.longest_piece();
        let writes = self.mind.is_active() && !self.mouth.is_behind();
        tokio::select! {
            biased;
            () = cancelled => Wake::Cancelled,
            control = self.control.recv() => Wake::Control(control),
            event = async { match &mut self.recognizer {
                Some(recognizer) => recognizer.next(open_turn).await,
                None => std::future::pending().await,
            } } => Wake::Stt(event),
            () = self.ears.answered(), if awaits => Wake::Time,
            pcm = self.microphone.next(longest), if listens => Wake::Audio(pcm),
            outcome = self.hands.next() => Wake::Tool(outcome),
            (reply, thought) = self.mind.next(), if writes => Wake::Thought(reply, thought),
            (reply, utterance) = self.mouth.next() => Wake::Utterance(reply, utterance),
            (turn, estimate) = async { match &mut self.estimator {
                Some(estimator) => estimator.next().await,
                None => std::future::pending().await,
            } } => Wake::Estimate(turn, estimate),
            (id, summary) = self.scribe.next() => Wake::Summary(id, summary),
            () = self.outbox.audio_taken(), if !transport_keeps_up => Wake::Time,
            () = sleep => Wake::Time,
        }
    }

    fn wake_up(&mut self, wake: Wake) {
        match wake {
            Wake::Cancelled | Wake::Control(None) => self.learn(Input::Close(CloseReason::End)),
            Wake::Control(Some(control)) => self.control(control),
            Wake::Audio(Some(pcm)) => self.hear(&pcm),
            // Every handle is gone; the token says so as well.
            Wake::Audio(None) => self.learn(Input::Close(CloseReason::End)),
            Wake::Stt(event) => self.recognized(event),
            Wake::Tool(Outcome { reply, id, result }) => self.tool_ended(reply, id, result),
            Wake::Thought(reply, thought) => self.thought(reply, thought),
            Wake::Utterance(reply, utterance) => self.uttered(reply, utterance),
            Wake::Estimate(turn, probability) => self.learn(Input::TurnEstimate { turn, probability }),
            Wake::Summary(id, summary) => self.summed_up(id, summary),
            Wake::Time => {}
        }
    }

    /// Does what time asks for; tells when it asks again, and whether the transport takes what it is given.
    fn keep_up(&mut self) -> (SessionTime, bool) {
        let now = self.clock.now();
        if self.conversation.next_timeout().is_some_and(|at| at <= now) {
            self.learn(Input::Timeout);
        }
        if self.ears.is_starved(now, self.conversation.user_phase() != UserPhase::Silent) {
            self.parts.tallies.stall();
            self.ears.insert_silence(now);
            self.heard();
        }
        let transport_keeps_up = self.play(now);
        // A transport that is behind wakes the session when it takes audio; time alone changes nothing then.
        let playout = self.mouth.next_wake(now).filter(|_| transport_keeps_up);
        let user_active = self.conversation.user_phase() != UserPhase::Silent;
        let wakes = [self.conversation.next_timeout(), playout, self.ears.next_wake(now, user_active)];
        (wakes.into_iter().flatten().min().unwrap_or(now + LONG), transport_keeps_up)
    }

    /// Hands audio to the transport, as far as the listener and the transport keep up; tells whether the latter does.
    fn play(&mut self, now: SessionTime) -> bool {
        let most = (u64::from(self.format.output_rate) * 2 * self.parts.config.playout_ahead_ms / 1_000) as usize;
        while self.outbox.audio_bytes() <= most
            && let Some((reply, samples, pcm)) = self.mouth.release(now)
        {
            if self.mouth.was_late() {
                self.parts.tallies.late_piece();
            }
            // The fact comes first: it may bring the text that must precede the audio.
            self.learn(Input::Sent { reply, samples });
            self.outbox.audio(reply.turn, pcm);
        }
        if let Some(reply) = self.mouth.take_done(now) {
            self.learn(Input::PlaybackDone { reply });
        }
        self.outbox.audio_bytes() <= most
    }

    /// Tells the conversation a fact and carries out what it wants done.
    fn learn(&mut self, input: Input) {
        let now = self.clock.now();
        if let Some((turn, samples, reported)) = self.mouth.position(now) {
            tell(&mut self.conversation, &mut self.recorder, now, Input::Played { turn, samples, reported });
        }
        self.flow.told(&self.id, now, &input, self.conversation.live_reply());
        if let Input::Close(_) = input {
            // The end erases what is known; whoever goes on begins with this.
            self.show_snapshot();
        }
        tell(&mut self.conversation, &mut self.recorder, now, input);
        while let Some(command) = self.conversation.poll() {
            self.flow.asked(&self.id, now, &command);
            if let Some(recorder) = &mut self.recorder {
                recorder.command(&command);
            }
            self.obey(command, now);
        }
        if std::mem::take(&mut self.history_changed) {
            self.history.send_replace(self.conversation.messages().into());
        }
        self.show();
    }

    fn failed(&mut self, reply: Option<ReplyId>, error: Error) {
        self.causes.keep(&error);
        self.learn(Input::Failed {
            reply,
            stage: error.stage(),
            kind: error.kind().clone(),
            message: error.message().to_owned(),
        });
    }

    fn obey(&mut self, command: Command, now: SessionTime) {
        match command {
            Command::FinalizeStt { turn, attempt } => {
                if let Some(recognizer) = &mut self.recognizer {
                    recognizer.finalize(FinalizeId { turn, attempt });
                }
                if let Some(estimator) = &mut self.estimator {
                    estimator.ask(turn);
                }
            }
            Command::StartReply { reply, prompt } => self.start_reply(reply, prompt, now),
            Command::ContinueReply { reply } => self.think(reply, Prompt::Model, self.cancel.child()),
            Command::RunTool { reply, id, name, arguments } => self.run_tool(reply, id, &name, arguments),
            Command::CancelTool { id, .. } => self.hands.cancel(&id),
            Command::CancelReply { .. } => self.mind.stop(),
            Command::Speak { reply, sentence, text } => self.mouth.speak(reply, sentence, text),
            Command::PlayStandbyLine { reply } => self.play_standby_line(reply, now),
            Command::FlushSpeech { reply } => self.mouth.flush_text(reply),
            Command::EndSpeech { reply } => self.mouth.end_text(reply),
            Command::CancelSpeech { reply } => self.mouth.cancel_synthesis(reply),
            Command::PausePlayback { reply } => self.mouth.hold(reply, now),
            Command::ResumePlayback { reply } => self.mouth.resume(reply, now),
            Command::FlushPlayback { reply } => self.mouth.flush(reply, now),
            Command::Summarise { id, messages, most_tokens } => self.sum_up(id, &messages, most_tokens),
            Command::CancelSummary { .. } => self.scribe.stop(),
            Command::CommitUser { .. } | Command::CommitAgent { .. } | Command::CommitTools { .. } => {
                self.history_changed = true;
            }
            Command::Shutdown => {}
            Command::Emit(event) => self.emit(event),
        }
    }

    /// Stops everything and waits for it.
    async fn shut_down(mut self) {
        if let Some(recorder) = self.recorder.take() {
            recorder.end();
        }
        // The last word was said: the client need not wait for what is still to end here.
        self.outbox.close();
        self.mind.stop();
        self.scribe.stop();
        self.mouth.stop();
        if let Some(recognizer) = &mut self.recognizer {
            recognizer.stop();
        }
        self.recognizer = None;
        // What cannot be taken back may come to its end.
        self.hands.finish(JOIN_DEADLINE).await;
        self.cancel.cancel();
        if let Some(estimator) = self.estimator.take() {
            estimator.join().await;
        }
        if tokio::time::timeout(JOIN_DEADLINE, self.tasks.close()).await.is_err() {
            tracing::warn!(session = %self.id, tasks = self.tasks.len(), "a provider's task did not end in time");
        }
        self.history.send_replace(Arc::from([]));
        self.causes.forget();
        self.status.send_modify(|status| status.closed = true);
    }
}

fn tell(conversation: &mut Conversation, recorder: &mut Option<Recorder>, now: SessionTime, input: Input) {
    if let Some(recorder) = recorder {
        recorder.input(now, &input);
    }
    conversation.handle(now, input);
}

/// Keeps for observers what the next prompt holds.
fn know(status: &mut SessionStatus, conversation: &Conversation) {
    status.instructions = conversation.instructions().map(Into::into);
    status.context = conversation.context().map(Into::into);
}
