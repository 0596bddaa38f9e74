//! The request for a chat completion.

use crate::openai::MaxTokensField;
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;
use voice_core::Role;
use voice_core::stage::LlmRequest;

/// The body of a chat completion, its fields in the order in which they are sent.
#[derive(Debug, Serialize)]
pub(in crate::openai) struct ChatRequest<'a> {
    model: &'a str,
    messages: Vec<ChatMessage<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'a str>,
    #[serde(flatten)]
    more: &'a Map<String, Value>,
}

/// Fields that have an option of their own, or are not to be chosen.
pub(in crate::openai) const OWN_FIELDS: [&str; 8] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "temperature",
    "max_completion_tokens",
    "max_tokens",
    "reasoning_effort",
];

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Debug, Serialize)]
struct ChatMessage<'a> {
    role: &'static str,
    content: Cow<'a, str>,
}

/// What of a request is the same for every call.
#[derive(Debug)]
pub(in crate::openai) struct Manner {
    pub(in crate::openai) model: String,
    pub(in crate::openai) temperature: Option<f32>,
    pub(in crate::openai) max_tokens: Option<u32>,
    pub(in crate::openai) max_tokens_field: MaxTokensField,
    pub(in crate::openai) reasoning_effort: Option<String>,
    pub(in crate::openai) more: Map<String, Value>,
}

impl Manner {
    pub(in crate::openai) fn request<'a>(&'a self, request: &'a LlmRequest) -> ChatRequest<'a> {
        let limit = |field| self.max_tokens.filter(|_| self.max_tokens_field == field);
        ChatRequest {
            model: &self.model,
            messages: messages(request),
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            temperature: self.temperature,
            max_completion_tokens: limit(MaxTokensField::MaxCompletionTokens),
            max_tokens: limit(MaxTokensField::MaxTokens),
            reasoning_effort: self.reasoning_effort.as_deref(),
            more: &self.more,
        }
    }
}

/// Instructions and context as one system message, then the history. What the agent was never heard to say is left out:
/// servers refuse empty messages.
fn messages(request: &LlmRequest) -> Vec<ChatMessage<'_>> {
    let context = given(&request.context);
    let context = context.map(|context| format!("What you know now:\n<context>\n{context}\n</context>"));
    let system = match (given(&request.instructions), context) {
        (None, None) => None,
        (Some(instructions), None) => Some(Cow::Borrowed(instructions)),
        (None, Some(context)) => Some(Cow::Owned(context)),
        (Some(instructions), Some(context)) => Some(Cow::Owned(format!("{instructions}\n\n{context}"))),
    };
    let system = system.map(|content| ChatMessage { role: "system", content });
    let said = request.messages.iter().filter(|message| !message.text.trim().is_empty()).map(|message| {
        let role = match message.role {
            Role::User => "user",
            Role::Agent => "assistant",
        };
        ChatMessage { role, content: Cow::Borrowed(&message.text) }
    });
    system.into_iter().chain(said).collect()
}

fn given(text: &Option<Arc<str>>) -> Option<&str> {
    text.as_deref().filter(|text| !text.trim().is_empty())
}
