//! How often something may happen, for each client.

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Clients that are kept apart. Those of the last minute count; 65,536 of them are some 6 MB.
const MOST_KEYS: usize = 65_536;
/// After so many questions, clients that were quiet for a minute are forgotten.
const SWEEP_EVERY: usize = 4_096;

/// Whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key<K> {
    One(K),
    /// Everybody, when there are too many to tell apart.
    All,
}

/// A limit for each client: so many a minute, at any pace.
pub(crate) struct Rate<K: Clone + Hash + Eq> {
    limiter: RateLimiter<Key<K>, DefaultKeyedStateStore<Key<K>>, DefaultClock>,
    clock: DefaultClock,
    asked: AtomicUsize,
    most_keys: usize,
}

impl<K: Clone + Hash + Eq> Rate<K> {
    /// So many a minute for each client.
    pub(crate) fn per_minute(count: NonZeroU32) -> Self {
        Self::new(Quota::per_minute(count), MOST_KEYS)
    }

    fn new(quota: Quota, most_keys: usize) -> Self {
        let (limiter, clock) = (RateLimiter::keyed(quota), DefaultClock::default());
        Self { limiter, clock, asked: AtomicUsize::new(0), most_keys }
    }

    /// Counts one more of this client.
    ///
    /// # Errors
    /// The client has to wait for so long.
    pub(crate) fn count(&self, client: K) -> Result<(), Duration> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if asked % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
        }
        let key = if self.limiter.len() < self.most_keys { Key::One(client) } else { Key::All };
        self.limiter.check_key(&key).map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_a_minute(most_keys: usize) -> Rate<u32> {
        Rate::new(Quota::per_minute(NonZeroU32::new(2).unwrap()), most_keys)
    }

    #[test]
    fn each_client_has_its_own_and_is_told_how_long_to_wait() {
        let rate = two_a_minute(10);
        assert_eq!([rate.count(1), rate.count(1)], [Ok(()), Ok(())]);
        let wait = rate.count(1).unwrap_err();
        assert!((20..=30).contains(&wait.as_secs()), "{wait:?}");
        assert_eq!(rate.count(2), Ok(()));
    }

    #[test]
    fn too_many_clients_to_tell_apart_share_one_limit_and_no_more_memory() {
        let rate = two_a_minute(100);
        let taken = (0..10_000).filter(|client| rate.count(*client).is_ok()).count();
        assert_eq!(taken, 100 + 2);
        assert!(rate.limiter.len() <= 101, "{}", rate.limiter.len());
    }
}
