//! Writes what a session is, behind its turns: one task a session, which writes the newest snapshot and leaves out those it
//! was too slow for. The session never waits.

use super::{Hold, Record, StoreError};
use crate::registry::Entry;
use crate::state::AppState;
use crate::users;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use voice_core::agent::Control;
use voice_core::conversation::{CloseReason, Snapshot};

/// Of the time for which a store keeps what nobody writes, the part after which it is written again.
const REFRESHES: u32 = 3;

/// Keeps a session until it is over; then erases it, or leaves it to whoever goes on with it.
pub(crate) async fn keep(entry: Arc<Entry>, state: AppState) {
    let mut keeper = Keeper { snapshots: entry.session.snapshots(), held: true, entry, state };
    keeper.follow().await;
    keeper.finish().await;
    keeper.entry.kept.cancel();
}

struct Keeper {
    entry: Arc<Entry>,
    state: AppState,
    snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    /// Nobody else has taken the session over.
    held: bool,
}

impl Keeper {
    async fn follow(&mut self) {
        let mut up = self.state.memory.up();
        let mut refresh = interval(self.state.memory.session_ttl / REFRESHES);
        refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
        refresh.tick().await;
        let session = self.entry.session.clone();
        let mut closed = std::pin::pin!(session.closed());
        loop {
            // What cannot be written now is written when it can.
            let _ = self.write_newest(true).await;
            tokio::select! {
                biased;
                () = &mut closed => return,
                changed = self.snapshots.changed() => if changed.is_err() { return },
                // What was written before may be gone as well.
                () = comes_back(&mut up) => {}
                _ = refresh.tick() => {}
            }
        }
    }

    /// Writes the newest snapshot, if there is one.
    async fn write_newest(&mut self, held_here: bool) -> Result<(), StoreError> {
        let Some(snapshot) = self.snapshots.borrow_and_update().clone() else { return Ok(()) };
        if !self.held {
            return Ok(());
        }
        let entry = &self.entry;
        let record = Record {
            id: entry.session.id().clone(),
            token: entry.pass.hash(),
            epoch: entry.epoch,
            node: held_here.then(|| self.state.memory.node.clone()),
            owner: entry.owner().map(str::to_owned),
            user: entry.user.clone(),
            snapshot,
        };
        match self.state.memory.store.save(&record).await? {
            Hold::Ours => Ok(()),
            Hold::Lost => {
                self.give_up().await;
                Ok(())
            }
        }
    }

    /// Another server goes on with the session: what is left of it here must not speak any more.
    async fn give_up(&mut self) {
        self.held = false;
        tracing::warn!("the session goes on elsewhere: it is closed here");
        self.entry.evict();
        // A session that is over already is as silent as it has to be.
        let _ = self.entry.session.control_wait(Control::Close(CloseReason::Drain)).await;
    }

    /// The session is over.
    async fn finish(&mut self) {
        if !self.held {
            return;
        }
        let status = self.entry.session.status();
        let goes_on = status.broken || status.goodbye == Some(CloseReason::Drain);
        let done = if goes_on {
            self.write_newest(false).await
        } else {
            self.state.memory.store.end(self.entry.session.id(), self.entry.epoch).await
        };
        if let Err(error) = done {
            // What is left there goes when its time is over.
            tracing::warn!(%error, "how the session ended is not known to the store");
        }
        if !goes_on {
            let last = self.snapshots.borrow().clone();
            users::remember(&self.state, &self.entry, last.as_deref()).await;
        }
    }
}

/// Resolves when a store that was away can be reached again.
async fn comes_back(up: &mut watch::Receiver<bool>) {
    while up.changed().await.is_ok() {
        if *up.borrow_and_update() {
            return;
        }
    }
    // A sender that is gone stands for a store that is never away.
    std::future::pending().await
}
