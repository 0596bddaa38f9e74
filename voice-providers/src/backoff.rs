//! Pauses between attempts.

use std::time::Duration;
use voice_core::{Error, ErrorKind};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// A service that asks for a longer one is asked again after this.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Pauses between attempts: anything up to `first`·2ⁿ, at most 8 s. Drawn at random, so that the clients of a service
/// that came back do not all come at once.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    failures: u32,
    random: u64,
}

impl Backoff {
    /// The same seed gives the same pauses.
    pub(crate) fn new(first: Duration, seed: u64) -> Self {
        Self { first, failures: 0, random: seed }
    }

    /// Failures since the last success.
    #[cfg(any(test, feature = "websocket"))]
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// It worked.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How long to wait after this failure.
    pub(crate) fn failed(&mut self, error: &Error) -> Duration {
        let longest = self.first.saturating_mul(1 << self.failures.min(16)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        let pause = longest.mul_f64(self.unit());
        match error.kind() {
            ErrorKind::RateLimited { retry_after: Some(asked) } => pause.max((*asked).min(LONGEST_RETRY_AFTER)),
            _ => pause,
        }
    }

    /// 0 … 1 (SplitMix64).
    fn unit(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use voice_core::Stage;

    #[test]
    fn pauses_grow_within_their_bounds_and_repeat_with_their_seed() {
        let lost = Error::new(ErrorKind::Unavailable, Stage::Stt, "lost");
        let pauses = |seed| {
            let mut backoff = Backoff::new(Duration::from_millis(250), seed);
            (0..40).map(|_| backoff.failed(&lost)).collect::<Vec<_>>()
        };
        for seed in 0..100 {
            for (index, pause) in pauses(seed).iter().enumerate() {
                let longest = Duration::from_millis(250 << index.min(10)).min(LONGEST_PAUSE);
                assert!(*pause <= longest, "{index}: {pause:?}");
            }
        }
        assert_eq!(pauses(7), pauses(7));
        assert_ne!(pauses(7), pauses(8));
    }

    #[test]
    fn the_pause_a_service_asks_for_is_kept() {
        let asked = Duration::from_secs(20);
        let limited = Error::new(ErrorKind::RateLimited { retry_after: Some(asked) }, Stage::Stt, "slow down");
        let mut backoff = Backoff::new(Duration::from_millis(250), 1);
        assert_eq!(backoff.failed(&limited), asked);
        assert_eq!(backoff.failures(), 1);
        backoff.succeeded();
        assert_eq!(backoff.failures(), 0);
    }
}
