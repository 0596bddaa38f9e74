//! The hands: calls to tools, side by side, each until it ends or is dropped.

use crate::cancel::CancelToken;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::id::{ReplyId, SessionId};
use crate::stage::{CallContext, Tool};
use crate::tool::{SideEffect, ToolOutput};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use futures::{FutureExt, future};
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// What became of a call.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) reply: ReplyId,
    pub(super) id: String,
    /// What it gave, or what went wrong.
    pub(super) result: Result<ToolOutput>,
}

/// The calls that are alive. How many there are at once, and for how long, is up to the conversation.
#[derive(Default)]
pub(super) struct Hands {
    calls: FuturesUnordered<BoxFuture<'static, Option<Outcome>>>,
    cancels: Vec<(String, CancelToken)>,
}

impl Hands {
    /// Begins a call. One with an irreversible effect outlives the cancellation of its session: it is stopped by
    /// [`cancel`](Self::cancel) alone.
    pub(super) fn run(
        &mut self,
        tool: &Arc<dyn Tool>,
        reply: ReplyId,
        id: String,
        arguments: Value,
        mut cx: CallContext,
    ) {
        if tool.spec().effect == SideEffect::Irreversible {
            cx.cancel = CancelToken::new();
        }
        let (session, cancel, tool) = (cx.session.clone(), cx.cancel.clone(), Arc::clone(tool));
        let name = tool.spec().name.clone();
        self.cancels.push((id.clone(), cancel.clone()));
        let work = AssertUnwindSafe(async move { tool.call(arguments, cx).await }).catch_unwind();
        let call = async move {
            let result = match future::select(Box::pin(cancel.cancelled()), Box::pin(work)).await {
                future::Either::Left(_) => return None,
                future::Either::Right((Ok(result), _)) => {
                    result.inspect_err(|error| note_problem(&session, &name, error))
                }
                future::Either::Right((Err(_), _)) => {
                    tracing::error!(%session, tool = name, "a tool panicked");
                    Err(Error::new(ErrorKind::Internal, Stage::Tool, "the tool broke down"))
                }
            };
            Some(Outcome { reply, id, result })
        };
        self.calls.push(call.boxed());
    }

    /// Drops a call.
    pub(super) fn cancel(&mut self, id: &str) {
        if let Some(index) = self.cancels.iter().position(|(of, _)| of == id) {
            self.cancels.swap_remove(index).1.cancel();
        }
    }

    /// The next call that ends by itself; pending for ever while none is alive. Cancel-safe.
    pub(super) fn next(&mut self) -> impl Future<Output = Outcome> + '_ {
        future::poll_fn(|context| {
            loop {
                match self.calls.poll_next_unpin(context) {
                    Poll::Ready(Some(Some(outcome))) => {
                        self.cancels.retain(|(id, _)| *id != outcome.id);
                        return Poll::Ready(outcome);
                    }
                    Poll::Ready(Some(None)) => {}
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                }
            }
        })
    }

    /// Lets what is alive come to its end, for so long, and drops the rest.
    pub(super) async fn finish(mut self, patience: Duration) {
        let ended = async { while self.calls.next().await.is_some() {} };
        if tokio::time::timeout(patience, ended).await.is_err() {
            tracing::warn!(calls = self.calls.len(), "a tool did not end in time");
        }
        for (_, cancel) in self.cancels {
            cancel.cancel();
        }
    }
}

/// The model is told of every error. What only the operator can mend stands in the log.
fn note_problem(session: &SessionId, tool: &str, error: &Error) {
    if *error.kind() != ErrorKind::InvalidInput {
        tracing::warn!(%session, tool, %error, "a tool failed");
    }
}
