//! A histogram that can be added to another and tells percentiles to within 4 %, in a third of a KiB.

/// Below this all values are one, in ms.
const SMALLEST: f64 = 0.1;
/// A bin's upper bound in terms of its lower one: what is in the middle of a bin is 4 % off at most.
const GROWTH: f64 = 1.08;
/// Bins up to 65 s; what takes longer counts as that.
const BINS: usize = 174;

/// Figures in ms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sketch {
    bins: [u16; BINS],
    count: u32,
    least: f64,
    most: f64,
}

impl Default for Sketch {
    fn default() -> Self {
        Self { bins: [0; BINS], count: 0, least: f64::INFINITY, most: 0.0 }
    }
}

impl Sketch {
    pub(crate) fn add(&mut self, ms: f64) {
        let bin = &mut self.bins[bin_of(ms)];
        *bin = bin.saturating_add(1);
        self.count = self.count.saturating_add(1);
        self.least = self.least.min(ms);
        self.most = self.most.max(ms);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            *bin = bin.saturating_add(*more);
        }
        self.count = self.count.saturating_add(other.count);
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The largest of all, exactly; `None` of nothing.
    pub(crate) fn most(&self) -> Option<f64> {
        (self.count > 0).then_some(self.most)
    }

    /// The value that this part of all do not exceed (0.5 the median), exact where there is one alone; `None` of nothing.
    pub(crate) fn percentile(&self, part: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let held: u64 = self.bins.iter().map(|bin| u64::from(*bin)).sum();
        let rank = ((held as f64 * part).ceil() as u64).max(1);
        let mut passed = 0;
        let bin = self.bins.iter().position(|bin| {
            passed += u64::from(*bin);
            passed >= rank
        });
        let middle = SMALLEST * GROWTH.powf(bin.unwrap_or(BINS - 1) as f64 - 0.5);
        Some(middle.clamp(self.least, self.most))
    }
}

/// Bin 0 holds what is below the smallest, bin n what is between `GROWTH^(n-1)` and `GROWTH^n` times that.
fn bin_of(ms: f64) -> usize {
    // What is no number, or negative, is cast to 0.
    ((ms / SMALLEST).ln() / GROWTH.ln() + 1.0).clamp(0.0, (BINS - 1) as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = f64>) -> Sketch {
        let mut sketch = Sketch::default();
        values.into_iter().for_each(|value| sketch.add(value));
        sketch
    }

    #[test]
    fn percentiles_are_within_4_percent() {
        for scale in [0.2, 1.0, 37.0] {
            let sketch = of((1..=1_000).map(|n| f64::from(n) * scale));
            for part in [0.01, 0.5, 0.9, 0.95, 0.99, 1.0] {
                let (told, exact) = (sketch.percentile(part).unwrap(), (1_000.0 * part).ceil() * scale);
                assert!((told / exact - 1.0).abs() <= 0.04, "{part} of {scale}: {told} for {exact}");
            }
        }
    }

    #[test]
    fn one_value_is_told_exactly() {
        for value in [0.0, 0.05, 612.34, 90_000.0] {
            let sketch = of([value]);
            assert_eq!(
                (sketch.percentile(0.5), sketch.percentile(0.95), sketch.most()),
                (Some(value), Some(value), Some(value))
            );
        }
        assert_eq!((of([]).percentile(0.5), of([]).most()), (None, None));
    }

    #[test]
    fn two_added_are_as_one_of_all() {
        let (even, odd) = ((0..500).map(|n| f64::from(n * 2)), (0..500).map(|n| f64::from(n * 2 + 1)));
        let mut sum = of(even);
        sum.merge(&of(odd));
        assert_eq!(sum, of((0..1_000).map(f64::from)));
    }

    #[test]
    fn nonsense_and_multitudes_do_no_harm() {
        let mut sketch = of([f64::NAN, -1.0, f64::INFINITY]);
        for _ in 0..70_000 {
            sketch.add(5.0);
        }
        assert_eq!(sketch.count(), 70_003);
        assert!((sketch.percentile(0.5).unwrap() - 5.0).abs() < 0.2);
    }
}
