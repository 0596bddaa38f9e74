//! The language model.

use super::{CallContext, Notice};
use crate::error::Result;
use crate::message::Message;
use crate::tool::{ToolCall, ToolSpec};
use futures::stream::BoxStream;
use futures::{FutureExt, future::BoxFuture};
use std::sync::Arc;

/// What the model is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LlmRequest {
    /// How the agent is to behave.
    pub instructions: Option<Arc<str>>,
    /// What the agent is to know now; may change while the session is open.
    pub context: Option<Arc<str>>,
    /// The conversation: the user's newest words last, or after them what the tools called in answer to them gave.
    pub messages: Vec<Message>,
    /// What the model may call.
    pub tools: Arc<[ToolSpec]>,
    /// What the answer is for.
    pub purpose: LlmPurpose,
}

/// What an answer is for. The request says all that a language model has to know; this is for what is none, and for one
/// that serves its purposes in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LlmPurpose {
    /// To be given to the user.
    #[default]
    Reply,
    /// To stand for older turns of the conversation. An answer without a word means that there is no summary: they are
    /// dropped then.
    Summary,
}

/// What the model answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LlmEvent {
    /// The next piece of text, of any length; pieces join verbatim. An empty one says that the model works, on a call to
    /// a tool for example.
    Text(String),
    /// News of the providers behind this one.
    Notice(Notice),
    /// A call to a tool, whole. Calls are carried out when the answer has ended, all those of an answer at once.
    ToolCall(ToolCall),
}

/// A language model. Shared by all sessions.
pub trait LlmProvider: Send + Sync {
    /// Its name, as in configuration.
    fn name(&self) -> &str;

    /// Answers one request; the stream ends with the answer or when `cx` is cancelled.
    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>>;

    /// Prepares a connection so that the first call is as fast as the second.
    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        async { Ok(()) }.boxed()
    }
}
