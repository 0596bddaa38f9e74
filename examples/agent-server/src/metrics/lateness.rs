//! How late a thread is: it asks to be woken, and sees when it is.

use super::Metrics;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// Ten looks a second cost nothing and miss no stall that a listener would hear.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Watches the thread it runs on, without end.
pub(crate) async fn watch(metrics: Arc<Metrics>) {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let due = looks.tick().await;
        metrics.late(due.elapsed());
    }
}
