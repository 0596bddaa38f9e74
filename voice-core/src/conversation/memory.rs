//! Memory: what of the conversation the language model is told again, and what becomes of the older turns. They are summed
//! up while nobody waits for the model, so that the summary is there before there is no room for them.

use super::command::Command;
use super::history::SUMMARY_TOKENS;
use super::machine::Conversation;
use super::phase::AgentPhase;
use super::timers::Timer;
use crate::id::SummaryId;
use crate::text::within_tokens;
use serde::{Deserialize, Serialize};

/// How much of the conversation the language model is told again. Instructions and context are no part of it and are always
/// told in full. Tokens are [estimated](crate::text::estimated_tokens).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Memory {
    /// Tokens of history in a prompt, the summary included. 16,000 are more than an hour of talk at 150 words a minute.
    pub max_tokens: usize,
    /// What becomes of older turns.
    pub older_turns: OlderTurns,
    /// They are summed up from this share of `max_tokens` on, in percent.
    pub summarise_percent: u8,
    /// The newest turns are kept word for word up to this share of `max_tokens`, in percent.
    pub keep_percent: u8,
    /// Tokens of a summary, at most half of `max_tokens`. It is not asked for before there is as much to sum up.
    pub summary_tokens: usize,
    /// How long a summary may take, in ms.
    pub summary_timeout_ms: u64,
}

/// What becomes of turns that are too old to be told word for word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OlderTurns {
    /// The language model sums them up, at the cost of a call now and then. Where it fails they are dropped.
    #[default]
    Summarise,
    /// They are dropped when there is no room for them.
    Drop,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            max_tokens: 16_000,
            older_turns: OlderTurns::Summarise,
            summarise_percent: 75,
            keep_percent: 40,
            summary_tokens: 600,
            summary_timeout_ms: 30_000,
        }
    }
}

impl Memory {
    /// Tokens that the words of a summary may take. With none there is no summary.
    fn most_of_summary(self) -> usize {
        match self.older_turns {
            OlderTurns::Summarise => self.summary_tokens.min((self.max_tokens / 2).saturating_sub(SUMMARY_TOKENS)),
            OlderTurns::Drop => 0,
        }
    }

    fn share(self, percent: u8) -> usize {
        self.max_tokens.saturating_mul(usize::from(percent)) / 100
    }
}

/// The summary that is being written, if any.
#[derive(Debug, Clone, Default)]
pub(super) struct Summing {
    open: Option<SummaryId>,
    next: SummaryId,
    /// Nothing is to be summed up before the history has taken in so many tokens.
    not_before: usize,
}

impl Conversation {
    /// Has the oldest turns summed up when the history is nearly full and nobody waits for the model.
    pub(super) fn sum_up_older_turns(&mut self) {
        let rule = self.config.memory;
        let most_tokens = rule.most_of_summary();
        let full = self.history.tokens() >= rule.share(rule.summarise_percent);
        let early = self.history.added() < self.summing.not_before;
        if most_tokens == 0 || !full || early || self.summing.open.is_some() || !self.model_is_free() {
            return;
        }
        let Some(messages) = self.history.begin_summary(rule.share(rule.keep_percent), most_tokens) else {
            // Looked at again when there is more.
            self.summing.not_before = self.history.added() + 1;
            return;
        };
        let id = self.summing.next;
        self.summing.next = id.next();
        self.summing.open = Some(id);
        self.command(Command::Summarise { id, messages, most_tokens });
        self.after(Timer::Summary, rule.summary_timeout_ms);
    }

    fn model_is_free(&self) -> bool {
        let idle = self.agent == AgentPhase::Idle && self.is_idle() && self.questions.is_empty();
        idle && !self.closed && !self.is_detached()
    }

    /// A summary is there, or will not be.
    pub(super) fn summarised(&mut self, id: SummaryId, summary: Option<String>) {
        if self.summing.open != Some(id) {
            return;
        }
        let most_tokens = self.config.memory.most_of_summary();
        let summary = summary.map(|text| within_tokens(text.trim(), most_tokens).to_owned());
        match summary.filter(|text| !text.is_empty()) {
            Some(summary) => {
                self.end_summing();
                self.history.replace_by(summary);
                self.revised();
            }
            None => self.give_up_summing(),
        }
    }

    pub(super) fn summary_overdue(&mut self) {
        if let Some(id) = self.summing.open {
            self.command(Command::CancelSummary { id });
            self.give_up_summing();
        }
    }

    /// The turns stay as long as there is room for them, and another summary is tried when there is as much again to say
    /// in it: a model that fails is not asked after every turn.
    fn give_up_summing(&mut self) {
        self.end_summing();
        self.history.without_summary();
        self.summing.not_before = self.history.added() + self.config.memory.most_of_summary();
    }

    fn end_summing(&mut self) {
        self.summing.open = None;
        self.timers.stop(Timer::Summary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_as_they_are_written_down() {
        let memory: Memory = serde_json::from_str(r#"{"max_tokens":4000,"older_turns":"drop"}"#).unwrap();
        assert_eq!(memory, Memory { max_tokens: 4_000, older_turns: OlderTurns::Drop, ..Memory::default() });
        assert!(serde_json::from_str::<Memory>(r#"{"history_chars":1}"#).is_err());
    }

    #[test]
    fn a_summary_takes_at_most_half_of_the_room() {
        let of = |max_tokens, older_turns| Memory { max_tokens, older_turns, ..Memory::default() }.most_of_summary();
        assert_eq!(of(16_000, OlderTurns::Summarise), 600);
        assert_eq!(of(1_000, OlderTurns::Summarise), 500 - SUMMARY_TOKENS);
        assert_eq!(of(40, OlderTurns::Summarise), 0);
        assert_eq!(of(16_000, OlderTurns::Drop), 0);
    }
}
