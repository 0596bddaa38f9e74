//! What happens to the sessions of an agent and is no event of theirs: sums, for whoever watches them all.

use std::sync::atomic::{AtomicU64, Ordering};

/// Sums over all sessions of an agent, those that are over included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AgentCounts {
    /// Pieces of a reply's audio, of 100 ms at most, that were handed over after the listener had run dry: a gap was heard
    /// in the middle of the reply.
    pub late_pieces: u64,
    /// Times that a microphone was so far ahead of real time that reading it had to pause.
    pub overruns: u64,
    /// Times that silence was put in place of a microphone that had stalled in the middle of a turn.
    pub stalls: u64,
    /// Speech that a recogniser never got because it had fallen behind, in ms.
    pub dropped_speech_ms: u64,
}

/// The sums as they grow. Adding is all that a session does with them.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    late_pieces: AtomicU64,
    overruns: AtomicU64,
    stalls: AtomicU64,
    dropped_speech_ms: AtomicU64,
}

impl Tallies {
    pub(super) fn late_piece(&self) {
        self.late_pieces.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn overrun(&self) {
        self.overruns.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stall(&self) {
        self.stalls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn dropped_speech(&self, milliseconds: u64) {
        self.dropped_speech_ms.fetch_add(milliseconds, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> AgentCounts {
        AgentCounts {
            late_pieces: self.late_pieces.load(Ordering::Relaxed),
            overruns: self.overruns.load(Ordering::Relaxed),
            stalls: self.stalls.load(Ordering::Relaxed),
            dropped_speech_ms: self.dropped_speech_ms.load(Ordering::Relaxed),
        }
    }
}
