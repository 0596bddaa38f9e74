//! One call to one of the providers.

use super::members::Member;
use super::probing::Probing;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::convert::Infallible;
use std::future::pending;
use tokio::select;
use tokio::time::{Instant, sleep_until};
use voice_core::stage::CallContext;
use voice_core::{CancelToken, Error, ErrorKind, Result};

/// Until when a call must give something, and what is said of one that does not.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    pub(super) at: Option<Instant>,
    pub(super) missed: &'static str,
}

/// What happened first.
pub(super) enum Wake<I, T> {
    /// There is more for the call, or there will be none.
    Input(Option<I>),
    Event(Result<Option<T>>),
}

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

    /// What happens next: it gives something, there is more `input`, or the deadline passes. Those preferred to `serving`
    /// are looked after meanwhile. Cancel-safe.
    pub(super) async fn wake<I, P: Member + ?Sized>(
        &mut self,
        input: Option<&mut BoxStream<'static, I>>,
        deadline: Deadline,
        probing: &mut Probing<P>,
        serving: usize,
    ) -> Wake<I, T> {
        let more_input = async {
            match input {
                Some(input) => input.next().await,
                None => pending().await,
            }
        };
        select! {
            biased;
            event = self.stream.next() => Wake::Event(event.transpose()),
            item = more_input => Wake::Input(item),
            () = passed(deadline.at) => {
                Wake::Event(Err(Error::new(ErrorKind::Timeout, P::STAGE, deadline.missed)))
            }
            never = probing.run(serving) => match never {},
        }
    }

    /// The next result of a call that takes no input. Cancel-safe.
    pub(super) async fn next<P: Member + ?Sized>(
        &mut self,
        deadline: Deadline,
        probing: &mut Probing<P>,
        serving: usize,
    ) -> Result<Option<T>> {
        let no_input = None::<&mut BoxStream<'static, Infallible>>;
        match self.wake(no_input, deadline, probing, serving).await {
            Wake::Event(event) => event,
            Wake::Input(_) => pending().await,
        }
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Resolves at `deadline`, without one never.
async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}
