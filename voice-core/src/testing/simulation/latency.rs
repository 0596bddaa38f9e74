//! How long things take.

use crate::testing::Random;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A distribution of times, in ms. In JSON: `{"constant":250}`, `{"uniform":{"from_ms":0,"to_ms":300}}`,
/// `{"log_normal":{"median_ms":98,"p95_ms":217}}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    /// Always the same.
    Constant(f64),
    /// Any from one to the other, equally often.
    Uniform {
        /// The shortest.
        from_ms: f64,
        /// The longest.
        to_ms: f64,
    },
    /// Most near the median, some much longer: what services over a network take. It is given by what services publish.
    LogNormal {
        /// Half of them are shorter.
        median_ms: f64,
        /// Of a hundred, five are longer.
        p95_ms: f64,
    },
}

/// The 95th percentile of the normal distribution.
const Z_95: f64 = 1.644_853_626_951_472_2;
/// Nothing takes longer: the answer of a distribution that was not thought through.
const LONGEST_MS: f64 = 600_000.0;

impl Latency {
    /// No time at all.
    pub const NONE: Self = Self::Constant(0.0);

    /// Always the same.
    pub fn constant(ms: u32) -> Self {
        Self::Constant(f64::from(ms))
    }

    /// Any from one to the other, in ms, equally often.
    pub fn uniform(from_ms: u32, to_ms: u32) -> Self {
        Self::Uniform { from_ms: f64::from(from_ms), to_ms: f64::from(to_ms) }
    }

    /// Half of them up to the median, 95 % up to the other, in ms.
    pub fn log_normal(median_ms: u32, p95_ms: u32) -> Self {
        Self::LogNormal { median_ms: f64::from(median_ms), p95_ms: f64::from(p95_ms) }
    }

    /// One of them, in whole µs.
    pub fn sample(&self, random: &mut Random) -> Duration {
        let ms = match *self {
            Self::Constant(ms) => ms,
            Self::Uniform { from_ms, to_ms } => from_ms + (to_ms - from_ms).max(0.0) * random.unit(),
            Self::LogNormal { median_ms, p95_ms } => {
                let median = median_ms.max(0.001);
                let sigma = (p95_ms.max(median) / median).ln() / Z_95;
                median * (sigma * normal(random)).exp()
            }
        };
        Duration::from_micros((ms.clamp(0.0, LONGEST_MS) * 1_000.0) as u64)
    }
}

/// A number of the normal distribution (Box and Muller, 1958).
fn normal(random: &mut Random) -> f64 {
    let radius = (-2.0 * (1.0 - random.unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.unit()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_normal_latency_has_the_percentiles_it_was_given() {
        let latency = Latency::log_normal(98, 217);
        let mut random = Random::new(1);
        let mut samples: Vec<f64> = (0..20_000).map(|_| latency.sample(&mut random).as_secs_f64() * 1_000.0).collect();
        samples.sort_by(f64::total_cmp);
        assert!((95.0..101.0).contains(&samples[10_000]), "{}", samples[10_000]);
        assert!((208.0..226.0).contains(&samples[19_000]), "{}", samples[19_000]);
    }

    #[test]
    fn a_uniform_latency_stays_in_its_bounds() {
        let mut random = Random::new(1);
        let samples: Vec<_> = (0..1_000).map(|_| Latency::uniform(20, 30).sample(&mut random).as_millis()).collect();
        assert!(samples.iter().all(|ms| (20..30).contains(ms)));
        assert!(samples.contains(&20) && samples.contains(&29));
    }
}
