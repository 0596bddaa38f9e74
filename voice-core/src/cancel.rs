//! Cancellation as one tree (session → turn → call), and the owner of the few tasks that providers may spawn.

use std::future::Future;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

/// A node of the cancellation tree: cancelling it cancels everything below it, never what is above.
///
/// A cancelled stream *ends*; it does not yield an error. Dropping a stream stops its work just as well: the token says
/// the same thing earlier and to more listeners.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(CancellationToken);

impl CancelToken {
    /// The root of a new tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// A node below this one.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }

    /// Cancels this node and all below it. Doing it twice does nothing.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether this node or one above it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Resolves when this node is cancelled.
    pub fn cancelled(&self) -> WaitForCancellationFutureOwned {
        self.0.clone().cancelled_owned()
    }
}

/// Owns tasks: they are told to stop by its token and joined by [`TaskScope::close`].
///
/// Stages need no task. The exception are owners of a connection (a multiplexed socket, a keepalive), which spawn here
/// so that nothing outlives the session or the provider.
#[derive(Debug, Clone, Default)]
pub struct TaskScope {
    tracker: TaskTracker,
    cancel: CancelToken,
}

impl TaskScope {
    /// A scope whose tasks stop when `cancel` is cancelled.
    pub fn new(cancel: CancelToken) -> Self {
        Self { tracker: TaskTracker::new(), cancel }
    }

    /// Runs `task` until it ends or the scope is cancelled, whichever comes first. Needs a Tokio runtime.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let cancelled = self.cancel.cancelled();
        self.tracker.spawn(async move {
            tokio::select! {
                () = cancelled => {}
                () = task => {}
            }
        });
    }

    /// Tasks that have not ended.
    pub fn len(&self) -> usize {
        self.tracker.len()
    }

    /// Whether no task is left.
    pub fn is_empty(&self) -> bool {
        self.tracker.is_empty()
    }

    /// Cancels all tasks and waits until the last has ended.
    pub async fn close(&self) {
        self.cancel.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelling_goes_down_the_tree_and_never_up() {
        let session = CancelToken::new();
        let (turn, other) = (session.child(), session.child());
        let call = turn.child();
        turn.cancel();
        assert!(call.is_cancelled());
        assert!(!other.is_cancelled() && !session.is_cancelled());
        session.cancel();
        assert!(other.is_cancelled());
    }

    #[tokio::test]
    async fn closing_a_scope_joins_its_tasks() {
        let scope = TaskScope::new(CancelToken::new());
        scope.spawn(std::future::pending());
        assert_eq!(scope.len(), 1);
        scope.close().await;
        assert!(scope.is_empty());
    }
}
