//! The server's clock: the one file of the server that reads time. Elsewhere time is an argument.
#![allow(clippy::disallowed_methods)]

use std::time::{Duration, Instant, SystemTime};

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> u64 {
    jsonwebtoken::get_current_timestamp()
}

/// Counts from the start of the server. What it says is never set back, whatever becomes of the system's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    epoch: Instant,
    wall: SystemTime,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { epoch: Instant::now(), wall: SystemTime::now() }
    }

    /// Since the start.
    pub(crate) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// The time of day at a moment.
    pub(crate) fn wall(&self, at: Duration) -> SystemTime {
        self.wall + at
    }

    /// The same as whole ms since 1970, as a browser counts.
    pub(crate) fn unix_ms(&self, at: Duration) -> u64 {
        let since = self.wall(at).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
