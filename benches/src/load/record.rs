//! What one user, or all of them together, have to tell.

use super::faults::Fault;
use super::invariants::Invariants;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// Counts and times of one or more users. Times are in ms.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Asking for the connection → `ready`.
    pub ready_ms: Vec<f32>,
    /// Last speech sample sent → first audio.
    pub answer_ms: Vec<f32>,
    /// First audio after it was due.
    pub added_ms: Vec<f32>,
    /// How late this program was with its own frames.
    pub tick_ms: Vec<f32>,
    /// Sessions that were opened.
    pub sessions: u64,
    /// Connections that continued a session, and those that found it gone.
    pub resumed: u64,
    /// A session that was to be continued was not there any more.
    pub not_resumed: u64,
    /// Turns that were answered.
    pub answered: u64,
    /// Turns in which a service failed.
    pub failed: u64,
    /// Times a user waited 30 s for an answer in vain.
    pub in_vain: u64,
    /// Turns whose first audio could not be compared with its due time.
    pub not_placed: u64,
    /// Frames of microphone audio sent.
    pub frames: u64,
    /// Misdeeds done.
    pub faults: BTreeMap<&'static str, u64>,
    /// `error` frames by their code.
    pub errors: BTreeMap<String, u64>,
    /// `bye` frames by their reason.
    pub byes: BTreeMap<String, u64>,
    /// Connections refused, by status; 0 where there was no answer.
    pub refused: BTreeMap<u16, u64>,
    /// Connections that ended without having been asked to.
    pub lost: u64,
    /// What did not hold: the first in words, and their number.
    pub problems: Vec<String>,
    /// How many did not.
    pub problem_count: u64,
}

/// Problems that are kept in words.
const TOLD: usize = 50;

impl Record {
    /// Counts a misdeed.
    pub fn fault(&mut self, fault: Fault) {
        *self.faults.entry(fault.as_str()).or_default() += 1;
    }

    /// A session is over, or was left.
    pub fn close(&mut self, name: &str, invariants: &Invariants) {
        self.answered += invariants.answered();
        self.failed += invariants.failed();
        let (problems, count) = invariants.problems();
        self.problem_count += count;
        let room = TOLD.saturating_sub(self.problems.len());
        self.problems.extend(problems.iter().take(room).map(|problem| format!("{name}: {problem}")));
    }

    /// Adds what another has to tell.
    pub fn add(&mut self, other: Self) {
        self.ready_ms.extend(other.ready_ms);
        self.answer_ms.extend(other.answer_ms);
        self.added_ms.extend(other.added_ms);
        self.tick_ms.extend(other.tick_ms);
        self.sessions += other.sessions;
        self.resumed += other.resumed;
        self.not_resumed += other.not_resumed;
        self.answered += other.answered;
        self.failed += other.failed;
        self.in_vain += other.in_vain;
        self.not_placed += other.not_placed;
        self.frames += other.frames;
        self.lost += other.lost;
        merge(&mut self.faults, other.faults);
        merge(&mut self.errors, other.errors);
        merge(&mut self.byes, other.byes);
        merge(&mut self.refused, other.refused);
        self.problem_count += other.problem_count;
        let room = TOLD.saturating_sub(self.problems.len());
        self.problems.extend(other.problems.into_iter().take(room));
    }
}

fn merge<K: Ord>(into: &mut BTreeMap<K, u64>, from: BTreeMap<K, u64>) {
    for (key, count) in from {
        *into.entry(key).or_default() += count;
    }
}

/// From one to the other, negative where it is the other way round.
pub(super) fn milliseconds(from: Instant, to: Instant) -> f32 {
    let (later, earlier) = (to.saturating_duration_since(from), from.saturating_duration_since(to));
    (later.as_secs_f64() - earlier.as_secs_f64()) as f32 * 1_000.0
}
