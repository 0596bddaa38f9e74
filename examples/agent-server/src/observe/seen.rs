//! What has been seen of one session, for the operator's view of it.

use crate::metrics::Failure;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use voice_core::protocol::MetricsFrame;

/// Turns whose figures are kept: about 6 KiB.
const TURNS: usize = 12;

/// Kept beside the session, written by its observer.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// When it was opened, in ms since the start of the server.
    opened_ms: AtomicU64,
    connections: AtomicUsize,
    pub(super) turns: AtomicU32,
    pub(super) interruptions: AtomicU32,
    pub(super) false_interruptions: AtomicU32,
    pub(super) failures: AtomicU32,
    pub(super) fallbacks: AtomicU32,
    pub(super) tool_calls: AtomicU32,
    latest: Mutex<Latest>,
}

#[derive(Debug, Default)]
struct Latest {
    turns: VecDeque<MetricsFrame>,
    failure: Option<Failure>,
}

/// The session's client is there until this is dropped.
pub(crate) struct Presence<'a>(&'a Seen);

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Seen {
    pub(super) fn opened(&self, now: Duration) {
        self.opened_ms.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Its client is there, for as long as what is given lives.
    pub(crate) fn present(&self) -> Presence<'_> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Presence(self)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connections.load(Ordering::Relaxed) > 0
    }

    pub(super) fn turn(&self, frame: MetricsFrame) {
        count(&self.turns);
        let mut latest = self.latest();
        if latest.turns.len() == TURNS {
            latest.turns.pop_back();
        }
        latest.turns.push_front(frame);
    }

    pub(super) fn failure(&self, failure: Failure) {
        count(if failure.provider.is_some() { &self.fallbacks } else { &self.failures });
        self.latest().failure = Some(failure);
    }

    /// The figures of the last turns, the newest first.
    pub(crate) fn turns(&self) -> Vec<MetricsFrame> {
        self.latest().turns.iter().cloned().collect()
    }

    /// What a list of sessions says besides where the session stands.
    pub(crate) fn view(&self, now: Duration) -> Value {
        let read = |count: &AtomicU32| count.load(Ordering::Relaxed);
        let age = now.saturating_sub(Duration::from_millis(self.opened_ms.load(Ordering::Relaxed)));
        json!({
            "age_s": age.as_secs(),
            "connected": self.is_connected(),
            "counts": {
                "turns": read(&self.turns),
                "interruptions": read(&self.interruptions),
                "false_interruptions": read(&self.false_interruptions),
                "failures": read(&self.failures),
                "fallbacks": read(&self.fallbacks),
                "tool_calls": read(&self.tool_calls),
            },
            "last_error": self.latest().failure,
        })
    }

    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn count(counter: &AtomicU32) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use voice_core::TurnId;
    use voice_core::conversation::TurnMetrics;

    #[test]
    fn the_last_turns_are_kept_and_all_are_counted() {
        let seen = Seen::default();
        for turn in 0..20 {
            seen.turn(MetricsFrame::from(TurnMetrics { turn: TurnId(turn), ..TurnMetrics::default() }));
        }
        let turns: Vec<u32> = seen.turns().iter().map(|frame| frame.turn.0).collect();
        assert_eq!(turns, (8..20).rev().collect::<Vec<_>>());
        assert_eq!(seen.view(Duration::ZERO)["counts"]["turns"], 20);
    }

    #[test]
    fn a_client_is_there_while_one_connection_is() {
        let seen = Seen::default();
        let (first, second) = (seen.present(), seen.present());
        drop(first);
        assert!(seen.is_connected());
        drop(second);
        assert!(!seen.is_connected());
    }
}
