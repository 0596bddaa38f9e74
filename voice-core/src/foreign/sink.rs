//! What comes out of a call of the host.

use super::call::ForeignKind;
use super::error::ForeignError;
use super::hold::Activity;
use super::item::{ForeignItem, Given};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use futures::future::{Either, select};
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Context;
use tokio::sync::mpsc;

/// The call is over: it was cancelled, dropped or finished, and nothing more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call is over")]
pub struct CallOver;

/// Why an item was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Nothing more is taken. Not a failure of the host: it should end.
    #[error(transparent)]
    Over(#[from] CallOver),
    /// The item makes no sense; the error names the field. The call goes on.
    #[error(transparent)]
    Refused(#[from] Error),
}

/// Where the answer to a call goes. Cheap to clone. When the last one is gone without [`finish`](Self::finish), the call
/// fails.
#[derive(Debug, Clone)]
pub struct ForeignSink {
    outlet: Arc<Outlet>,
}

/// Tells whether a host still holds a sink, without holding it.
#[derive(Debug, Clone)]
pub struct WeakSink(Weak<Outlet>);

impl WeakSink {
    /// Whether nobody holds it any more.
    pub fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

#[derive(Debug)]
pub(super) struct Outlet {
    kind: ForeignKind,
    /// `None` when the call is over.
    items: Mutex<Option<mpsc::Sender<Result<Given>>>>,
    activity: Arc<Activity>,
    over: CancelToken,
    fill_in: FillIn,
}

/// Names what an item left open, as it is meant at the moment it is sent.
pub(super) struct FillIn(pub(super) Box<dyn Fn(&mut Given) + Send + Sync>);

impl fmt::Debug for FillIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FillIn")
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        // Whoever could finish the call is gone.
        self.activity.end();
    }
}

impl Outlet {
    pub(super) fn new(
        kind: ForeignKind,
        items: mpsc::Sender<Result<Given>>,
        activity: Arc<Activity>,
        over: CancelToken,
        fill_in: FillIn,
    ) -> Self {
        Self { kind, items: Mutex::new(Some(items)), activity, over, fill_in }
    }

    fn read(&self, item: ForeignItem) -> Result<Given> {
        let mut given = self.kind.read(item)?;
        (self.fill_in.0)(&mut given);
        Ok(given)
    }

    fn sender(&self) -> Result<mpsc::Sender<Result<Given>>, CallOver> {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items.clone().filter(|items| !items.is_closed()).ok_or(CallOver)
    }
}

impl ForeignSink {
    pub(super) fn new(outlet: Outlet) -> Self {
        Self { outlet: Arc::new(outlet) }
    }

    /// Gives an item; waits while as many as may wait are there. Cancel-safe: an item is taken whole or not at all.
    ///
    /// # Errors
    /// [`SendError::Over`] when the call is over, at once also while waiting; [`SendError::Refused`] for an item that
    /// makes no sense.
    pub async fn send(&self, item: ForeignItem) -> Result<(), SendError> {
        let given = self.outlet.read(item)?;
        self.put(Ok(given)).await.map_err(SendError::Over)
    }

    /// As [`send`](Self::send), without waiting: gives the item back when there is no room.
    ///
    /// # Errors
    /// As `send`.
    pub fn try_send(&self, item: ForeignItem) -> Result<Option<ForeignItem>, SendError> {
        let given = self.outlet.read(item.clone())?;
        match self.outlet.sender()?.try_send(Ok(given)) {
            Ok(()) => Ok(None),
            Err(mpsc::error::TrySendError::Full(_)) => Ok(Some(item)),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(CallOver.into()),
        }
    }

    /// Ends the call. What was sent before still counts. Doing it twice does nothing; neither does it when the call is
    /// over.
    pub async fn finish(&self, result: Result<(), ForeignError>) {
        let last = result.map(|()| Given::End).map_err(|error| error.at(self.outlet.kind.stage()));
        // Fails when the call is over, which is what this is about.
        let _ = self.put(last).await;
        self.outlet.items.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.outlet.activity.end();
    }

    /// Tells later whether the host has let go of the call.
    pub fn downgrade(&self) -> WeakSink {
        WeakSink(Arc::downgrade(&self.outlet))
    }

    /// Whether nothing more is taken.
    pub fn is_over(&self) -> bool {
        self.outlet.sender().is_err()
    }

    async fn put(&self, item: Result<Given>) -> Result<(), CallOver> {
        let Outlet { activity, over, .. } = &*self.outlet;
        let sender = self.outlet.sender()?;
        let ended = pin!(over.cancelled());
        let mut room = pin!(sender.reserve());
        let room = poll_fn(|context| {
            let waker = activity.look(context.waker());
            let room = room.as_mut().poll(&mut Context::from_waker(&waker));
            if room.is_pending() {
                activity.wait();
            }
            room
        });
        match select(ended, room).await {
            Either::Left(_) | Either::Right((Err(_), _)) => Err(CallOver),
            Either::Right((Ok(room), _)) => {
                room.send(item);
                Ok(())
            }
        }
    }
}
