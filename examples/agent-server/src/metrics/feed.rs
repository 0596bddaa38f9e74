//! The newest failures, for people.

use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Failures kept.
const KEPT: usize = 200;
/// Characters of a message.
const MESSAGE: usize = 300;

/// Something that failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Failure {
    /// Counted from 1.
    pub(crate) number: u64,
    /// When, in ms since 1970.
    pub(crate) at_ms: u64,
    pub(crate) session: String,
    /// The newest turn of the session then.
    pub(crate) turn: u32,
    pub(crate) stage: &'static str,
    pub(crate) kind: &'static str,
    /// Who failed, where another one went on.
    pub(crate) provider: Option<String>,
    /// In words, without secrets.
    pub(crate) message: String,
}

/// The newest failures of all sessions.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    kept: Mutex<(u64, VecDeque<Failure>)>,
}

impl Feed {
    /// Numbers a failure and keeps it.
    pub(super) fn keep(&self, mut failure: Failure) -> Failure {
        if let Some((end, _)) = failure.message.char_indices().nth(MESSAGE) {
            failure.message.truncate(end);
            failure.message.push('…');
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0 += 1;
        failure.number = kept.0;
        if kept.1.len() == KEPT {
            kept.1.pop_front();
        }
        kept.1.push_back(failure.clone());
        failure
    }

    /// Those after a number, the newest first.
    pub(crate) fn after(&self, number: u64) -> Vec<Failure> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.1.iter().rev().take_while(|failure| failure.number > number).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(message: &str) -> Failure {
        let (session, message) = ("s".into(), message.into());
        Failure { number: 0, at_ms: 0, session, turn: 1, stage: "llm", kind: "timeout", provider: None, message }
    }

    #[test]
    fn the_newest_come_first_and_old_ones_go() {
        let feed = Feed::default();
        for number in 1..=KEPT as u64 + 5 {
            assert_eq!(feed.keep(failure("late")).number, number);
        }
        let all = feed.after(0);
        assert_eq!((all.len(), all[0].number, all[KEPT - 1].number), (KEPT, KEPT as u64 + 5, 6));
        assert_eq!(feed.after(KEPT as u64 + 3).len(), 2);
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let kept = Feed::default().keep(failure(&"ü".repeat(1_000)));
        assert_eq!(kept.message.chars().count(), MESSAGE + 1);
    }
}
