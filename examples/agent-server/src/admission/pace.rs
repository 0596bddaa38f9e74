//! How fast the messages of one connection are read.

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::time::Duration;

/// Seconds of messages that may come at once, such as those that a network held back.
const BURST_S: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);

/// A limit on the messages of a connection. Beyond it they are read as slowly as it says, so that a flood of tiny ones
/// costs others nothing; none is lost.
pub(crate) struct Pace {
    limiter: Option<DefaultDirectRateLimiter>,
    clock: DefaultClock,
}

impl Pace {
    /// So many messages a second; `None` for any number.
    pub(crate) fn per_second(count: Option<NonZeroU32>) -> Self {
        let quota = |count: NonZeroU32| Quota::per_second(count).allow_burst(count.saturating_mul(BURST_S));
        Self { limiter: count.map(|count| RateLimiter::direct(quota(count))), clock: DefaultClock::default() }
    }

    /// Counts a message.
    ///
    /// # Errors
    /// It is one too many: how long to wait before asking again.
    pub(crate) fn count(&self) -> Result<(), Duration> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        limiter.check().map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_seconds_of_messages_may_come_at_once_and_then_one_at_a_time() {
        let pace = Pace::per_second(NonZeroU32::new(10));
        assert_eq!((0..1_000).filter(|_| pace.count().is_ok()).count(), 50);
        let wait = pace.count().unwrap_err();
        assert!(wait <= Duration::from_millis(100), "{wait:?}");
        let any = Pace::per_second(None);
        assert!((0..10_000).all(|_| any.count().is_ok()));
    }
}
