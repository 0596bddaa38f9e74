//! An answer prepared before the turn has ended: the model is asked and the first sentence spoken, and both are held.
//! The turn's end gives them, if it ends with the very words that were answered; anything else discards them unseen.

use super::command::{Command, Prompt};
use super::event::Event;
use super::interruption::Wording;
use super::machine::Conversation;
use super::marks::Marks;
use super::phase::{AgentPhase, UserPhase};
use super::timers::Timer;
use super::turn::{Question, Reply};
use crate::id::{ReplyId, SentenceId};
use crate::text::{Completeness, spoken_form};
use crate::tool::{SideEffect, ToolCall};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// When an answer is prepared before the turn has ended. It costs a call to the language model, and to the synthesiser,
/// for every one that is discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Speculation {
    /// Answers prepared in one turn; 0 prepares none.
    pub max_tries: u32,
    /// Answers that may be discarded, in percent of the turns. A session that discards more prepares answers only to
    /// final transcripts, until it is back below.
    pub discarded_percent: u32,
    /// An estimate of the turn's being over, in percent, from which an answer is prepared without any silence.
    pub eager_percent: u8,
    /// How long an answer is held, in ms, before it is discarded.
    pub held_ms: u64,
    /// Sentences synthesised before the turn has ended.
    pub sentences: usize,
}

impl Default for Speculation {
    fn default() -> Self {
        Self { max_tries: 3, discarded_percent: 40, eager_percent: 60, held_ms: 10_000, sentences: 1 }
    }
}

/// How many answers a session may still discard, in hundredths: what talk, room and recogniser make of the rule shows
/// only in what it costs. It begins with some, gains with every turn and can save up as many as it began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Credit(u32);

const ONE: u32 = 100;
const MOST: u32 = 3 * ONE;

impl Default for Credit {
    fn default() -> Self {
        Self(MOST)
    }
}

impl Credit {
    pub(super) fn turn_ended(&mut self, percent: u32) {
        self.0 = self.0.saturating_add(percent).min(MOST);
    }

    fn discarded(&mut self) {
        self.0 = self.0.saturating_sub(ONE);
    }

    fn suffices(self) -> bool {
        self.0 >= ONE
    }
}

/// What is held of an answer until the turn ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// The words that are answered, as the model got them.
    pub(super) words: String,
    /// Sentences that wait for the turn's end to be synthesised.
    waiting: VecDeque<(SentenceId, String)>,
    /// Sentences given to the synthesiser.
    spoken: usize,
    /// Calls to tools that may only be made once the turn has ended.
    calls: Option<Vec<ToolCall>>,
    /// What the client would have been told.
    untold: Vec<Event>,
    /// There is nothing left to play.
    played_out: bool,
}

impl Conversation {
    /// Prepares an answer to the words so far, if the user has probably finished; one to other words is discarded.
    pub(super) fn speculate(&mut self) {
        if !self.holds_answer_to_words() {
            self.discard_speculation();
        }
        if !self.may_speculate() {
            return;
        }
        let now = self.now;
        let Some(turn) = &mut self.turn else { return };
        let id = turn.next_reply();
        let words = turn.words.clone();
        let marks = Marks { request: Some(now), ..Marks::default() };
        let mut reply = Reply::new(id, marks, self.output_rate, self.config.text_only);
        reply.held = Some(Held { words, ..Held::default() });
        reply.asked = true;
        self.reply = Some(reply);
        self.agent = AgentPhase::Speculating;
        self.command(Command::StartReply { reply: id, prompt: Prompt::Model });
        self.command(Command::PausePlayback { reply: id });
        self.after(Timer::Reply, self.config.llm_timeout_ms);
        self.after(Timer::Speculation, self.config.speculation.held_ms);
    }

    fn may_speculate(&self) -> bool {
        let Some(turn) = &self.turn else { return false };
        let rule = self.config.speculation;
        let free = self.agent == AgentPhase::Idle && self.is_idle() && self.questions.is_empty() && !self.is_detached();
        let words = turn.words.trim();
        // Said over a reply that has ended since, it may be nothing to answer.
        let remark = turn.over_reply && self.config.interruption.wording(words) == Wording::BackChannel;
        let affordable = turn.answer.is_some() || self.credit.suffices();
        let used_up = turn.hopeless || turn.attempts >= rule.max_tries;
        if !free || remark || !affordable || words.is_empty() || used_up {
            return false;
        }
        let eager = turn.estimate.is_some_and(|estimate| estimate * 100.0 >= f32::from(rule.eager_percent));
        let probably_over = match self.user {
            UserPhase::Silent => false,
            UserPhase::Speaking => turn.paused || eager,
            UserPhase::Settling | UserPhase::AwaitingTranscript => true,
        };
        probably_over && (eager || turn.sounds > Completeness::Incomplete)
    }

    /// Whether what is held, if anything, answers the words as they stand.
    fn holds_answer_to_words(&self) -> bool {
        let held = self.reply.as_ref().and_then(|reply| reply.held.as_ref());
        match (held, &self.turn) {
            (Some(held), Some(turn)) => are_same_words(&held.words, &turn.words),
            _ => true,
        }
    }

    /// Whether the answer that is held is one to this question, as it stands in the history.
    fn holds_answer_to(&self, question: &Question) -> bool {
        let held =
            self.reply.as_ref().filter(|reply| reply.id.turn == question.turn).and_then(|reply| reply.held.as_ref());
        held.is_some_and(|held| are_same_words(&held.words, &question.text))
    }

    /// The turn is over and its words stand in the history: gives the answer that is held, or begins one.
    pub(super) fn answer(&mut self, question: Question, alone: bool) {
        if alone && self.holds_answer_to(&question) {
            return self.give_held(question.marks);
        }
        self.discard_speculation();
        let id = ReplyId { turn: question.turn, attempt: question.attempts };
        let marks = Marks { discarded: question.attempts, ..question.marks };
        self.start_reply(id, Prompt::Model, marks);
    }

    /// The turn ended with the words that were answered.
    fn give_held(&mut self, marks: Marks) {
        self.timers.stop(Timer::Speculation);
        let now = self.now;
        let Some(reply) = &mut self.reply else { return };
        let id = reply.id;
        let Some(held) = reply.held.take() else { return };
        reply.marks = marks.with_answer(&reply.marks, id.attempt);
        if !held.waiting.is_empty() {
            reply.marks.to_speech.get_or_insert(now);
        }
        self.agent = AgentPhase::Thinking;
        if self.user == UserPhase::Speaking {
            self.hold();
        } else {
            self.command(Command::ResumePlayback { reply: id });
        }
        for event in held.untold {
            self.emit(event);
        }
        self.show_text(id);
        for (sentence, text) in held.waiting {
            self.command(Command::Speak { reply: id, sentence, text });
            self.after(Timer::Speech, self.config.tts_timeout_ms);
        }
        if let Some(calls) = held.calls {
            self.tool_calls(id, calls);
        }
        if self.live(id).is_some_and(|reply| reply.text_ended) {
            self.finish_text(id);
        }
        if held.played_out {
            self.playback_done(id);
        }
    }

    /// Drops what was prepared. Nobody has seen or heard any of it.
    pub(super) fn discard_speculation(&mut self) {
        if self.agent != AgentPhase::Speculating {
            return;
        }
        let Some(reply) = self.reply.take() else { return };
        let id = reply.id;
        self.agent = AgentPhase::Idle;
        self.credit.discarded();
        self.timers.stop(Timer::Speculation);
        self.stop_reply_timers();
        self.drop_round();
        for command in [
            Command::CancelReply { reply: id },
            Command::CancelSpeech { reply: id },
            Command::FlushPlayback { reply: id },
        ] {
            self.command(command);
        }
    }

    /// What was prepared failed or was held for too long: this turn is answered when it has ended.
    pub(super) fn give_up_speculating(&mut self) {
        self.discard_speculation();
        if let Some(turn) = &mut self.turn {
            turn.hopeless = true;
        }
    }

    /// Has a sentence spoken, unless it is held back until the turn has ended.
    pub(super) fn speak(&mut self, id: ReplyId, sentence: SentenceId, text: String) {
        let (now, sentences) = (self.now, self.config.speculation.sentences);
        let Some(reply) = self.live(id) else { return };
        if let Some(held) = &mut reply.held {
            if held.spoken >= sentences {
                return held.waiting.push_back((sentence, text));
            }
            held.spoken += 1;
        }
        reply.marks.to_speech.get_or_insert(now);
        self.command(Command::Speak { reply: id, sentence, text });
        if !self.timers.is_set(Timer::Speech) {
            self.after(Timer::Speech, self.config.tts_timeout_ms);
        }
    }

    /// Keeps calls back that may only be made once the turn has ended. Gives those that may be made now.
    pub(super) fn hold_calls(&mut self, id: ReplyId, calls: Vec<ToolCall>) -> Option<Vec<ToolCall>> {
        let pure =
            |call: &ToolCall| self.tools.iter().any(|tool| tool.name == call.name && tool.effect == SideEffect::Pure);
        let all_pure = calls.iter().all(pure);
        match self.live(id).and_then(|reply| reply.held.as_mut()) {
            Some(held) if !all_pure => {
                held.calls = Some(calls);
                None
            }
            _ => Some(calls),
        }
    }

    /// Tells the client, at once or when the turn has ended.
    pub(super) fn tell(&mut self, event: Event) {
        match self.reply.as_mut().and_then(|reply| reply.held.as_mut()) {
            Some(held) => held.untold.push(event),
            None => self.emit(event),
        }
    }

    /// Whether all sentences so far have gone to the synthesiser.
    pub(super) fn keeps_nothing_back(reply: &Reply) -> bool {
        reply.held.as_ref().is_none_or(|held| held.waiting.is_empty())
    }

    /// Nothing is left to play of an answer that is held.
    pub(super) fn played_out_unheard(&mut self, id: ReplyId) -> bool {
        match self.live(id).and_then(|reply| reply.held.as_mut()) {
            Some(held) => {
                held.played_out = true;
                true
            }
            None => false,
        }
    }
}

/// Whether two transcripts differ in nothing but case, punctuation and the way numbers are written.
fn are_same_words(one: &str, other: &str) -> bool {
    one == other || spoken_form(one) == spoken_form(other)
}
