//! The time a stage takes, whoever serves it.
//!
//! Every item of a stage, and its end, comes at least a millisecond after the one before. So it does not matter at which
//! point of a simulated millisecond a host has it ready, and the log of a stage of the host is that of one in Rust.

use super::script::InsteadOf;
use crate::error::{Error, Result, Stage};
use crate::stage::Notice;
use futures::stream::{self, BoxStream, StreamExt};
use std::time::Duration;
use tokio::time::sleep;

/// How long items take.
pub(super) trait Pace<T>: Send + 'static {
    /// The time before this one, or before the end; `None` for ever.
    fn before(&mut self, item: Option<&Result<T>>) -> Option<Duration>;
}

impl<T, F: FnMut(Option<&Result<T>>) -> Option<Duration> + Send + 'static> Pace<T> for F {
    fn before(&mut self, item: Option<&Result<T>>) -> Option<Duration> {
        self(item)
    }
}

/// `items` at this pace. A stage is asked for an item first, and the time passes before it is given on.
pub(super) fn paced<T: Send + 'static>(
    items: BoxStream<'static, Result<T>>,
    pace: impl Pace<T>,
) -> BoxStream<'static, Result<T>> {
    stream::unfold((items, pace, false), |(mut items, mut pace, ended)| async move {
        if ended {
            return None;
        }
        let item = items.next().await;
        match pace.before(item.as_ref()) {
            Some(time) => sleep(time.max(Duration::from_millis(1))).await,
            None => std::future::pending().await,
        }
        let ended = !matches!(item, Some(Ok(_)));
        item.map(|item| (item, (items, pace, ended)))
    })
    .boxed()
}

/// What is told of one that failed before.
pub(super) fn notices(instead_of: Option<&InsteadOf>, stage: Stage, serving: &str) -> Vec<Notice> {
    let Some(InsteadOf { provider, fails }) = instead_of else { return Vec::new() };
    let failure = fails.error();
    let error = Error::new(failure.kind, stage, failure.message);
    vec![Notice::failed_over(provider.as_str().into(), &error), Notice::Serving { provider: serving.into() }]
}
