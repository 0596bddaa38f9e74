//! When a measured value is too high, without wavering.

use std::collections::VecDeque;

/// Judges by the median of the last samples: a single bad one changes nothing, and half of them have to be bad.
///
/// What has become too high stays so until the median has been well below the limit for a while. People who talk come in
/// waves, and whoever is let in between two of them is there for the next.
#[derive(Debug)]
pub(super) struct Gauge {
    samples: VecDeque<f64>,
    window: usize,
    limit: f64,
    release: f64,
    /// Samples in a row by which the median has to be below `release`.
    calm: usize,
    /// Those there were.
    calm_for: usize,
    over: bool,
}

impl Gauge {
    /// Too high from `limit` on until below `release` for `calm` samples, by the median of `window` of them; never before
    /// there are as many.
    pub(super) fn new(window: usize, limit: f64, release: f64, calm: usize) -> Self {
        Self { samples: VecDeque::with_capacity(window), window, limit, release, calm, calm_for: 0, over: false }
    }

    /// Takes a sample. `Some` tells that the judgement has changed, and to what.
    pub(super) fn add(&mut self, sample: f64) -> Option<bool> {
        if self.samples.len() == self.window {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        if self.samples.len() < self.window {
            return None;
        }
        let median = self.median();
        let over = if self.over {
            self.calm_for = if median < self.release { self.calm_for + 1 } else { 0 };
            self.calm_for < self.calm
        } else {
            self.calm_for = 0;
            median >= self.limit
        };
        (over != std::mem::replace(&mut self.over, over)).then_some(over)
    }

    /// The middle of the samples; of an even number of them the greater one.
    pub(super) fn median(&self) -> f64 {
        let mut sorted: Vec<f64> = self.samples.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(gauge: &mut Gauge, samples: &[f64]) -> Vec<(usize, bool)> {
        let judged = samples.iter().enumerate().map(|(index, sample)| (index, gauge.add(*sample)));
        judged.filter_map(|(index, change)| Some((index, change?))).collect()
    }

    #[test]
    fn a_single_stall_is_no_overload() {
        let mut gauge = Gauge::new(5, 50.0, 25.0, 1);
        assert_eq!(changes(&mut gauge, &[1.0, 1.0, 900.0, 1.0, 1.0, 1.0, 800.0, 1.0]), []);
    }

    #[test]
    fn nothing_is_judged_by_the_first_moments() {
        let mut gauge = Gauge::new(5, 50.0, 25.0, 1);
        assert_eq!(changes(&mut gauge, &[900.0; 4]), []);
        assert_eq!(gauge.add(900.0), Some(true));
    }

    #[test]
    fn between_the_limits_the_judgement_stays() {
        let mut gauge = Gauge::new(3, 50.0, 25.0, 1);
        assert_eq!(changes(&mut gauge, &[40.0; 9]), [], "not yet too high");
        assert_eq!(changes(&mut gauge, &[60.0; 3]), [(1, true)]);
        assert_eq!(changes(&mut gauge, &[40.0; 9]), [], "not yet low enough");
        assert_eq!(changes(&mut gauge, &[20.0; 3]), [(1, false)]);
    }

    #[test]
    fn a_trough_between_two_waves_is_no_calm() {
        let mut gauge = Gauge::new(1, 50.0, 25.0, 4);
        let wave = [60.0, 60.0, 10.0, 10.0, 10.0];
        assert_eq!(changes(&mut gauge, &[wave, wave, wave].concat()), [(0, true)]);
        assert_eq!(changes(&mut gauge, &[10.0; 5]), [(0, false)], "three calm ones there were already");
    }
}
