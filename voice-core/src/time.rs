//! Two clocks, two types: [`AudioTime`] counts audio, [`SessionTime`] counts patience.
//!
//! Silence is measured in samples, so it cannot be stretched by a slow network; deadlines are measured in session
//! time. Only `agent/clock.rs` converts between a clock and these types; everywhere else time is an argument.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};
use std::time::Duration;

/// A position in a stream of audio, in ticks of 48 kHz: exact for 8, 12, 16, 24 and 48 kHz.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AudioTime(u64);

impl AudioTime {
    /// Ticks a second.
    pub const TICKS_PER_SECOND: u64 = 48_000;
    /// The start of the stream.
    pub const ZERO: Self = Self(0);

    /// The time `samples` samples at `rate` Hz after the start. Rates that do not divide 48,000 are rounded down.
    pub fn from_samples(samples: u64, rate: u32) -> Self {
        let rate = u64::from(rate.max(1));
        Self((u128::from(samples) * u128::from(Self::TICKS_PER_SECOND) / u128::from(rate)) as u64)
    }

    /// From 48 kHz ticks.
    pub fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// From milliseconds of audio.
    pub fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds * (Self::TICKS_PER_SECOND / 1000))
    }

    /// In 48 kHz ticks.
    pub fn ticks(self) -> u64 {
        self.0
    }

    /// In whole milliseconds, rounded down.
    pub fn as_millis(self) -> u64 {
        self.0 / (Self::TICKS_PER_SECOND / 1000)
    }

    /// In samples at `rate` Hz, rounded down.
    pub fn as_samples(self, rate: u32) -> u64 {
        (u128::from(self.0) * u128::from(rate) / u128::from(Self::TICKS_PER_SECOND)) as u64
    }

    /// The audio between `earlier` and this, zero when `earlier` is later.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        let ticks = self.0.saturating_sub(earlier.0);
        Duration::from_nanos((u128::from(ticks) * 1_000_000_000 / u128::from(Self::TICKS_PER_SECOND)) as u64)
    }

    /// This time moved back, not before the start.
    pub fn saturating_sub_millis(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_sub(milliseconds * (Self::TICKS_PER_SECOND / 1000)))
    }
}

impl Add for AudioTime {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

/// Time since the session began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionTime(u64);

impl SessionTime {
    /// The beginning of the session.
    pub const ZERO: Self = Self(0);

    /// From the time since the session began.
    pub fn from_duration(since_start: Duration) -> Self {
        Self(u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX))
    }

    /// From milliseconds since the session began.
    pub fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds.saturating_mul(1_000_000))
    }

    /// The time since the session began.
    pub fn as_duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Milliseconds with their fraction.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The time from `earlier` to this, zero when `earlier` is later.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for SessionTime {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for SessionTime {
    type Output = Self;
    /// Not before the session began.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_time_is_exact_at_the_usual_rates() {
        for rate in [8_000, 12_000, 16_000, 24_000, 48_000] {
            for samples in [0, 1, 7, 511, 1_000_003] {
                assert_eq!(AudioTime::from_samples(samples, rate).as_samples(rate), samples);
            }
        }
    }

    #[test]
    fn durations_never_underflow() {
        assert_eq!(AudioTime::ZERO.saturating_since(AudioTime::from_millis(5)), Duration::ZERO);
        assert_eq!(SessionTime::ZERO - Duration::from_secs(1), SessionTime::ZERO);
        assert_eq!(AudioTime::from_millis(250).saturating_since(AudioTime::ZERO), Duration::from_millis(250));
    }
}
