//! The loop: facts go into the conversation, commands come out and are carried out. One task a session.

mod calls;

use super::clock::Clock;
use super::ears::{Ears, Heard};
use super::estimate::TurnEstimator;
use super::hands::{Hands, Outcome};
use super::mind::{Mind, Thought};
use super::mouth::{Mouth, Utterance, playout_config};
use super::outbox::Outbox;
use super::recognizer::Recognizer;
use super::session::{ClientFormat, Control, Ends, SessionStatus};
use super::{Parts, SessionOptions};
use crate::cancel::{CancelToken, TaskScope};
use crate::conversation::{AgentPhase, CloseReason, Command, Conversation, Event, Input, Prompt, UserPhase};
use crate::error::{Error, Result, Stage};
use crate::id::{SessionId, TurnId};
use crate::stage::{CallContext, FinalizeId, Notice, SttEvent};
use crate::time::SessionTime;
use bytes::Bytes;
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
    ears: Ears,
    recognizer: Option<Recognizer>,
    estimator: Option<TurnEstimator>,
    mind: Mind,
    hands: Hands,
    mouth: Mouth,
    format: ClientFormat,
    tasks: TaskScope,
    cancel: CancelToken,
    audio: mpsc::Receiver<Bytes>,
    control: mpsc::Receiver<Control>,
    outbox: Arc<Outbox>,
    events: broadcast::Sender<Event>,
    status: watch::Sender<SessionStatus>,
}

/// What woke the session.
enum Wake {
    Cancelled,
    Control(Option<Control>),
    Audio(Option<Bytes>),
    Stt(Result<SttEvent>),
    Tool(Outcome),
    Thought(TurnId, Thought),
    Utterance(TurnId, Utterance),
    Estimate(TurnId, f32),
    Time,
}

impl Runner {
    pub(super) fn new(id: SessionId, parts: Arc<Parts>, options: SessionOptions, ends: Ends) -> Result<Self> {
        let Ends { audio, control, outbox, events, status, cancel } = ends;
        let mut settings = parts.config.conversation.clone();
        settings.text_only |= parts.tts.is_none();
        settings.standby_line = parts.standby_line.is_some();
        let mut conversation = Conversation::new(settings).with_tools(parts.specs.clone());
        conversation.handle(
            SessionTime::ZERO,
            Input::SetContext {
                instructions: Some(options.instructions.or_else(|| parts.config.instructions.clone())),
                context: Some(options.context.or_else(|| parts.config.context.clone())),
            },
        );
        let ears = Ears::new(&parts, options.format.input_rate)?;
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
            ears,
            recognizer,
            mind: Mind::default(),
            hands: Hands::default(),
            mouth: Mouth::default(),
            format: options.format,
            tasks,
            cancel,
            audio,
            control,
            outbox,
            events,
            status,
        })
    }

    pub(super) async fn run(mut self) {
        self.clock = Clock::start();
        self.learn(Input::Start { output_rate: self.format.output_rate });
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

    /// Waits for the next thing to happen. Order matters: what stops the agent comes before what makes it go on.
    async fn wake(
        &mut self,
        cancelled: Pin<&mut WaitForCancellationFutureOwned>,
        sleep: Pin<&mut Sleep>,
        transport_keeps_up: bool,
    ) -> Wake {
        let open_turn = self.conversation.open_turn();
        let listens = self.ears.may_read(self.clock.now());
        let writes = self.mind.is_active() && !self.mouth.is_behind();
        tokio::select! {
            biased;
            () = cancelled => Wake::Cancelled,
            control = self.control.recv() => Wake::Control(control),
            event = async { match &mut self.recognizer {
                Some(recognizer) => recognizer.next(open_turn).await,
                None => std::future::pending().await,
            } } => Wake::Stt(event),
            pcm = self.audio.recv(), if listens => Wake::Audio(pcm),
            outcome = self.hands.next() => Wake::Tool(outcome),
            (turn, thought) = self.mind.next(), if writes => Wake::Thought(turn, thought),
            (turn, utterance) = self.mouth.next() => Wake::Utterance(turn, utterance),
            (turn, estimate) = async { match &mut self.estimator {
                Some(estimator) => estimator.next().await,
                None => std::future::pending().await,
            } } => Wake::Estimate(turn, estimate),
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
            Wake::Tool(Outcome { turn, id, result }) => self.learn(Input::ToolResult { turn, id, result }),
            Wake::Thought(turn, thought) => self.thought(turn, thought),
            Wake::Utterance(turn, utterance) => self.uttered(turn, utterance),
            Wake::Estimate(turn, probability) => self.learn(Input::TurnEstimate { turn, probability }),
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
            && let Some((turn, samples, pcm)) = self.mouth.release(now)
        {
            // The fact comes first: it may bring the text that must precede the audio.
            self.learn(Input::Sent { turn, samples });
            self.outbox.audio(turn, pcm);
        }
        if let Some(turn) = self.mouth.take_done(now) {
            self.learn(Input::PlaybackDone { turn });
        }
        self.outbox.audio_bytes() <= most
    }

    /// Tells the conversation a fact and carries out what it wants done.
    fn learn(&mut self, input: Input) {
        let now = self.clock.now();
        if let Some((turn, samples, reported)) = self.mouth.position(now) {
            self.conversation.handle(now, Input::Played { turn, samples, reported });
        }
        self.conversation.handle(now, input);
        while let Some(command) = self.conversation.poll() {
            self.obey(command, now);
        }
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
            Command::StartReply { turn, prompt } => self.start_reply(turn, prompt, now),
            Command::ContinueReply { turn } => self.think(turn, Prompt::Model, self.cancel.child()),
            Command::RunTool { turn, id, name, arguments } => self.run_tool(turn, id, &name, arguments),
            Command::CancelTool { id, .. } => self.hands.cancel(&id),
            Command::CancelReply { .. } => self.mind.stop(),
            Command::Speak { turn, sentence, text } => self.mouth.speak(turn, sentence, text),
            Command::PlayStandbyLine { turn } => self.play_standby_line(turn, now),
            Command::FlushSpeech { turn } => self.mouth.flush_text(turn),
            Command::EndSpeech { turn } => self.mouth.end_text(turn),
            Command::CancelSpeech { turn } => self.mouth.cancel_synthesis(turn),
            Command::PausePlayback { turn } => self.mouth.hold(turn, now),
            Command::ResumePlayback { turn } => self.mouth.resume(turn, now),
            Command::FlushPlayback { turn } => self.mouth.flush(turn, now),
            Command::CommitUser { .. }
            | Command::CommitAgent { .. }
            | Command::CommitTools { .. }
            | Command::Shutdown => {}
            Command::Emit(event) => self.emit(event),
        }
    }

    fn play_standby_line(&mut self, turn: TurnId, now: SessionTime) {
        let Some(line) = &self.parts.standby_line else { return };
        match line.at(self.format.output_rate) {
            Ok(line) => {
                let held = self.conversation.agent_phase() == AgentPhase::Held;
                let playout = playout_config(&self.parts.config, self.format);
                self.mouth.play_line(line, turn, playout, held, now);
            }
            // A rate to which nothing can be brought has no sound at all.
            Err(error) => {
                self.learn(failed(None, error));
                self.learn(Input::PlaybackDone { turn });
            }
        }
    }

    fn emit(&mut self, event: Event) {
        self.status.send_if_modified(|status| note(status, &event, self.conversation.newest_turn()));
        // No observer is a good reason for this to fail.
        let _ = self.events.send(event.clone());
        if matches!(event, Event::Pause { .. } | Event::Resume { .. }) && !self.format.can_pause {
            return;
        }
        if !self.outbox.event(event) {
            self.outbox.forget();
            self.learn(Input::Close(CloseReason::Limit));
        }
    }

    fn control(&mut self, control: Control) {
        match control {
            Control::Played { turn, samples } => {
                let now = self.clock.now();
                self.mouth.report(turn, samples, now);
                // Within what was sent, the ledger of an interrupted reply believes the listener.
                self.learn(Input::Played { turn, samples, reported: true });
            }
            Control::Text(text) => self.learn(Input::UserText(text)),
            Control::Say(text) => self.learn(Input::Say(text)),
            Control::Interrupt => self.learn(Input::Interrupt),
            Control::SetContext { instructions, context } => self.learn(Input::SetContext { instructions, context }),
            Control::Detach => {
                // What came before the client went away was said.
                while let Ok(pcm) = self.audio.try_recv() {
                    self.hear(&pcm);
                }
                self.learn(Input::Detached);
                self.ears.reset();
                self.outbox.forget();
            }
            Control::Attach(format) => self.attach(format),
            Control::Close(reason) => self.learn(Input::Close(reason)),
        }
    }

    fn attach(&mut self, format: ClientFormat) {
        self.learn(Input::Interrupt);
        self.outbox.forget();
        self.mouth.forget_listener();
        match Ears::new(&self.parts, format.input_rate) {
            Ok(ears) => self.ears = ears,
            Err(error) => self.learn(failed(None, error)),
        }
        self.format = format;
        self.learn(Input::Attached { output_rate: format.output_rate });
    }

    fn hear(&mut self, pcm: &[u8]) {
        let now = self.clock.now();
        let agent_speaking = self.conversation.agent_phase() == AgentPhase::Speaking;
        self.ears.surroundings(self.conversation.open_turn().is_some(), agent_speaking);
        match self.ears.push(pcm, now) {
            Ok(Some(overrun)) => self.learn(failed(None, overrun)),
            Ok(None) => {}
            Err(error) => self.learn(failed(None, error)),
        }
        self.heard();
    }

    /// Passes on what the ears made of the audio, one item after the other: whose audio it is depends on what the
    /// conversation made of the item before.
    fn heard(&mut self) {
        while let Some(item) = self.ears.next_item() {
            match item {
                Heard::Started { at } => self.learn(Input::SpeechStarted { at }),
                Heard::Ended { at, silence } => {
                    if let Some(estimator) = &mut self.estimator {
                        estimator.silence(silence);
                    }
                    self.learn(Input::SpeechEnded { at, silence });
                }
                Heard::Failed(error) => self.learn(failed(None, error)),
                Heard::Audio { at, pcm } => {
                    let Some(turn) = self.conversation.open_turn() else { continue };
                    if let Some(estimator) = &mut self.estimator {
                        estimator.audio(turn, &pcm);
                    }
                    let dropped = self.recognizer.as_mut().map_or(0, |recognizer| recognizer.audio(turn, at, pcm));
                    if dropped > 0 {
                        self.learn(failed(None, super::recognizer::overrun(dropped)));
                    }
                }
            }
        }
    }

    fn recognized(&mut self, event: Result<SttEvent>) {
        let served = self.recognizer.as_mut().zip(event.as_ref().ok()).and_then(|(it, event)| it.named_by(event));
        if let Some(provider) = served {
            self.learn(Input::Served { turn: None, stage: Stage::Stt, provider });
        }
        match event {
            Ok(SttEvent::Notice(notice)) => self.noticed(None, Stage::Stt, notice),
            Ok(SttEvent::Partial { turn, text }) => {
                if let Some(estimator) = &mut self.estimator {
                    estimator.transcript(turn, &text);
                }
                self.learn(Input::PartialTranscript { turn, text });
            }
            Ok(SttEvent::Final { id, text, unclear }) => {
                self.learn(Input::FinalTranscript { turn: id.turn, attempt: id.attempt, text, unclear });
            }
            Ok(SttEvent::TurnEstimate { turn, probability }) => self.learn(Input::TurnEstimate { turn, probability }),
            Err(error) => self.learn(failed(None, error)),
        }
    }

    /// A provider that stands for several tells about them.
    fn noticed(&mut self, turn: Option<TurnId>, stage: Stage, notice: Notice) {
        self.learn(match notice {
            Notice::Serving { provider } => Input::Served { turn, stage, provider },
            Notice::FailedOver { provider, kind, message } => {
                Input::FailedOver { turn, stage, provider, kind, message }
            }
        });
    }

    fn thought(&mut self, turn: TurnId, thought: Thought) {
        match thought {
            Thought::Notice(notice) => self.noticed(Some(turn), Stage::Llm, notice),
            Thought::Served(provider) => {
                self.learn(Input::Served { turn: Some(turn), stage: Stage::Llm, provider });
            }
            Thought::FirstToken => self.learn(Input::FirstToken { turn }),
            Thought::Sentence(sentence) => {
                self.learn(Input::Reply { turn, text: sentence.text, speech: sentence.speech });
            }
            Thought::Calls(calls) => self.learn(Input::ToolCalls { turn, calls }),
            Thought::Ended => self.learn(Input::ReplyEnded { turn }),
            Thought::Failed(error) => self.learn(failed(Some(turn), error)),
        }
    }

    fn uttered(&mut self, turn: TurnId, utterance: Utterance) {
        match utterance {
            Utterance::Notice(notice) => self.noticed(Some(turn), Stage::Tts, notice),
            Utterance::Audio { sentence, samples, served } => {
                if let Some(provider) = served {
                    self.learn(Input::Served { turn: Some(turn), stage: Stage::Tts, provider });
                }
                self.learn(Input::Synthesized { turn, sentence, samples });
            }
            Utterance::SentenceEnd(sentence) => self.learn(Input::SentenceSynthesized { turn, sentence }),
            Utterance::Failed(error) => self.learn(failed(Some(turn), error)),
        }
    }

    /// Stops everything and waits for it.
    async fn shut_down(mut self) {
        self.mind.stop();
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
        self.outbox.close();
        self.status.send_modify(|status| status.closed = true);
    }
}

fn failed(turn: Option<TurnId>, error: Error) -> Input {
    Input::Failed { turn, stage: error.stage(), kind: error.kind().clone(), message: error.message().to_owned() }
}

/// Keeps the status of observers; tells whether it changed.
fn note(status: &mut SessionStatus, event: &Event, newest: TurnId) -> bool {
    let turn_changed = std::mem::replace(&mut status.turn, newest) != newest;
    match event {
        Event::State(state) => status.state = *state,
        Event::Metrics(metrics) => status.metrics = Some(metrics.clone()),
        _ => return turn_changed,
    }
    true
}
