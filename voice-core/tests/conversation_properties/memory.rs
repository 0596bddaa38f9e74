//! What must hold of the history: it is what was said, as far as there is room for it, and a summary of what was before.

use crate::checker::Verdict;
use voice_core::conversation::{Conversation, Memory, OlderTurns};
use voice_core::testing::Random;
use voice_core::text::estimated_tokens;
use voice_core::{Message, SummaryId};

/// Settings under which a short conversation is too long to be remembered word for word.
pub(crate) fn forgetful(random: &mut Random) -> Memory {
    Memory {
        max_tokens: random.within(20..180) as usize,
        older_turns: if random.percent(85) { OlderTurns::Summarise } else { OlderTurns::Drop },
        summarise_percent: random.within(0..80) as u8,
        keep_percent: random.within(0..30) as u8,
        summary_tokens: random.within(0..20) as usize,
        summary_timeout_ms: random.within(0..4_000),
    }
}

#[derive(Default)]
pub(crate) struct Memories {
    rule: Memory,
    /// Everything that entered the history, in order.
    said: Vec<Message>,
    /// What the last summary that came in time says.
    summary: Option<String>,
    /// The summary that is being written.
    open: Option<SummaryId>,
    closed: bool,
}

impl Memories {
    pub(crate) fn new(rule: Memory) -> Self {
        Self { rule, ..Self::default() }
    }

    pub(crate) fn add(&mut self, message: Message) {
        self.said.push(message);
    }

    pub(crate) fn all_said(&self) -> usize {
        self.said.len()
    }

    /// The session has ended: all is erased.
    pub(crate) fn clear(&mut self) {
        *self = Self { closed: true, ..Self::new(self.rule) };
    }

    pub(crate) fn sum_up(&mut self, id: SummaryId, messages: &[Message], most_tokens: usize) -> Verdict {
        require!(self.open.is_none(), "summary {id} is asked for while another one is written");
        require!(self.rule.older_turns == OlderTurns::Summarise, "summary {id} is asked for against the rule");
        require!(most_tokens <= self.rule.summary_tokens, "summary {id} may have {most_tokens} tokens");
        let turns = match messages {
            [Message::Summary(text), turns @ ..] => {
                let known = self.summary.as_ref().is_some_and(|summary| summary.starts_with(text));
                require!(known, "summary {id} is to sum up {text:?}, which nobody wrote");
                turns
            }
            turns => turns,
        };
        require!(!turns.is_empty(), "summary {id} has nothing new to sum up");
        // As in the history, answers may be missing after the first question.
        let said = |turns: &[Message]| turns.is_empty() || self.said.windows(turns.len()).any(|said| said == turns);
        require!(said(turns) || said(&turns[..1]) && said(&turns[1..]), "summary {id} is of what was not said");
        self.open = Some(id);
        Ok(())
    }

    pub(crate) fn cancel(&mut self, id: SummaryId) -> Verdict {
        require!(self.open.take() == Some(id), "summary {id} is cancelled and is not being written");
        Ok(())
    }

    pub(crate) fn summarised(&mut self, id: SummaryId, summary: Option<&str>) {
        if self.open.take_if(|open| *open == id).is_some()
            && let Some(text) = summary.map(str::trim).filter(|text| !text.is_empty())
        {
            self.summary = Some(text.to_owned());
        }
    }

    pub(crate) fn rest(&self, conversation: &Conversation) -> Verdict {
        let history: Vec<&Message> = conversation.history().collect();
        let (summary, turns) = match &history[..] {
            [Message::Summary(text), turns @ ..] => (Some(text), turns),
            turns => (None, turns),
        };
        if let Some(summary) = summary {
            let known = self.summary.as_ref().is_some_and(|text| text.starts_with(summary.as_str()));
            require!(known && !self.closed, "the history begins with {summary:?}, which nobody wrote");
            let tokens = estimated_tokens(summary);
            require!(tokens <= self.rule.summary_tokens, "a summary of {tokens} tokens");
        }
        require!(turns.len() <= self.said.len(), "more is remembered than was said");
        self.are_the_newest(turns)?;
        let tokens: usize = history.iter().map(|message| words(message)).sum();
        let questions = turns.iter().filter(|message| is_user(message)).count();
        let newest_alone = questions <= 1 && turns.first().is_none_or(|first| is_user(first) || turns.len() == 1);
        require!(newest_alone || tokens <= self.rule.max_tokens, "{tokens} tokens are remembered: {history:?}");
        Ok(())
    }

    /// What was said last, from the beginning of a turn; of the oldest turn perhaps without its middle.
    fn are_the_newest(&self, turns: &[&Message]) -> Verdict {
        let (before, newest) = self.said.split_at(self.said.len() - turns.len());
        let Some(first) = newest.first() else {
            require!(self.said.is_empty(), "nothing is remembered");
            return Ok(());
        };
        if turns.iter().copied().eq(newest) {
            let whole = is_user(first) || !before.iter().any(is_user);
            require!(whole, "the history begins in the middle of a turn: {turns:?}");
            return Ok(());
        }
        // The answers to the oldest question may have lost their beginning while it was the only one.
        let question = before.iter().chain(newest.first()).rfind(|message| is_user(message));
        let trimmed = turns.first().copied() == question && turns[1..].iter().copied().eq(&newest[1..]);
        let of_one_turn = turns.get(1).is_some_and(|answer| !is_user(answer));
        require!(trimmed && of_one_turn, "the history differs from what was said");
        Ok(())
    }
}

fn is_user(message: &Message) -> bool {
    matches!(message, Message::User(_))
}

/// Tokens of the words alone.
fn words(message: &Message) -> usize {
    match message {
        Message::User(text) | Message::Agent(text) | Message::Summary(text) => estimated_tokens(text),
        Message::Tools(round) => round.calls.iter().map(|answered| estimated_tokens(&answered.result)).sum(),
    }
}
