//! The conversation so far, within a bound.

use crate::message::Message;
use crate::text::estimated_tokens;
use crate::tool::AnsweredCall;
use std::collections::VecDeque;
use std::ops::Range;

/// What a message takes beside its words: OpenAI's cookbook ("How to count tokens") gives three tokens, and one for the
/// role.
const MESSAGE_TOKENS: usize = 4;
/// What a summary takes beside its words: a message of its own and the one that introduces it.
pub(super) const SUMMARY_TOKENS: usize = 5 * MESSAGE_TOKENS;

/// Messages in order, the oldest dropped when they grow past a number of estimated tokens. A summary of older ones may stand
/// before them: it is replaced, and never dropped.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    messages: VecDeque<Message>,
    tokens: usize,
    limit: usize,
    /// Tokens that were ever added.
    added: usize,
    /// The oldest messages, so many, are being summed up.
    summed_up: usize,
}

impl History {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Adds a message. The newest always stays; what is left after trimming begins with the user, if they have said
    /// anything, and a round of tools goes or stays as a whole.
    pub(super) fn push(&mut self, message: Message) {
        self.tokens += cost(&message);
        self.added = self.added.saturating_add(cost(&message));
        self.messages.push_back(message);
        self.trim();
    }

    pub(super) fn messages(&self) -> impl ExactSizeIterator<Item = &Message> + DoubleEndedIterator {
        self.messages.iter()
    }

    pub(super) fn tokens(&self) -> usize {
        self.tokens
    }

    pub(super) fn added(&self) -> usize {
        self.added
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.limit);
    }

    /// The summary there is and the oldest turns, to be summed up so that the turns after them take at most `keep` tokens.
    /// Nothing when they take less than `least`: the newest turn stays in any case.
    pub(super) fn begin_summary(&mut self, keep: usize, least: usize) -> Option<Vec<Message>> {
        let (first, end) = (self.first_turn(), self.end_of_older(keep)?);
        let older: usize = self.messages.range(first..end).map(cost).sum();
        if older < least {
            return None;
        }
        self.summed_up = end - first;
        Some(self.messages.range(..end).cloned().collect())
    }

    /// Puts a summary in the place of what it sums up, as far as that has not been dropped meanwhile. What was said since
    /// stays.
    pub(super) fn replace_by(&mut self, summary: String) {
        let end = self.first_turn() + std::mem::take(&mut self.summed_up);
        self.drop_messages(0..end);
        let summary = Message::Summary(summary);
        self.tokens += cost(&summary);
        self.messages.push_front(summary);
        self.trim();
    }

    /// There will be no summary: what it was to replace stays as long as there is room for it.
    pub(super) fn without_summary(&mut self) {
        self.summed_up = 0;
    }

    /// Drops what may be dropped first, and gives it.
    pub(super) fn drop_oldest(&mut self) -> Option<Vec<Message>> {
        let oldest = self.oldest()?;
        let dropped = self.messages.range(oldest.clone()).cloned().collect();
        self.drop_messages(oldest);
        Some(dropped)
    }

    fn trim(&mut self) {
        while self.tokens > self.limit
            && let Some(oldest) = self.oldest()
        {
            self.summed_up = self.summed_up.saturating_sub(oldest.len());
            self.drop_messages(oldest);
        }
    }

    fn drop_messages(&mut self, range: Range<usize>) {
        for message in self.messages.drain(range) {
            self.tokens -= cost(&message);
        }
    }

    /// Where the turns begin: behind the summary.
    fn first_turn(&self) -> usize {
        usize::from(matches!(self.messages.front(), Some(Message::Summary(_))))
    }

    /// What may be dropped first: the oldest exchange; of the only one, the oldest of what followed the user's words.
    fn oldest(&self) -> Option<Range<usize>> {
        let first = self.first_turn();
        let next_exchange = self.messages.range(first..).skip(1).position(is_user);
        let begins_with_user = self.messages.get(first).is_some_and(is_user);
        match (next_exchange, begins_with_user, self.messages.len() - first) {
            (Some(rest), _, _) => Some(first..first + rest + 1),
            (None, true, 3..) => Some(first + 1..first + 2),
            (None, false, 2..) => Some(first..first + 1),
            (None, true, ..3) | (None, false, ..2) => None,
        }
    }

    /// Where the turns end without which the others take at most `keep` tokens; else where the newest begins. An agent to
    /// whom nobody has spoken may be cut off after every speech.
    fn end_of_older(&self, keep: usize) -> Option<usize> {
        let first = self.first_turn();
        let monologue = !self.messages.iter().any(is_user);
        let (mut end, mut kept) = (None, 0);
        for (index, message) in self.messages.iter().enumerate().skip(first + 1).rev() {
            kept += cost(message);
            if kept > keep && end.is_some() {
                break;
            }
            if monologue || is_user(message) {
                end = Some(index);
            }
        }
        end
    }
}

fn is_user(message: &Message) -> bool {
    matches!(message, Message::User(_))
}

/// Estimated tokens of a message in a prompt.
fn cost(message: &Message) -> usize {
    let of_call = |AnsweredCall { call, result }: &AnsweredCall| {
        let texts = [&call.id, &call.name, &call.arguments, result];
        2 * MESSAGE_TOKENS + texts.into_iter().map(|text| estimated_tokens(text)).sum::<usize>()
    };
    match message {
        Message::User(text) | Message::Agent(text) => MESSAGE_TOKENS + estimated_tokens(text),
        Message::Tools(round) => round.calls.iter().map(of_call).sum(),
        Message::Summary(text) => SUMMARY_TOKENS + estimated_tokens(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::{ToolCall, ToolRound};

    fn all(history: &History) -> Vec<Message> {
        history.messages().cloned().collect()
    }

    /// Three exchanges of 10 tokens each, the first words of which are the number.
    fn three_exchanges(limit: usize) -> History {
        let mut history = History::new(limit);
        for text in ["one", "two", "six"] {
            history.push(Message::user(text));
            history.push(Message::agent("good"));
        }
        history
    }

    fn round(result: &str) -> Message {
        let call = ToolCall { id: "1".into(), name: "look".into(), arguments: "{}".into() };
        Message::Tools(ToolRound { calls: vec![AnsweredCall { call, result: result.into() }] })
    }

    #[test]
    fn the_oldest_exchange_goes_first_and_the_newest_words_stay() {
        let mut history = three_exchanges(20);
        assert_eq!(history.messages().next(), Some(&Message::user("two")));
        assert_eq!((history.tokens(), history.added()), (20, 30));
        history.push(Message::user("x".repeat(100)));
        assert_eq!(history.messages().len(), 1);
    }

    #[test]
    fn a_round_of_tools_stays_behind_its_question_or_goes_with_it() {
        let mut history = History::new(26);
        history.push(Message::user("first"));
        history.push(round("found"));
        history.push(Message::user("second"));
        history.push(round("much more than there is room for"));
        assert_eq!(all(&history), [Message::user("second"), round("much more than there is room for")]);
        history.push(round("found"));
        history.push(Message::agent("It is there."));
        assert_eq!(all(&history), [Message::user("second"), Message::agent("It is there.")]);
        history.push(Message::user("x".repeat(60)));
        assert_eq!(history.messages().len(), 1);
    }

    #[test]
    fn what_the_agent_says_by_itself_is_bounded_as_well() {
        let mut history = History::new(10);
        for text in ["Hello.", "Hello?", "Is anybody there?"] {
            history.push(Message::agent(text));
        }
        assert_eq!(all(&history), [Message::agent("Is anybody there?")]);
    }

    #[test]
    fn a_summary_takes_the_place_of_whole_older_turns() {
        let mut history = three_exchanges(100);
        let older = history.begin_summary(15, 20).expect("two exchanges are older");
        assert_eq!(older.len(), 4);
        history.push(Message::user("ten"));
        history.replace_by("Numbers.".into());
        let summary = Message::Summary("Numbers.".into());
        assert_eq!(all(&history), [summary, Message::user("six"), Message::agent("good"), Message::user("ten")]);
        assert_eq!(history.tokens(), history.messages().map(cost).sum::<usize>());
        let older = history.begin_summary(5, 10).expect("one exchange is older");
        assert_eq!(older, all(&history)[..3], "the next one stands for the last one as well");
        history.replace_by("More.".into());
        assert_eq!(all(&history), [Message::Summary("More.".into()), Message::user("ten")]);
    }

    #[test]
    fn the_newest_turn_is_never_summed_up_and_little_is_not_either() {
        assert_eq!(three_exchanges(100).begin_summary(0, 20).map(|older| older.len()), Some(4));
        assert_eq!(three_exchanges(100).begin_summary(0, 21), None);
        let mut history = History::new(100);
        history.push(Message::user("one"));
        history.push(Message::agent("good"));
        assert_eq!(history.begin_summary(0, 0), None);
    }

    #[test]
    fn turns_dropped_before_their_summary_came_are_not_replaced_twice() {
        let mut history = three_exchanges(80);
        history.begin_summary(10, 0).expect("two exchanges are older");
        // 80 tokens: no room for any turn before it.
        history.push(Message::user("x".repeat(4 * 76)));
        assert_eq!(history.messages().len(), 1);
        history.replace_by("Numbers.".into());
        // A summary is kept beside a turn that is too big by itself.
        assert_eq!(history.messages().len(), 2);
        history.push(Message::user("ten"));
        assert_eq!(all(&history), [Message::Summary("Numbers.".into()), Message::user("ten")]);
    }
}
