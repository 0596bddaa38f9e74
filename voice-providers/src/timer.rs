//! A deadline that is moved on.

use futures::FutureExt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// A length of time, counted from when it was last restarted.
#[derive(Debug)]
pub(crate) struct Timer {
    sleep: Pin<Box<Sleep>>,
    length: Duration,
}

impl Timer {
    /// Begins to count.
    pub(crate) fn new(length: Duration) -> Self {
        Self { sleep: Box::pin(sleep(length)), length }
    }

    /// The whole length.
    pub(crate) fn length(&self) -> Duration {
        self.length
    }

    /// The whole length again, from now.
    pub(crate) fn restart(&mut self) {
        let deadline: Instant = sleep(self.length).deadline();
        self.sleep.as_mut().reset(deadline);
    }

    /// Ready once the length has passed.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.sleep.poll_unpin(context)
    }
}
