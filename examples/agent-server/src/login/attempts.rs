//! Guesses of a password.

use std::collections::HashMap;
use std::hash::Hash;

/// Wrong ones that a client may have in a period.
const MOST: u32 = 10;
const PERIOD_S: u64 = 60;
/// Clients whose guesses are kept. When more than that guess, nobody new may until those are forgotten.
const MOST_CLIENTS: usize = 10_000;

/// Wrong guesses of each client.
#[derive(Debug)]
pub(super) struct Attempts<K> {
    wrong: HashMap<K, Guesses>,
}

#[derive(Debug)]
struct Guesses {
    count: u32,
    since: u64,
}

impl<K: Hash + Eq> Attempts<K> {
    pub(super) fn new() -> Self {
        Self { wrong: HashMap::new() }
    }

    /// How long a client has to wait, in s, before another guess of it is told from those before.
    pub(super) fn wait(&mut self, client: &K, now: u64) -> Option<u64> {
        match self.wrong.get(client) {
            Some(guesses) if guesses.count >= MOST => left(guesses, now),
            Some(_) => None,
            None if self.wrong.len() < MOST_CLIENTS => None,
            None => {
                self.wrong.retain(|_, guesses| left(guesses, now).is_some());
                (self.wrong.len() >= MOST_CLIENTS).then_some(PERIOD_S)
            }
        }
    }

    /// Counts a wrong guess.
    pub(super) fn wrong(&mut self, client: K, now: u64) {
        let guesses = self.wrong.entry(client).or_insert(Guesses { count: 0, since: now });
        if left(guesses, now).is_none() {
            *guesses = Guesses { count: 0, since: now };
        }
        guesses.count += 1;
    }
}

/// Seconds until the guesses count no more.
fn left(guesses: &Guesses, now: u64) -> Option<u64> {
    (guesses.since + PERIOD_S).checked_sub(now).filter(|left| *left > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_wrong_guesses_are_enough_for_a_minute() {
        let mut attempts = Attempts::new();
        for _ in 0..10 {
            assert_eq!(attempts.wait(&1, 100), None);
            attempts.wrong(1, 100);
        }
        assert_eq!(attempts.wait(&1, 101), Some(59));
        assert_eq!(attempts.wait(&2, 101), None, "others are not touched");
        assert_eq!(attempts.wait(&1, 160), None);
        attempts.wrong(1, 160);
        assert_eq!(attempts.wait(&1, 160), None, "and there are ten more");
    }

    #[test]
    fn many_who_guess_take_no_more_than_their_share_of_memory() {
        let mut attempts = Attempts::new();
        (0..MOST_CLIENTS).for_each(|client| attempts.wrong(client, 0));
        assert_eq!(attempts.wait(&MOST_CLIENTS, 1), Some(60));
        assert_eq!(attempts.wait(&MOST_CLIENTS, 61), None);
        assert!(attempts.wrong.is_empty());
    }
}
