//! Deadlines as named slots in a table: at most one of each, nothing to allocate, nothing to leak.

use crate::time::SessionTime;

/// Everything the conversation may be waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// The pause is long enough: the turn is over.
    Settle,
    /// The final transcript is overdue.
    Transcript,
    /// The user has spoken long enough to mean it.
    Interruption,
    /// Nothing was said after all: go on speaking.
    FalseAlarm,
    /// The listener's last report of what was played is overdue.
    HeardReport,
    /// The language model is overdue.
    Reply,
    /// The synthesiser is overdue.
    Speech,
    /// A tool is overdue.
    Tools,
    /// The tools take long: say so.
    Filler,
    /// The client went away and did not come back.
    Detached,
    /// An answer has been held for too long.
    Speculation,
    /// A summary of older turns is overdue.
    Summary,
}

const ALL: [Timer; 12] = [
    Timer::Settle,
    Timer::Transcript,
    Timer::Interruption,
    Timer::FalseAlarm,
    Timer::HeardReport,
    Timer::Reply,
    Timer::Speech,
    Timer::Tools,
    Timer::Filler,
    Timer::Detached,
    Timer::Speculation,
    Timer::Summary,
];

/// The table.
#[derive(Debug, Clone, Default)]
pub(super) struct Timers([Option<SessionTime>; ALL.len()]);

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, at: SessionTime) {
        self.0[timer as usize] = Some(at);
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.0[timer as usize].is_some()
    }

    pub(super) fn stop_all(&mut self) {
        *self = Self::default();
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<SessionTime> {
        self.0.iter().flatten().min().copied()
    }

    /// Takes the earliest timer that is due; of several due at once, the first of the table.
    pub(super) fn take_due(&mut self, now: SessionTime) -> Option<Timer> {
        let due = ALL
            .into_iter()
            .filter_map(|timer| self.0[timer as usize].map(|at| (at, timer)))
            .filter(|(at, _)| *at <= now)
            .min_by_key(|(at, _)| *at)
            .map(|(_, timer)| timer)?;
        self.stop(due);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_timers_come_in_the_order_of_their_deadlines_once_each() {
        let mut timers = Timers::default();
        timers.set(Timer::Speech, SessionTime::from_millis(10));
        timers.set(Timer::Settle, SessionTime::from_millis(30));
        timers.set(Timer::Reply, SessionTime::from_millis(20));
        assert_eq!(timers.next(), Some(SessionTime::from_millis(10)));
        let now = SessionTime::from_millis(25);
        assert_eq!(timers.take_due(now), Some(Timer::Speech));
        assert_eq!(timers.take_due(now), Some(Timer::Reply));
        assert_eq!(timers.take_due(now), None);
        assert_eq!(timers.next(), Some(SessionTime::from_millis(30)));
    }

    #[test]
    fn the_table_names_each_slot_once() {
        for (index, timer) in ALL.into_iter().enumerate() {
            assert_eq!(timer as usize, index);
        }
    }
}
