//! The machine itself: one door for facts, one queue of commands, one table of deadlines.

use super::command::{Command, Prompt};
use super::config::ConversationConfig;
use super::endpointing::Pauses;
use super::event::{AgentState, Event};
use super::history::History;
use super::input::Input;
use super::marks::Marks;
use super::memory::Summing;
use super::phase::{AgentPhase, UserPhase};
use super::speculation::Credit;
use super::timers::{Timer, Timers};
use super::tools::OpenRound;
use super::turn::{Cut, Question, Reply, UserTurn};
use crate::id::{ReplyId, TurnId};
use crate::message::Message;
use crate::time::SessionTime;
use crate::tool::ToolSpec;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Rate of the reply's samples, in Hz, until the first client has said its own.
const DEFAULT_OUTPUT_RATE: u32 = 16_000;

/// One conversation. It is driven by facts and time alone:
///
/// 1. [`handle`](Self::handle) a fact, with the time at which it became known;
/// 2. carry out what [`poll`](Self::poll) gives, in order, until it gives nothing;
/// 3. at [`next_timeout`](Self::next_timeout), or when the next fact arrives, begin again; a deadline is told by
///    [`Input::Timeout`].
#[derive(Debug, Clone)]
pub struct Conversation {
    pub(super) config: ConversationConfig,
    pub(super) now: SessionTime,
    pub(super) user: UserPhase,
    pub(super) agent: AgentPhase,
    pub(super) turn: Option<UserTurn>,
    pub(super) reply: Option<Reply>,
    pub(super) cut: Option<Cut>,
    /// Calls to tools that have no result yet; they may outlive their reply.
    pub(super) round: Option<OpenRound>,
    pub(super) questions: VecDeque<Question>,
    /// The answer to a question in the history, of which the user has got nothing: it is to be begun again.
    pub(super) owed: Option<ReplyId>,
    /// What the application wants said, and whether it is protected.
    pub(super) speeches: VecDeque<(String, bool)>,
    pub(super) timers: Timers,
    /// How this speaker pauses.
    pub(super) pauses: Pauses,
    pub(super) credit: Credit,
    pub(super) history: History,
    /// The summary of older turns that is being written.
    pub(super) summing: Summing,
    /// The recogniser at work.
    pub(super) recogniser: Option<Arc<str>>,
    pub(super) instructions: Option<String>,
    pub(super) context: Option<String>,
    /// Rate of the reply's samples, in Hz.
    pub(super) output_rate: u32,
    pub(super) closed: bool,
    pub(super) tools: Arc<[ToolSpec]>,
    pub(super) renamed_calls: u32,
    pub(super) commands: VecDeque<Command>,
    pub(super) newest_turn: TurnId,
    /// How often the snapshot has changed.
    revision: u64,
    state: AgentState,
}

impl Conversation {
    /// A conversation that has not begun.
    pub fn new(config: ConversationConfig) -> Self {
        Self {
            history: History::new(config.memory.max_tokens),
            summing: Summing::default(),
            config,
            now: SessionTime::ZERO,
            user: UserPhase::Silent,
            agent: AgentPhase::Idle,
            turn: None,
            reply: None,
            cut: None,
            round: None,
            questions: VecDeque::new(),
            owed: None,
            speeches: VecDeque::new(),
            timers: Timers::default(),
            pauses: Pauses::default(),
            credit: Credit::default(),
            recogniser: None,
            instructions: None,
            context: None,
            output_rate: DEFAULT_OUTPUT_RATE,
            closed: false,
            tools: Arc::default(),
            renamed_calls: 0,
            newest_turn: TurnId(0),
            revision: 0,
            state: AgentState::Listening,
            commands: VecDeque::new(),
        }
    }

    /// Learns a fact. Time never goes back: an earlier `now` counts as the latest one seen.
    pub fn handle(&mut self, now: SessionTime, input: Input) {
        self.now = self.now.max(now);
        if self.closed {
            return;
        }
        match input {
            Input::Start { output_rate } => self.start(output_rate),
            Input::Continue { output_rate, snapshot } => self.continue_from(*snapshot, output_rate),
            Input::Remember(summary) => self.recall(summary),
            Input::SpeechStarted { at } => self.speech_started(at),
            Input::SpeechPaused { .. } => self.speech_paused(),
            Input::SpeechResumed { .. } => self.speech_resumed(),
            Input::SpeechEnded { at, silence } => self.speech_ended(at, silence),
            Input::TurnEstimate { turn, probability } => self.turn_estimate(turn, probability),
            Input::PartialTranscript { turn, text } => self.partial_transcript(turn, text),
            Input::FinalTranscript { turn, attempt, text, unclear } => {
                self.final_transcript(turn, attempt, text, unclear);
            }
            Input::UserText(text) => self.user_text(text),
            Input::ModelAlive { reply } => self.model_alive(reply),
            Input::FirstToken { reply } => self.first_token(reply),
            Input::Reply { reply, text, speech } => self.reply_sentence(reply, text, speech),
            Input::ToolCalls { reply, calls } => self.tool_calls(reply, calls),
            Input::ToolResult { reply, id, result } => self.tool_result(reply, &id, result),
            Input::ReplyEnded { reply } => self.reply_ended(reply),
            Input::Synthesized { reply, sentence, samples } => self.synthesized(reply, sentence, samples),
            Input::Words { reply, sentence, words } => self.words_timed(reply, sentence, words),
            Input::SentenceSynthesized { reply, sentence } => self.sentence_synthesized(reply, sentence),
            Input::Sent { reply, samples } => self.sent(reply, samples),
            Input::Played { turn, samples, reported } => self.played(turn, samples, reported),
            Input::PlaybackDone { reply } => self.playback_done(reply),
            Input::Failed { reply, stage, kind, message } => self.failed(reply, stage, kind, message),
            Input::Served { reply, stage, provider } => self.served(reply, stage, provider),
            Input::FailedOver { reply, stage, provider, kind, message } => {
                self.failed_over(reply, stage, provider, kind, message);
            }
            Input::Summarised { id, summary } => self.summarised(id, summary),
            Input::Say(text) => self.say(text, false),
            Input::Announce(text) => self.say(text, true),
            Input::Interrupt => self.interrupt(),
            Input::SetContext { instructions, context } => self.set_context(instructions, context),
            Input::Detached => self.detached(),
            Input::Attached { output_rate } => self.attached(output_rate),
            Input::Close(reason) => self.close(reason),
            Input::Timeout => self.timeouts(),
        }
        self.take_the_floor();
        self.sum_up_older_turns();
        self.tell_state();
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When [`Input::Timeout`] is due.
    pub fn next_timeout(&self) -> Option<SessionTime> {
        self.timers.next()
    }

    /// Where the user's turn stands.
    pub fn user_phase(&self) -> UserPhase {
        self.user
    }

    /// Where the reply stands.
    pub fn agent_phase(&self) -> AgentPhase {
        self.agent
    }

    /// What the agent is doing, as a listener would say it.
    pub fn state(&self) -> AgentState {
        self.state
    }

    /// The spoken turn that is open; microphone audio belongs to it.
    pub fn open_turn(&self) -> Option<TurnId> {
        self.turn.as_ref().map(|turn| turn.id)
    }

    /// The reply that is alive, be it held until the turn ends.
    pub fn live_reply(&self) -> Option<ReplyId> {
        self.reply.as_ref().map(|reply| reply.id)
    }

    /// The newest turn that was begun.
    pub fn newest_turn(&self) -> TurnId {
        self.newest_turn
    }

    /// What was said and heard so far, in order, as far as it is remembered: after a summary of what was before, if there is
    /// one.
    pub fn history(&self) -> impl ExactSizeIterator<Item = &Message> {
        self.history.messages()
    }

    /// How the agent is to behave, for the next prompt.
    pub fn instructions(&self) -> Option<&str> {
        self.instructions.as_deref()
    }

    /// What the agent is to know, for the next prompt.
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// Whether the conversation is over.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn timeouts(&mut self) {
        while let Some(timer) = self.timers.take_due(self.now) {
            match timer {
                Timer::Settle => self.turn_settled(),
                Timer::Transcript => self.transcript_overdue(),
                Timer::Interruption => self.judge(),
                Timer::FalseAlarm => self.resume(),
                Timer::HeardReport => self.settle_cut(),
                Timer::Reply => self.reply_overdue(),
                Timer::Speech => self.speech_overdue(),
                Timer::Tools => self.tools_overdue(),
                Timer::Filler => self.filler_due(),
                Timer::Detached => self.close(super::CloseReason::Idle),
                Timer::Speculation => self.give_up_speculating(),
                Timer::Summary => self.summary_overdue(),
            }
        }
    }

    /// Gives the floor to what waits for it: first the user's questions, then what the application wants said.
    fn take_the_floor(&mut self) {
        if self.closed || !self.is_idle() || self.is_detached() {
            return;
        }
        if let Some(newest) = self.questions.back().map(|question| question.turn) {
            // Its question stands in the history and is answered with the others.
            self.owed = None;
            let alone = self.questions.len() == 1;
            while let Some(question) = self.questions.pop_front() {
                self.remember(question.turn, Message::User(question.text.clone()));
                if question.turn == newest {
                    self.answer(question, alone);
                }
            }
        } else if self.user == UserPhase::Silent
            && let Some(reply) = self.owed.take()
        {
            self.start_reply(reply, Prompt::Model, Marks { words: Some(self.now), ..Marks::default() });
            if self.has_acted() {
                self.protect();
            }
        } else if self.user == UserPhase::Silent
            && let Some((text, protected)) = self.speeches.pop_front()
        {
            let turn = self.new_turn();
            self.start_reply(turn.into(), Prompt::Text(text), Marks::default());
            if protected {
                self.protect();
            }
        }
    }

    /// Whether nothing of an earlier reply is alive or has to enter the history. What is prepared for a turn that has not
    /// ended is nothing yet.
    pub(super) fn is_idle(&self) -> bool {
        let prepared = self.agent == AgentPhase::Speculating;
        self.cut.is_none() && (prepared || self.reply.is_none() && self.round.is_none())
    }

    pub(super) fn new_turn(&mut self) -> TurnId {
        self.newest_turn = self.newest_turn.next();
        self.newest_turn
    }

    /// Counts the changes of what [`snapshot`](Self::snapshot) gives, but for the listener's position within a sentence.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn revised(&mut self) {
        self.revision += 1;
    }

    /// Whether a turn or a reply is under way that time alone will bring to its end.
    pub fn is_busy(&self) -> bool {
        let waiting = !self.questions.is_empty() || !self.speeches.is_empty() || self.owed.is_some();
        let open = self.user != UserPhase::Silent || self.agent != AgentPhase::Idle || !self.is_idle();
        !self.closed && (open || waiting && !self.is_detached())
    }

    /// Whether the client is away and may come back.
    pub(super) fn is_detached(&self) -> bool {
        self.timers.is_set(Timer::Detached)
    }

    pub(super) fn command(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.commands.push_back(Command::Emit(event));
    }

    pub(super) fn after(&mut self, timer: Timer, milliseconds: u64) {
        self.timers.set(timer, self.now + Duration::from_millis(milliseconds));
    }

    fn tell_state(&mut self) {
        let state = match self.agent {
            AgentPhase::Speaking => AgentState::Speaking,
            AgentPhase::Held if self.reply.as_ref().is_some_and(|reply| reply.marks.sent.is_some()) => {
                AgentState::Speaking
            }
            AgentPhase::Thinking | AgentPhase::Held => AgentState::Thinking,
            AgentPhase::Idle | AgentPhase::Speculating
                if !self.questions.is_empty() || self.user == UserPhase::AwaitingTranscript =>
            {
                AgentState::Thinking
            }
            AgentPhase::Idle | AgentPhase::Speculating => AgentState::Listening,
        };
        if state != self.state && !self.closed {
            self.state = state;
            self.emit(Event::State(state));
        }
    }
}
