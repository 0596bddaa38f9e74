//! What goes into a call of the host.

use super::hold::Activity;
use super::item::ForeignItem;
use crate::cancel::CancelToken;
use futures::future::{Either, select};
use futures::stream::{BoxStream, StreamExt};
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

/// The items that go into a call. Cheap to clone; for one reader at a time.
#[derive(Clone)]
pub struct ForeignInput {
    shared: Arc<Shared>,
}

struct Shared {
    /// `None` when the call is over.
    items: Mutex<Option<BoxStream<'static, ForeignItem>>>,
    activity: Arc<Activity>,
    over: CancelToken,
}

impl ForeignInput {
    pub(super) fn new(items: BoxStream<'static, ForeignItem>, activity: Arc<Activity>, over: CancelToken) -> Self {
        Self { shared: Arc::new(Shared { items: Mutex::new(Some(items)), activity, over }) }
    }

    /// The next item; `None` at the end, and at once when the call is over. Cancel-safe.
    pub async fn next(&self) -> Option<ForeignItem> {
        let ended = pin!(self.shared.over.cancelled());
        match select(ended, poll_fn(|context| self.poll_next(context))).await {
            Either::Left(_) => None,
            Either::Right((item, _)) => item,
        }
    }

    fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<ForeignItem>> {
        let mut items = self.shared.items.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stream) = items.as_mut() else { return Poll::Ready(None) };
        let waker = self.shared.activity.look(context.waker());
        let next = stream.poll_next_unpin(&mut Context::from_waker(&waker));
        match &next {
            Poll::Pending => self.shared.activity.wait(),
            Poll::Ready(None) => *items = None,
            Poll::Ready(Some(_)) => {}
        }
        next
    }

    /// The call is over: lets go of what would have come.
    pub(super) fn let_go(&self) {
        let items = self.shared.items.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Dropped without the lock: what is behind it is not ours.
        drop(items);
    }
}

impl fmt::Debug for ForeignInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignInput").finish_non_exhaustive()
    }
}
