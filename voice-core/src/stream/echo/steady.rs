//! A delay read off a network: the least of what is seen, moved as seldom as possible.

use crate::time::SessionTime;
use std::time::Duration;

/// Late packets come one by one, a stall in a burst that ends on time. What is late for longer than this is later.
const WINDOW: Duration = Duration::from_secs(1);

/// Follows the least of the values seen: down at once, up only when all of a second lie higher by more than the
/// tolerance. A canceller that has learnt a delay has to learn it again with every move.
#[derive(Debug, Clone)]
pub(super) struct Steady {
    tolerance: i64,
    value: Option<i64>,
    least: i64,
    window_ends: SessionTime,
}

impl Steady {
    pub(super) fn new(tolerance: i64) -> Self {
        Self { tolerance, value: None, least: i64::MAX, window_ends: SessionTime::ZERO }
    }

    /// Takes what is seen now and gives the value that holds.
    pub(super) fn observe(&mut self, seen: i64, now: SessionTime) -> i64 {
        let value = self.value.map_or(seen, |value| value.min(seen));
        if self.least == i64::MAX {
            self.window_ends = now + WINDOW;
        }
        self.least = self.least.min(seen);
        let value = if now >= self.window_ends {
            let least = std::mem::replace(&mut self.least, i64::MAX);
            if least > value + self.tolerance { least } else { value }
        } else {
            value
        };
        self.value = Some(value);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(seen: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let mut steady = Steady::new(20);
        let times = (0..).step_by(100).map(SessionTime::from_millis);
        seen.into_iter().zip(times).map(|(seen, now)| steady.observe(seen, now)).collect()
    }

    #[test]
    fn jitter_does_not_move_it() {
        let jitter = [0, 15, 3, 40, 9, 1, 22, 5].iter().cycle().take(60).copied();
        assert!(follow(jitter).iter().all(|&value| value == 0));
    }

    #[test]
    fn a_stall_that_catches_up_does_not_move_it() {
        let mut seen = vec![0; 30];
        seen[12..20].copy_from_slice(&[100, 200, 300, 400, 500, 600, 300, 0]);
        assert!(follow(seen).iter().all(|&value| value == 0));
    }

    #[test]
    fn what_is_earlier_moves_it_at_once_and_what_stays_later_within_two_windows() {
        assert_eq!(follow([50, 50, 10])[2], 10);
        let followed = follow([vec![0; 15], vec![300; 25]].concat());
        let moved = followed.iter().position(|&value| value == 300).expect("it follows");
        assert!((25..=37).contains(&moved), "{moved}");
    }

    #[test]
    fn a_slow_drift_is_followed_in_steps_beyond_the_tolerance() {
        let followed = follow(0..200);
        let steps = followed.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!((5..=10).contains(&steps), "{steps}");
        assert!(followed.iter().zip(0..).all(|(value, seen)| seen - value < 60));
    }
}
