//! Names of sessions, turns and sentences.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Names one session: 128 random bits as 32 hexadecimal digits. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// A new random id. Falls back on a process-wide counter where the system has no randomness to give.
    pub fn random() -> Self {
        Self(random_hex().into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SessionId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn random_hex() -> String {
    static FALLBACK: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let mut bytes = [0u8; 16];
    if getrandom::fill(&mut bytes).is_err() {
        let count = FALLBACK.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        bytes[..8].copy_from_slice(&count.to_be_bytes());
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The one after this.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0.wrapping_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id! {
    /// A turn of the conversation: the user's words and the answer to them share one number; the greeting is 0.
    TurnId
}
number_id! {
    /// A sentence of one reply, counted from 0.
    SentenceId
}

number_id! {
    /// A summary of older turns that was asked for, counted from 0 within the session.
    SummaryId
}

/// A reply to a turn. Every attempt at an answer has its own id, so that what comes late from one that was given up is
/// never taken for part of the next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct ReplyId {
    /// The turn it answers.
    pub turn: TurnId,
    /// Counted from 0 within the turn.
    pub attempt: u32,
}

impl ReplyId {
    /// The next attempt at an answer to the same turn.
    #[must_use]
    pub fn next_attempt(self) -> Self {
        Self { attempt: self.attempt.wrapping_add(1), ..self }
    }
}

impl From<TurnId> for ReplyId {
    /// The first attempt at an answer to the turn.
    fn from(turn: TurnId) -> Self {
        Self { turn, attempt: 0 }
    }
}

impl fmt::Display for ReplyId {
    /// The turn; later attempts add a dot and their number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempt {
            0 => self.turn.fmt(f),
            attempt => write!(f, "{}.{attempt}", self.turn),
        }
    }
}

impl fmt::Debug for ReplyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplyId({self})")
    }
}
