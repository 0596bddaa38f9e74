//! The time of day, as an argument.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the brain the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> SystemTime;

    /// How far local time is ahead of UTC at `time`, in seconds.
    fn utc_offset(&self, time: SystemTime) -> i32;
}

/// The computer's clock and time zone.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    // People ask the demo for the time: this is the one clock it has.
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn utc_offset(&self, time: SystemTime) -> i32 {
        super::time_zone::utc_offset(time)
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// A moment as people say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalTime {
    pub(super) hour: u64,
    pub(super) minute: u64,
    pub(super) weekday: &'static str,
    pub(super) month: &'static str,
    /// Of the month, from 1.
    pub(super) day: u64,
}

impl LocalTime {
    pub(super) fn now(clock: &dyn Clock) -> Self {
        let now = clock.now();
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        Self::from_seconds(seconds.saturating_add_signed(clock.utc_offset(now).into()))
    }

    /// From seconds of local time since 1970. The calendar is the Gregorian one, in years that begin in March, which
    /// puts the leap day last: a year's day `d` then lies in month `(5 d + 2) / 153`.
    fn from_seconds(seconds: u64) -> Self {
        let days = seconds / 86_400;
        // Days since 1 March of the year 0: 400 years have 146,097 of them.
        let since = days + 719_468;
        let era_day = since % 146_097;
        let year = (era_day - era_day / 1_460 + era_day / 36_524 - era_day / 146_096) / 365;
        let year_day = era_day - (365 * year + year / 4 - year / 100);
        let month = (5 * year_day + 2) / 153;
        Self {
            hour: seconds / 3600 % 24,
            minute: seconds / 60 % 60,
            weekday: DAYS[(days % 7) as usize],
            month: MONTHS[((month + 2) % 12) as usize],
            day: year_day - (153 * month + 2) / 5 + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, weekday, month, day) in [
            (0, "Thursday", "January", 1),
            (951_782_400, "Tuesday", "February", 29),
            (951_868_800, "Wednesday", "March", 1),
            (1_703_980_800, "Sunday", "December", 31),
            (1_795_392_000, "Monday", "November", 23),
        ] {
            let time = LocalTime::from_seconds(seconds);
            assert_eq!((time.weekday, time.month, time.day), (weekday, month, day), "{seconds}");
        }
    }

    #[test]
    fn hours_and_minutes_are_local() {
        struct Fixed;
        impl Clock for Fixed {
            fn now(&self) -> SystemTime {
                UNIX_EPOCH + Duration::from_secs(23 * 3600 + 30 * 60)
            }
            fn utc_offset(&self, _time: SystemTime) -> i32 {
                3600
            }
        }
        let time = LocalTime::now(&Fixed);
        assert_eq!((time.hour, time.minute, time.weekday), (0, 30, "Friday"));
    }
}
