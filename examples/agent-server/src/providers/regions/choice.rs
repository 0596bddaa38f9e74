//! Which of several regions to use: the nearest that is well, without wavering.

use std::time::Duration;

/// Looks in a row that must fail before a region counts as gone. The one in use is left at the first: there is another.
const FAILURES: u32 = 2;
/// Another region is taken when it is nearer than the one in use by this share and by this much …
const NEARER: f64 = 0.8;
const NEARER_BY: Duration = Duration::from_millis(5);
/// … in so many looks in a row.
const LOOKS: u32 = 3;
/// What the newest look is worth beside all before it.
const NEWEST: f64 = 0.3;

/// What is known of the regions of a service.
#[derive(Debug)]
pub(super) struct Choice {
    regions: Vec<Region>,
    chosen: usize,
    /// The one that was nearer in the last looks, and in how many.
    rival: Option<(usize, u32)>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Region {
    /// Smoothed; `None` until it was reached once.
    away: Option<Duration>,
    failures: u32,
}

/// Why another region is used from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is nearer.
    Nearer,
    /// The one before cannot be reached.
    Unreachable,
}

impl Choice {
    /// Of so many, the first until they have been looked at.
    pub(super) fn new(regions: usize) -> Self {
        Self { regions: vec![Region::default(); regions], chosen: 0, rival: None }
    }

    pub(super) fn chosen(&self) -> usize {
        self.chosen
    }

    /// How far away a region is, when it was reached of late.
    pub(super) fn away(&self, region: usize) -> Option<Duration> {
        self.regions.get(region).filter(|region| region.failures == 0).and_then(|region| region.away)
    }

    /// Notes how long it took to reach each, `None` for one that was not reached; tells whether another one is chosen.
    pub(super) fn look(&mut self, times: &[Option<Duration>]) -> Option<Reason> {
        let first = self.regions.iter().all(|region| region.away.is_none());
        for (region, time) in self.regions.iter_mut().zip(times) {
            region.note(*time);
        }
        let nearest = self.nearest()?;
        if nearest == self.chosen {
            self.rival = None;
            return None;
        }
        let (current, other) = (self.regions[self.chosen], self.regions[nearest]);
        if current.failures > 0 {
            return self.change(nearest, Reason::Unreachable);
        }
        if first {
            return self.change(nearest, Reason::Nearer);
        }
        if !other.is_clearly_nearer(&current) {
            self.rival = None;
            return None;
        }
        let looks = self.rival.filter(|(rival, _)| *rival == nearest).map_or(0, |(_, looks)| looks) + 1;
        self.rival = Some((nearest, looks));
        if looks >= LOOKS { self.change(nearest, Reason::Nearer) } else { None }
    }

    fn change(&mut self, region: usize, reason: Reason) -> Option<Reason> {
        (self.chosen, self.rival) = (region, None);
        Some(reason)
    }

    /// The nearest of those that can be reached; none of which it is known what became of the last two looks.
    fn nearest(&self) -> Option<usize> {
        let well = self.regions.iter().enumerate().filter(|(_, region)| region.failures == 0);
        let known = well.filter_map(|(index, region)| region.away.map(|away| (away, index)));
        known.min().map(|(_, index)| index)
    }
}

impl Region {
    fn note(&mut self, time: Option<Duration>) {
        let Some(time) = time else {
            self.failures += 1;
            if self.failures >= FAILURES {
                // Where it will be when it is back, nobody knows.
                self.away = None;
            }
            return;
        };
        self.failures = 0;
        self.away = Some(self.away.map_or(time, |away| away.mul_f64(1.0 - NEWEST) + time.mul_f64(NEWEST)));
    }

    fn is_clearly_nearer(&self, than: &Self) -> bool {
        let (Some(here), Some(there)) = (self.away, than.away) else { return self.away.is_some() };
        here <= there.mul_f64(NEARER) && here + NEARER_BY <= there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds for each region, 0 where it was not reached.
    fn look(choice: &mut Choice, times: [u64; 3]) -> (usize, Option<Reason>) {
        let times = times.map(|ms| (ms > 0).then(|| Duration::from_millis(ms)));
        let reason = choice.look(&times);
        (choice.chosen(), reason)
    }

    #[test]
    fn the_nearest_is_taken_at_the_first_look() {
        let mut choice = Choice::new(3);
        assert_eq!(choice.chosen(), 0);
        assert_eq!(look(&mut choice, [90, 30, 60]), (1, Some(Reason::Nearer)));
        assert_eq!(choice.away(2), Some(Duration::from_millis(60)));
    }

    #[test]
    fn another_one_has_to_be_clearly_nearer_for_a_while() {
        let mut choice = Choice::new(3);
        look(&mut choice, [50, 80, 90]);
        for _ in 0..50 {
            assert_eq!(look(&mut choice, [50, 46, 90]), (0, None), "hardly nearer");
        }
        assert_eq!(look(&mut choice, [50, 10, 90]), (0, None), "one look is none");
        let undecided = (0..10).take_while(|_| look(&mut choice, [50, 10, 90]).1.is_none()).count();
        assert_eq!((choice.chosen(), undecided), (1, 1));
        for (first, second) in [(50, 10), (8, 60)].into_iter().cycle().take(40) {
            look(&mut choice, [first, second, 90]);
            assert_eq!(choice.chosen(), 1, "what goes up and down is no reason");
        }
    }

    #[test]
    fn one_that_cannot_be_reached_is_left_at_once_and_taken_again_when_it_is_back() {
        let mut choice = Choice::new(3);
        look(&mut choice, [30, 60, 90]);
        assert_eq!(look(&mut choice, [0, 60, 90]), (1, Some(Reason::Unreachable)));
        assert_eq!(choice.away(0), None);
        assert_eq!(look(&mut choice, [0, 0, 90]), (2, Some(Reason::Unreachable)));
        assert_eq!(look(&mut choice, [0, 0, 0]), (2, None), "nobody is left");
        let back = (0..10).take_while(|_| look(&mut choice, [30, 60, 90]).0 != 0).count();
        assert!(back >= 1, "not at its first sign of life while another one serves: {back}");
        assert_eq!(choice.chosen(), 0);
    }
}
