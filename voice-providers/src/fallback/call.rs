//! One call to one of the providers.

use futures::StreamExt;
use futures::stream::BoxStream;
use std::future::pending;
use tokio::time::{Instant, sleep_until};
use voice_core::stage::CallContext;
use voice_core::{CancelToken, Result};

/// Dropped, it is cancelled.
pub(super) struct Call<T> {
    stream: BoxStream<'static, Result<T>>,
    cancel: CancelToken,
}

impl<T> Call<T> {
    /// Begins a call in a context below `cx`.
    pub(super) fn begin(cx: &CallContext, begin: impl FnOnce(CallContext) -> BoxStream<'static, Result<T>>) -> Self {
        let cancel = cx.cancel.child();
        let stream = begin(CallContext { cancel: cancel.clone(), ..cx.clone() });
        Self { stream, cancel }
    }

    /// The next result. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<Option<T>> {
        self.stream.next().await.transpose()
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Resolves at `deadline`, without one never.
pub(super) async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}
