//! When each timer began: the one thing that the history does not tell.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use voice_core::{SessionId, TurnId};

/// Sessions remembered; the one that set its last timer longest ago is forgotten first.
const MOST_SESSIONS: usize = 1024;
/// Beginnings remembered of a session. Several, because a turn may be asked about before its words are settled.
const MOST_BEGINNINGS: usize = 8;

/// A timer as it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// Seconds to go.
    Left(u64),
    Over,
    /// It was set where this brain did not hear it, or too long ago.
    BeganUnknown,
}

#[derive(Debug, Clone, Copy)]
struct Beginning {
    turn: TurnId,
    /// A hash of the words, keyed anew in each process: the words themselves are not kept.
    words: u64,
    at: SystemTime,
}

/// The beginnings of all sessions' timers.
#[derive(Debug, Default)]
pub(super) struct Timers {
    keys: RandomState,
    sessions: Mutex<BTreeMap<SessionId, VecDeque<Beginning>>>,
}

impl Timers {
    /// Notes that `words` are said now. Asked again in the same turn, the first time counts.
    pub(super) fn begin(&self, session: &SessionId, turn: TurnId, words: &str, now: SystemTime) {
        let words = self.keys.hash_one(words);
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if !sessions.contains_key(session) && sessions.len() >= MOST_SESSIONS {
            let newest = |beginnings: &VecDeque<Beginning>| beginnings.back().map(|beginning| beginning.at);
            let oldest = sessions.iter().min_by_key(|(_, beginnings)| newest(beginnings)).map(|(id, _)| id.clone());
            oldest.and_then(|oldest| sessions.remove(&oldest));
        }
        let beginnings = sessions.entry(session.clone()).or_default();
        if beginnings.iter().any(|known| known.turn == turn && known.words == words) {
            return;
        }
        if beginnings.len() >= MOST_BEGINNINGS {
            beginnings.pop_front();
        }
        beginnings.push_back(Beginning { turn, words, at: now });
    }

    /// The timer of `seconds` that `words` last set in this session.
    pub(super) fn look(&self, session: &SessionId, words: &str, seconds: u64, now: SystemTime) -> Timer {
        let words = self.keys.hash_one(words);
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = sessions.get(session).and_then(|known| known.iter().rev().find(|known| known.words == words));
        let Some(beginning) = newest else { return Timer::BeganUnknown };
        let passed = now.duration_since(beginning.at).unwrap_or(Duration::ZERO);
        match Duration::from_secs(seconds).checked_sub(passed) {
            // A second that has begun is still to go.
            Some(left) if !left.is_zero() => Timer::Left(left.as_secs() + u64::from(left.subsec_nanos() > 0)),
            _ => Timer::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: SystemTime = SystemTime::UNIX_EPOCH;

    fn after(seconds: u64) -> SystemTime {
        NOON + Duration::from_secs(seconds)
    }

    #[test]
    fn a_timer_runs_down_and_is_over() {
        let (timers, session) = (Timers::default(), SessionId::from("a"));
        timers.begin(&session, TurnId(1), "five seconds", NOON);
        timers.begin(&session, TurnId(1), "five seconds", after(1));
        let look = |now| timers.look(&session, "five seconds", 5, now);
        assert_eq!([look(NOON), look(after(2)), look(after(5))], [Timer::Left(5), Timer::Left(3), Timer::Over]);
        assert_eq!(timers.look(&SessionId::from("b"), "five seconds", 5, NOON), Timer::BeganUnknown);
    }

    #[test]
    fn the_same_words_in_a_later_turn_begin_anew() {
        let (timers, session) = (Timers::default(), SessionId::from("a"));
        timers.begin(&session, TurnId(1), "five seconds", NOON);
        timers.begin(&session, TurnId(2), "five seconds", after(4));
        assert_eq!(timers.look(&session, "five seconds", 5, after(4)), Timer::Left(5));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let timers = Timers::default();
        for number in 0..2 * MOST_SESSIONS as u64 {
            timers.begin(&SessionId::from(format!("{number}").as_str()), TurnId(0), "x", after(number));
        }
        for turn in 0..50 {
            timers.begin(&SessionId::from("1500"), TurnId(turn), "y", after(u64::from(turn)));
        }
        let sessions = timers.sessions.lock().unwrap();
        assert_eq!(sessions.len(), MOST_SESSIONS);
        assert!(!sessions.contains_key(&SessionId::from("1023")) && sessions.contains_key(&SessionId::from("1024")));
        assert_eq!(sessions[&SessionId::from("1500")].len(), MOST_BEGINNINGS);
    }
}
