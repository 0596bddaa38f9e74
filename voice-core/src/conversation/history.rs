//! The conversation so far, within a bound.

use crate::message::Message;
use std::collections::VecDeque;
use std::ops::Range;

/// Messages in order, the oldest dropped when they grow past a number of characters.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    messages: VecDeque<Message>,
    characters: usize,
    limit: usize,
}

impl History {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Adds a message. The newest always stays; what is left after trimming begins with the user, if they have said
    /// anything, and a round of tools goes or stays as a whole.
    pub(super) fn push(&mut self, message: Message) {
        self.characters += message.characters();
        self.messages.push_back(message);
        while self.characters > self.limit
            && let Some(oldest) = self.oldest()
        {
            for message in self.messages.drain(oldest) {
                self.characters -= message.characters();
            }
        }
    }

    /// What may be dropped first: the oldest exchange; of the only one, the oldest of what followed the user's words.
    fn oldest(&self) -> Option<Range<usize>> {
        let is_user = |message: &Message| matches!(message, Message::User(_));
        let next_exchange = self.messages.iter().skip(1).position(is_user);
        match (next_exchange, self.messages.front().is_some_and(is_user), self.messages.len()) {
            (Some(rest), _, _) => Some(0..rest + 1),
            (None, true, 3..) => Some(1..2),
            (None, false, 2..) => Some(0..1),
            (None, true, ..3) | (None, false, ..2) => None,
        }
    }

    pub(super) fn messages(&self) -> impl ExactSizeIterator<Item = &Message> {
        self.messages.iter()
    }

    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.characters = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::{AnsweredCall, ToolCall, ToolRound};

    #[test]
    fn the_oldest_exchange_goes_first_and_the_newest_words_stay() {
        let mut history = History::new(20);
        for text in ["first", "second", "third", "fourth"] {
            history.push(Message::user(text));
            history.push(Message::agent("ok"));
        }
        assert_eq!(history.messages().next(), Some(&Message::user("third")));
        assert!(history.messages().map(Message::characters).sum::<usize>() <= 20);
        history.push(Message::user("x".repeat(100)));
        assert_eq!(history.messages().len(), 1);
    }

    #[test]
    fn a_round_of_tools_stays_behind_its_question_or_goes_with_it() {
        let round = |result: &str| {
            let call = ToolCall { id: "1".into(), name: "look".into(), arguments: "{}".into() };
            Message::Tools(ToolRound { calls: vec![AnsweredCall { call, result: result.into() }] })
        };
        let mut history = History::new(20);
        history.push(Message::user("first"));
        history.push(round("found"));
        history.push(Message::user("second"));
        history.push(round("much more than there is room for"));
        let all = |history: &History| history.messages().cloned().collect::<Vec<_>>();
        assert_eq!(all(&history), [Message::user("second"), round("much more than there is room for")]);
        history.push(round("found"));
        history.push(Message::agent("It is there."));
        assert_eq!(all(&history), [Message::user("second"), Message::agent("It is there.")]);
        history.push(Message::user("third"));
        assert_eq!(all(&history), [Message::user("third")]);
    }

    #[test]
    fn what_the_agent_says_by_itself_is_bounded_as_well() {
        let mut history = History::new(10);
        for text in ["Hello.", "Hello?", "Is anybody there?"] {
            history.push(Message::agent(text));
        }
        assert_eq!(history.messages().collect::<Vec<_>>(), [&Message::agent("Is anybody there?")]);
    }
}
