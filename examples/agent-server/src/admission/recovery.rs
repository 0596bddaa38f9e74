//! How sessions are let in again after there was too much to do: slowly, since all who were turned away come back at once
//! and cost nothing before they talk.

/// Steps in a second.
pub(super) const STEPS_A_SECOND: u32 = 4;
/// Sessions a second that are let in again, and besides the share of those that are open.
const ONE: f64 = 1.0;
const SHARE: f64 = 0.02;
/// After so many seconds without trouble it is forgotten.
const FORGOTTEN_S: u32 = 60;

/// How far a server has recovered.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    /// Sessions that there may be by now, and the steps since the trouble was over; nothing where there was none lately.
    after: Option<(f64, u32)>,
}

impl Recovery {
    /// A step later, with so many sessions open: how many there may be.
    pub(super) fn step(&mut self, in_trouble: bool, open: usize) -> usize {
        self.after = match self.after {
            _ if in_trouble => Some((open as f64, 0)),
            Some((most, steps)) if steps < FORGOTTEN_S * STEPS_A_SECOND => {
                Some((most + (ONE + SHARE * open as f64) / f64::from(STEPS_A_SECOND), steps + 1))
            }
            _ => None,
        };
        self.after.map_or(usize::MAX, |(most, _)| most as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_was_no_trouble_there_is_no_limit() {
        assert_eq!(Recovery::default().step(false, 1_000), usize::MAX);
    }

    #[test]
    fn after_trouble_a_crowd_gets_in_a_few_at_a_time() {
        let mut recovery = Recovery::default();
        recovery.step(true, 100);
        let mut open = 100;
        let seconds: Vec<usize> = (0..10)
            .map(|_| {
                let before = open;
                // Whoever may comes in.
                (0..STEPS_A_SECOND).for_each(|_| open = open.max(recovery.step(false, open)));
                open - before
            })
            .collect();
        assert!(seconds.iter().all(|count| (2..=4).contains(count)), "{seconds:?}");
        assert_eq!(recovery.step(true, open), open, "and nobody when it is too much again");
    }

    #[test]
    fn a_minute_later_it_is_forgotten() {
        let mut recovery = Recovery::default();
        recovery.step(true, 100);
        let steps = (0..).find(|_| recovery.step(false, 100) == usize::MAX).unwrap();
        assert_eq!(steps, FORGOTTEN_S * STEPS_A_SECOND);
    }
}
