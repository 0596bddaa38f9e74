//! How many sessions the processors will bear, judged by those there are.
//!
//! What a newcomer costs shows only once it talks, some seconds after it was let in; until then it is taken to cost what
//! the others do. Else all who were turned away come back in the moment in which there is room for a few of them.

use std::collections::VecDeque;

/// Readings that are averaged: people take turns, and it needs some of them to tell what a conversation costs.
const READINGS: usize = 40;
/// With fewer sessions than this nothing can be said of what one costs.
const FEW: f64 = 16.0;
/// The part of the limit below which there is room for any number.
const LITTLE: f64 = 0.5;

/// The last readings.
#[derive(Debug, Default)]
pub(super) struct Headroom {
    /// Of each the share of the processors, in percent, and the sessions that were open.
    readings: VecDeque<(f64, usize)>,
}

impl Headroom {
    /// Takes a reading; how many sessions may be open so that their share stays below `limit`.
    pub(super) fn add(&mut self, percent: f64, open: usize, limit: f64) -> usize {
        if self.readings.len() == READINGS {
            self.readings.pop_front();
        }
        self.readings.push_back((percent, open));
        let count = self.readings.len() as f64;
        let share = self.readings.iter().map(|(percent, _)| percent).sum::<f64>() / count;
        let sessions = self.readings.iter().map(|(_, open)| *open as f64).sum::<f64>() / count;
        if sessions < FEW || share < limit * LITTLE { usize::MAX } else { (sessions * limit / share) as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(readings: &[(f64, usize)]) -> usize {
        let mut headroom = Headroom::default();
        readings.iter().fold(0, |_, (percent, open)| headroom.add(*percent, *open, 70.0))
    }

    #[test]
    fn there_is_room_for_as_many_as_would_cost_the_limit() {
        assert_eq!(after(&[(50.0, 100); READINGS]), 140);
        assert_eq!(after(&[(100.0, 100); READINGS]), 70);
    }

    #[test]
    fn a_server_with_little_to_do_or_few_to_judge_by_takes_any_number() {
        assert_eq!(after(&[(30.0, 500); READINGS]), usize::MAX);
        assert_eq!(after(&[(90.0, 3); READINGS]), usize::MAX);
    }

    #[test]
    fn what_counts_are_some_turns_and_not_the_moment() {
        let talk = [(100.0, 100), (0.0, 100)].repeat(READINGS / 2);
        assert_eq!(after(&talk), 140);
        // Those who have just come cost nothing yet.
        let rush = [vec![(50.0, 100); READINGS], vec![(50.0, 140); 4]].concat();
        assert!((140..150).contains(&after(&rush)), "{}", after(&rush));
    }
}
