//! The session's clock: the one file that reads time. It is Tokio's, so that tests can pause it.
#![allow(clippy::disallowed_methods)]

use crate::time::SessionTime;
use tokio::time::Instant;

#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    epoch: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { epoch: Instant::now() }
    }

    pub(super) fn now(self) -> SessionTime {
        SessionTime::from_duration(self.epoch.elapsed())
    }

    pub(super) fn instant(self, at: SessionTime) -> Instant {
        self.epoch + at.as_duration()
    }
}
