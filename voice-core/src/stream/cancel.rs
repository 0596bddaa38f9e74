//! Ending a stream from outside.

use crate::cancel::CancelToken;
use futures::Stream;
use futures::stream::FusedStream;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio_util::sync::WaitForCancellationFutureOwned;

pin_project! {
    /// A stream that ends when a token is cancelled, without an error.
    ///
    /// The stream inside is dropped as soon as the end is noticed, so that its work stops. Nothing of it comes after the
    /// cancellation, even what was ready.
    #[must_use = "streams do nothing unless polled"]
    pub struct UntilCancelled<S> {
        #[pin]
        inner: Option<S>,
        // Boxed, so that the adapter can be moved whenever the stream inside can.
        cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    }
}

impl<S> UntilCancelled<S> {
    pub(super) fn new(inner: S, token: &CancelToken) -> Self {
        Self { inner: Some(inner), cancelled: Box::pin(token.cancelled()) }
    }

    /// The stream inside; `None` once it has ended.
    pub fn get_ref(&self) -> Option<&S> {
        self.inner.as_ref()
    }

    /// The stream inside, to be changed; `None` once it has ended.
    pub fn get_mut(&mut self) -> Option<&mut S> {
        self.inner.as_mut()
    }

    /// The stream inside; `None` once it has ended.
    pub fn into_inner(self) -> Option<S> {
        self.inner
    }
}

impl<S: Stream> Stream for UntilCancelled<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let item = match this.cancelled.as_mut().poll(cx) {
            Poll::Ready(()) => None,
            Poll::Pending => ready!(inner.poll_next(cx)),
        };
        if item.is_none() {
            this.inner.set(None);
        }
        Poll::Ready(item)
    }
}

impl<S: Stream> FusedStream for UntilCancelled<S> {
    fn is_terminated(&self) -> bool {
        self.inner.is_none()
    }
}

impl<S: fmt::Debug> fmt::Debug for UntilCancelled<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilCancelled").field("inner", &self.inner).finish_non_exhaustive()
    }
}
