//! A language model of the host.

use super::call::{ForeignHost, ForeignKind, begin, complete};
use super::hold::ClockHold;
use super::input::Source;
use super::item::{Given, LlmAsked, LlmGiven};
use crate::error::Result;
use crate::json::written;
use crate::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest};
use futures::stream::{self, BoxStream, StreamExt};
use std::fmt;
use std::sync::Arc;

/// A language model of the host.
#[derive(Clone)]
pub struct ForeignLlm {
    name: Arc<str>,
    host: Arc<dyn ForeignHost>,
    hold: Option<ClockHold>,
}

impl ForeignLlm {
    /// The model of this name that `host` serves.
    pub fn new(name: impl Into<Arc<str>>, host: Arc<dyn ForeignHost>) -> Self {
        Self { name: name.into(), host, hold: None }
    }

    /// The same, in simulated time: the clock stands still while a call is at work.
    #[must_use]
    pub fn holding(mut self, clock: Option<ClockHold>) -> Self {
        self.hold = clock;
        self
    }
}

impl LlmProvider for ForeignLlm {
    fn name(&self) -> &str {
        &self.name
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        let (host, hold) = (self.host.clone(), self.hold.clone());
        // Begun when it is first looked at, as every stream of a provider.
        stream::once(async move {
            begin(&*host, ForeignKind::Llm, written(&LlmAsked::from(&request)), Source::Nowhere, &cx, hold, complete())
        })
        .flatten()
        .filter_map(async |given| match given {
            Ok(Given::Llm(LlmGiven::Text(text))) => Some(Ok(LlmEvent::Text(text))),
            Ok(Given::Llm(LlmGiven::ToolCall(call))) => Some(Ok(LlmEvent::ToolCall(call))),
            // Read as what the kind of the call gives, it is nothing else.
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
        .boxed()
    }
}

impl fmt::Debug for ForeignLlm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignLlm").field("name", &self.name).finish_non_exhaustive()
    }
}
