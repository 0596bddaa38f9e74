//! What goes into a call of the host.
//!
//! The stream behind it is the core's and is looked at where the core looks at the answer, never on a thread of the host: one
//! item waits between the two.

use super::hold::Activity;
use super::item::ForeignItem;
use crate::cancel::CancelToken;
use futures::channel::mpsc;
use futures::future::{Either, select};
use futures::stream::{BoxStream, StreamExt};
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

/// An item that becomes what it is at the moment the host takes it.
pub(super) type Deferred = Box<dyn FnOnce() -> ForeignItem + Send>;

/// The items that go into a call. Cheap to clone; for one reader at a time.
#[derive(Clone)]
pub struct ForeignInput {
    shared: Arc<Shared>,
}

struct Shared {
    items: Mutex<mpsc::Receiver<Deferred>>,
    activity: Arc<Activity>,
    over: CancelToken,
}

/// The core's side: moves items on as the host takes them.
pub(super) struct Feed {
    items: BoxStream<'static, Deferred>,
    host: mpsc::Sender<Deferred>,
}

/// Where input comes from.
pub(super) enum Source {
    /// There is none.
    Nowhere,
    /// A stream of the core's.
    Stream(BoxStream<'static, Deferred>),
    /// A queue that is filled without looking at the answer.
    Queue(mpsc::Receiver<Deferred>),
}

impl Source {
    /// Both sides of the input.
    pub(super) fn open(self, activity: &Arc<Activity>, over: &CancelToken) -> (Option<Feed>, Option<ForeignInput>) {
        let (feed, receiver) = match self {
            Self::Nowhere => return (None, None),
            Self::Queue(receiver) => (None, receiver),
            Self::Stream(items) => {
                // Room for one item, which is the sender's own.
                let (host, receiver) = mpsc::channel(0);
                (Some(Feed { items, host }), receiver)
            }
        };
        let shared = Shared { items: Mutex::new(receiver), activity: activity.clone(), over: over.clone() };
        (feed, Some(ForeignInput { shared: Arc::new(shared) }))
    }
}

impl Feed {
    /// Moves on what can be; ready at the end of the items, or when the host has let go of its side.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.host.poll_ready(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {}
            }
            match std::task::ready!(self.items.poll_next_unpin(context)) {
                // Fails when the host lets go at this moment.
                Some(item) => drop(self.host.start_send(item)),
                None => return Poll::Ready(()),
            }
        }
    }
}

impl ForeignInput {
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
        let waker = self.shared.activity.look(context.waker());
        let next = items.poll_next_unpin(&mut Context::from_waker(&waker));
        if next.is_pending() {
            self.shared.activity.wait();
        }
        next.map(|item| item.map(|item| item()))
    }
}

impl fmt::Debug for ForeignInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignInput").finish_non_exhaustive()
    }
}
