//! The mind: one call to the language model, cut into sentences as it writes.

use super::Parts;
use super::serving::Serving;
use crate::cancel::CancelToken;
use crate::conversation::Prompt;
use crate::error::{Error, Result};
use crate::id::ReplyId;
use crate::stage::{CallContext, LlmEvent, LlmRequest, Notice};
use crate::text::{Sentence, SentenceSplitter};
use crate::tool::ToolCall;
use futures::stream::{BoxStream, StreamExt};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What becomes known of the reply's text.
#[derive(Debug)]
pub(super) enum Thought {
    /// The model works, on what is no text.
    Alive,
    FirstToken,
    Notice(Notice),
    Served(Arc<str>),
    Sentence(Sentence),
    /// The end, with calls to tools.
    Calls(Vec<ToolCall>),
    Ended,
    Failed(Error),
}

/// Calls to tools kept of one answer; a conversation does far fewer.
const MOST_TOOL_CALLS: usize = 128;

/// At most one call is alive.
#[derive(Default)]
pub(super) struct Mind {
    call: Option<Call>,
}

struct Call {
    reply: ReplyId,
    cancel: CancelToken,
    stream: BoxStream<'static, Result<LlmEvent>>,
    splitter: SentenceSplitter,
    ready: VecDeque<Thought>,
    tool_calls: Vec<ToolCall>,
    begun: bool,
    serving: Serving,
}

impl Mind {
    /// Begins an answer; one that was alive is cancelled.
    pub(super) fn start(
        &mut self,
        parts: &Parts,
        reply: ReplyId,
        prompt: Prompt,
        request: LlmRequest,
        cx: CallContext,
    ) {
        self.stop();
        let cancel = cx.cancel.clone();
        let serving = match (&prompt, &parts.llm) {
            (Prompt::Model, Some(llm)) => Serving::new(llm.name()),
            _ => Serving::nobody(),
        };
        let stream = match (prompt, &parts.llm) {
            (Prompt::Text(text), _) => futures::stream::iter([Ok(LlmEvent::Text(text))]).boxed(),
            (Prompt::Model, Some(llm)) => llm.generate(request, cx),
            (Prompt::Model, None) => futures::stream::iter([Err(super::missing_model())]).boxed(),
        };
        self.call = Some(Call {
            reply,
            cancel,
            stream,
            splitter: SentenceSplitter::default(),
            ready: VecDeque::new(),
            tool_calls: Vec::new(),
            begun: false,
            serving,
        });
    }

    /// Cancels the call and drops it.
    pub(super) fn stop(&mut self) {
        if let Some(call) = self.call.take() {
            call.cancel.cancel();
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.call.is_some()
    }

    /// The next thought; pending for ever while no call is alive. Cancel-safe.
    pub(super) fn next(&mut self) -> impl Future<Output = (ReplyId, Thought)> + '_ {
        poll_fn(|context| self.poll(context))
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<(ReplyId, Thought)> {
        let Some(call) = &mut self.call else { return Poll::Pending };
        let reply = call.reply;
        loop {
            if let Some(thought) = call.ready.pop_front() {
                if matches!(thought, Thought::Calls(_) | Thought::Ended | Thought::Failed(_)) {
                    self.stop();
                }
                return Poll::Ready((reply, thought));
            }
            match call.stream.poll_next_unpin(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(LlmEvent::Text(text)))) => call.read(&text),
                Poll::Ready(Some(Ok(LlmEvent::Notice(notice)))) => {
                    call.serving.heed(&notice);
                    call.ready.push_back(Thought::Notice(notice));
                }
                Poll::Ready(Some(Ok(LlmEvent::ToolCall(_)))) if call.tool_calls.len() >= MOST_TOOL_CALLS => {}
                Poll::Ready(Some(Ok(LlmEvent::ToolCall(wanted)))) => call.tool_calls.push(wanted),
                Poll::Ready(Some(Err(error))) => call.finish(Thought::Failed(error)),
                Poll::Ready(None) if call.tool_calls.is_empty() => call.finish(Thought::Ended),
                Poll::Ready(None) => {
                    let calls = std::mem::take(&mut call.tool_calls);
                    call.finish(Thought::Calls(calls));
                }
            }
        }
    }
}

impl Call {
    fn read(&mut self, text: &str) {
        if text.is_empty() {
            return self.ready.push_back(Thought::Alive);
        }
        if !self.begun {
            self.begun = true;
            self.ready.extend(self.serving.result().map(Thought::Served));
            self.ready.push_back(Thought::FirstToken);
        }
        self.ready.extend(self.splitter.push(text).into_iter().map(Thought::Sentence));
    }

    fn finish(&mut self, last: Thought) {
        self.ready.extend(self.splitter.finish().into_iter().map(Thought::Sentence));
        self.ready.push_back(last);
    }
}
