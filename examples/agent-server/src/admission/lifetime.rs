//! When a session has lasted long enough: nothing has happened in it, or it is as old as it may get.

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use voice_core::conversation::CloseReason;

/// The two deadlines of a session.
pub(crate) struct Lifetime {
    idle: Option<Duration>,
    quiet: Option<Pin<Box<Sleep>>>,
    end: Option<Pin<Box<Sleep>>>,
}

impl Lifetime {
    /// A session that begins now, may be silent for `idle` and last for `longest`; `None` for ever.
    pub(crate) fn begin(idle: Option<Duration>, longest: Option<Duration>) -> Self {
        let timer = |time: Duration| Box::pin(sleep(time));
        Self { idle, quiet: idle.map(timer), end: longest.map(timer) }
    }

    /// Something was said or done.
    pub(crate) fn active(&mut self) {
        if let (Some(idle), Some(quiet)) = (self.idle, &mut self.quiet) {
            quiet.set(sleep(idle));
        }
    }

    /// Resolves when the session should end, once for each deadline.
    pub(crate) async fn over(&mut self) -> CloseReason {
        let reason = tokio::select! {
            () = due(&mut self.end) => CloseReason::Limit,
            () = due(&mut self.quiet) => CloseReason::Idle,
        };
        match reason {
            CloseReason::Limit => self.end = None,
            _ => self.quiet = None,
        }
        reason
    }
}

async fn due(timer: &mut Option<Pin<Box<Sleep>>>) {
    match timer {
        Some(timer) => timer.as_mut().await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn who_does_something_now_and_then_stays_until_the_end() {
        let mut lifetime = Lifetime::begin(Some(MINUTE), Some(5 * MINUTE));
        for _ in 0..9 {
            assert!(timeout(MINUTE / 2, lifetime.over()).await.is_err());
            lifetime.active();
        }
        assert_eq!(timeout(MINUTE, lifetime.over()).await, Ok(CloseReason::Limit));
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_nothing_goes_after_the_idle_time_and_is_told_so_once() {
        let mut lifetime = Lifetime::begin(Some(MINUTE), None);
        assert!(timeout(MINUTE - Duration::from_secs(1), lifetime.over()).await.is_err());
        assert_eq!(timeout(2 * MINUTE, lifetime.over()).await, Ok(CloseReason::Idle));
        assert!(timeout(60 * MINUTE, lifetime.over()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn without_limits_a_session_lasts() {
        let mut lifetime = Lifetime::begin(None, None);
        lifetime.active();
        assert!(timeout(1_000 * MINUTE, lifetime.over()).await.is_err());
    }
}
