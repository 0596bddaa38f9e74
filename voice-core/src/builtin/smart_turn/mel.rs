//! Slaney's mel filters: 80 triangles over 0 … 8 kHz, the bank that Whisper was trained with.
//!
//! The scale is linear up to 1 kHz (15 mel, 200/3 Hz each) and logarithmic above it (27 mel for a factor of 6.4), after
//! M. Slaney, "Auditory Toolbox", 1998. Each triangle has the same area.

/// Filters.
pub(super) const MELS: usize = 80;
/// Frequencies of a spectrum, 0 Hz to half the sampling rate.
pub(super) const BINS: usize = 201;
/// Half the sampling rate, in Hz.
const HIGHEST_HZ: f64 = 8_000.0;

/// Where the scale turns logarithmic.
const BREAK_HZ: f64 = 1_000.0;
const BREAK_MEL: f64 = 15.0;
/// Mel for a factor of 6.4 above the break.
const LOG_STEPS: f64 = 27.0;
const LOG_FACTOR: f64 = 6.4;

fn mel_of(hz: f64) -> f64 {
    if hz < BREAK_HZ {
        hz * BREAK_MEL / BREAK_HZ
    } else {
        BREAK_MEL + (hz / BREAK_HZ).ln() * LOG_STEPS / LOG_FACTOR.ln()
    }
}

fn hz_of(mel: f64) -> f64 {
    if mel < BREAK_MEL {
        mel * BREAK_HZ / BREAK_MEL
    } else {
        BREAK_HZ * ((mel - BREAK_MEL) * LOG_FACTOR.ln() / LOG_STEPS).exp()
    }
}

/// The filters, each as its first bin and its weights from there on.
pub(super) struct MelFilters([(usize, Vec<f32>); MELS]);

impl MelFilters {
    pub(super) fn new() -> Self {
        let highest = mel_of(HIGHEST_HZ);
        let edge = |number: usize| hz_of(highest * number as f64 / (MELS + 1) as f64);
        Self(std::array::from_fn(|mel| filter(edge(mel), edge(mel + 1), edge(mel + 2))))
    }

    /// The power in each filter.
    pub(super) fn apply(&self, power: &[f32; BINS]) -> [f32; MELS] {
        std::array::from_fn(|mel| {
            let (first, weights) = &self.0[mel];
            weights.iter().zip(&power[*first..]).map(|(weight, power)| weight * power).sum()
        })
    }
}

/// A triangle from `low` over `centre` to `high`, in Hz, of area 1.
fn filter(low: f64, centre: f64, high: f64) -> (usize, Vec<f32>) {
    let weight = |bin: usize| {
        let hz = HIGHEST_HZ * bin as f64 / (BINS - 1) as f64;
        let rising = (hz - low) / (centre - low);
        let falling = (high - hz) / (high - centre);
        (rising.min(falling).max(0.0) * 2.0 / (high - low)) as f32
    };
    let first = (0..BINS).find(|&bin| weight(bin) > 0.0).unwrap_or_default();
    (first, (first..BINS).map(weight).take_while(|weight| *weight > 0.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_linear_and_then_logarithmic() {
        assert!((mel_of(500.0) - 7.5).abs() < 1e-12);
        assert!((mel_of(1_000.0) - 15.0).abs() < 1e-12);
        assert!((mel_of(6_400.0) - 42.0).abs() < 1e-12);
        for hz in [60.0, 999.0, 1_001.0, 7_999.0] {
            assert!((hz_of(mel_of(hz)) - hz).abs() < 1e-9, "{hz}");
        }
    }

    #[test]
    fn every_filter_takes_in_something_and_neighbours_overlap() {
        let filters = MelFilters::new();
        for (number, pair) in filters.0.windows(2).enumerate() {
            let (first, weights) = &pair[0];
            assert!(!weights.is_empty(), "filter {number}");
            assert!(pair[1].0 <= first + weights.len(), "filters {number} and {}", number + 1);
        }
    }

    #[test]
    fn wide_filters_have_an_area_of_one() {
        let bin_hz = HIGHEST_HZ / (BINS - 1) as f64;
        for (_, weights) in &MelFilters::new().0[70..] {
            let area: f64 = weights.iter().map(|weight| f64::from(*weight) * bin_hz).sum();
            assert!((area - 1.0).abs() < 0.01, "{area}");
        }
    }
}
