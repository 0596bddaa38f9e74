//! What becomes of a session whose task panics: it ends alone, and everyone who waits for it is told.

use super::outbox::Outbox;
use super::session::{Ends, SessionStatus};
use crate::cancel::CancelToken;
use crate::conversation::Event;
use crate::error::{ErrorKind, Stage};
use crate::id::SessionId;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::{broadcast, watch};

/// The ends of a session's channels that outlive its task.
pub(super) struct Breakdown {
    id: SessionId,
    outbox: Arc<Outbox>,
    events: broadcast::Sender<Event>,
    status: watch::Sender<SessionStatus>,
    cancel: CancelToken,
}

impl Breakdown {
    pub(super) fn of(id: &SessionId, ends: &Ends) -> Self {
        Self {
            id: id.clone(),
            outbox: ends.outbox.clone(),
            events: ends.events.clone(),
            status: ends.status.clone(),
            cancel: ends.cancel.clone(),
        }
    }

    /// Runs a session to its end, whatever that is.
    pub(super) async fn told_of(self, session: impl Future<Output = ()>) {
        // What the panic left behind is dropped with the future: nobody sees it again.
        if AssertUnwindSafe(session).catch_unwind().await.is_ok() {
            return;
        }
        tracing::error!(session = %self.id, "a session broke down");
        self.cancel.cancel();
        // Observers may be gone.
        let _ = self.events.send(Event::Failed {
            stage: Stage::Session,
            kind: ErrorKind::Internal,
            message: "the session broke down".to_owned(),
        });
        self.status.send_modify(|status| (status.broken, status.closed) = (true, true));
        self.outbox.close();
    }
}
