//! What is going to happen, in the order of time; at one time, in the order in which it was planned.

use crate::conversation::Input;
use crate::id::{ReplyId, TurnId};
use crate::time::SessionTime;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Whose fact it is: what is cancelled tells nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Source {
    Recogniser,
    Model(ReplyId),
    Voice(ReplyId),
    Tool(String),
}

#[derive(Debug, Clone)]
pub(super) enum Happening {
    /// A fact arrives. One that is `late` arrives although its call was cancelled.
    Fact {
        source: Source,
        late: bool,
        input: Input,
    },
    /// The VAD has heard enough to call it speech.
    Onset {
        utterance: u32,
    },
    /// … silence for a moment, or for longer.
    Pause {
        utterance: u32,
    },
    SpeechEnd {
        utterance: u32,
    },
    /// The user has said a word.
    Word(String),
    /// The user does what they have waited to do.
    Act,
    /// … and has done it.
    Acted,
    /// The listener looks at its clock.
    Report,
    /// What it saw arrives.
    Heard {
        turn: TurnId,
        samples: u64,
    },
    /// A fact of the user's side, as it was recorded.
    Recorded(usize),
}

struct Entry {
    at: SessionTime,
    number: u64,
    happening: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// The heap gives its greatest: the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

#[derive(Default)]
pub(super) struct Agenda {
    entries: BinaryHeap<Entry>,
    planned: u64,
}

impl Agenda {
    pub(super) fn plan(&mut self, at: SessionTime, happening: Happening) {
        self.planned += 1;
        self.entries.push(Entry { at, number: self.planned, happening });
    }

    pub(super) fn next(&self) -> Option<SessionTime> {
        self.entries.peek().map(|entry| entry.at)
    }

    pub(super) fn take_due(&mut self, now: SessionTime) -> Option<Happening> {
        if self.next()? > now {
            return None;
        }
        self.entries.pop().map(|entry| entry.happening)
    }
}
