//! The conversation so far, within a bound.

use crate::message::{Message, Role};
use std::collections::VecDeque;

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

    /// Adds a message. The newest is always kept; after trimming the history begins with the user.
    pub(super) fn push(&mut self, message: Message) {
        self.characters += message.text.chars().count();
        self.messages.push_back(message);
        while self.messages.len() > 1 && self.characters > self.limit {
            self.drop_oldest();
            while self.messages.len() > 1 && self.messages[0].role == Role::Agent {
                self.drop_oldest();
            }
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(dropped) = self.messages.pop_front() {
            self.characters -= dropped.text.chars().count();
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

    #[test]
    fn the_oldest_exchange_goes_first_and_the_newest_words_stay() {
        let mut history = History::new(20);
        for text in ["first", "second", "third", "fourth"] {
            history.push(Message::user(text));
            history.push(Message::agent("ok"));
        }
        assert_eq!(history.messages().next(), Some(&Message::user("third")));
        assert!(history.messages().map(|m| m.text.len()).sum::<usize>() <= 20);
        history.push(Message::user("x".repeat(100)));
        assert_eq!(history.messages().len(), 1);
    }
}
