//! The time that the process has had on the processors.

use std::thread;
use std::time::Duration;
use tokio::time::Instant;

/// Steps of Linux' count in a second: `USER_HZ`, the same on every architecture that Rust runs on.
const STEPS: f64 = 100.0;

/// Tells the share of the processors that the process has used since it last told.
pub(super) struct ProcessTime {
    last: Option<(Instant, Duration)>,
    processors: f64,
}

impl ProcessTime {
    /// Shares are those of the processors that this process may use, quotas of its group included.
    pub(super) fn new() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self { last: None, processors: processors as f64 }
    }

    /// In percent; `None` the first time, and where the system does not tell.
    pub(super) fn percent(&mut self, now: Instant) -> Option<f64> {
        self.share(now, used()?)
    }

    fn share(&mut self, now: Instant, used: Duration) -> Option<f64> {
        let (then, before) = self.last.replace((now, used))?;
        let possible = now.saturating_duration_since(then).as_secs_f64() * self.processors;
        let share = used.saturating_sub(before).as_secs_f64() / possible;
        share.is_finite().then_some(100.0 * share)
    }
}

/// In user mode and in the kernel, by all threads; `None` where the system does not tell.
pub(crate) fn used() -> Option<Duration> {
    parse(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

/// The second field is the program's name in parentheses, which may hold anything; the times are the fields 14 and 15.
fn parse(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let steps = fields.next()?.parse::<u64>().ok()?.checked_add(fields.next()?.parse().ok()?)?;
    Some(Duration::from_secs_f64(steps as f64 / STEPS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_times_are_added_whatever_the_name_of_the_program() {
        let stat = "42 (a) R 7 (b)) S 1 42 42 0 -1 4194560 900 0 3 0 1250 250 0 0 20 0 9 0 100 0 0";
        assert_eq!(parse(stat), Some(Duration::from_secs(15)));
        for broken in ["", "42 (x) S 1", "42 (x) S 1 2 3 4 5 6 7 8 9 10 a b c"] {
            assert_eq!(parse(broken), None, "{broken:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_share_is_of_all_processors_and_of_the_time_since_it_was_told_last() {
        let mut process = ProcessTime { last: None, processors: 2.0 };
        let begin = tokio::time::sleep(Duration::ZERO).deadline();
        let at = |ms| begin + Duration::from_millis(ms);
        assert_eq!(process.share(at(0), Duration::from_secs(7)), None);
        assert_eq!(process.share(at(1_000), Duration::from_secs(8)), Some(50.0));
        assert_eq!(process.share(at(1_500), Duration::from_secs(9)), Some(100.0));
        assert_eq!(process.share(at(1_500), Duration::from_secs(9)), None, "no time has passed");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_tells() {
        assert!(used().is_some());
    }
}
