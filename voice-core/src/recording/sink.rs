//! Where a recording goes, and what is allowed into it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Takes a recording line by line. A closure `|line: &str| …` is one.
pub trait RecordingSink: Send + Sync {
    /// Takes a line, without its line break. It is called in the session's task: it must not wait. Where there is no
    /// room it says `false`, and the recording ends there; the session does not notice.
    fn take(&self, line: &str) -> bool;
}

impl<F: Fn(&str) -> bool + Send + Sync> RecordingSink for F {
    fn take(&self, line: &str) -> bool {
        self(line)
    }
}

/// What happens to the words of both sides, and to what tools were told and gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Words {
    /// Each is replaced by one of the same length, the same one each time, by a key that nobody keeps. Words that turn-taking
    /// itself goes by (*and*, *yes*, *my number is*) stay, and punctuation does.
    #[default]
    Masked,
    /// They are recorded as they were said: only where the operator may keep them.
    Kept,
}

/// How a session is recorded.
#[derive(Clone)]
pub struct RecordingOptions {
    /// Where it goes.
    pub sink: Arc<dyn RecordingSink>,
    /// What happens to the words.
    pub words: Words,
    /// Bytes after which it ends, line breaks included; a minute of conversation takes some 200 KB.
    pub max_bytes: usize,
}

impl RecordingOptions {
    /// Words masked, at most 8 MiB.
    pub fn new(sink: Arc<dyn RecordingSink>) -> Self {
        Self { sink, words: Words::default(), max_bytes: 8 << 20 }
    }
}

impl fmt::Debug for RecordingOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { words, max_bytes, .. } = self;
        f.debug_struct("RecordingOptions").field("words", words).field("max_bytes", max_bytes).finish_non_exhaustive()
    }
}

/// A recording in memory, no longer than its session's `max_bytes`.
#[derive(Debug, Default)]
pub struct RecordingBuffer(Mutex<String>);

impl RecordingBuffer {
    /// An empty buffer, to be given to one session.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// All lines so far, each with its line break.
    pub fn text(&self) -> String {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RecordingSink for RecordingBuffer {
    fn take(&self, line: &str) -> bool {
        let mut text = self.lock();
        text.push_str(line);
        text.push('\n');
        true
    }
}
