//! The request for a chat completion.

use crate::openai::MaxTokensField;
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;
use voice_core::stage::LlmRequest;
use voice_core::{Message, ToolCall, ToolRound, ToolSpec};

/// The body of a chat completion, its fields in the order in which they are sent.
#[derive(Debug, Serialize)]
pub(in crate::openai) struct ChatRequest<'a> {
    model: &'a str,
    messages: Vec<ChatMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ChatTool<'a>>,
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
pub(in crate::openai) const OWN_FIELDS: [&str; 9] = [
    "model",
    "messages",
    "tools",
    "stream",
    "stream_options",
    "temperature",
    "max_completion_tokens",
    "max_tokens",
    "reasoning_effort",
];

/// The longest name of a tool that servers take.
const LONGEST_NAME: usize = 64;
/// What a summary of older turns is the answer to. It stands with the agent's words, as in the session memory of OpenAI's
/// cookbook: what users once said gets no more weight than it had, and where roles must alternate they do.
const SUMMARY_REQUEST: &str = "Sum up what we have talked about before.";
/// What servers take where none is named.
const USUAL_TEMPERATURE: f32 = 1.0;

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Debug, Serialize)]
struct ChatMessage<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    content: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ChatCall<'a>>,
}

impl<'a> ChatMessage<'a> {
    fn new(role: &'static str, content: impl Into<Cow<'a, str>>) -> Self {
        Self { role, tool_call_id: None, content: Some(content.into()), tool_calls: Vec::new() }
    }
}

#[derive(Debug, Serialize)]
struct ChatCall<'a> {
    id: &'a str,
    r#type: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Debug, Serialize)]
struct CalledFunction<'a> {
    name: Cow<'a, str>,
    arguments: &'a str,
}

#[derive(Debug, Serialize)]
struct ChatTool<'a> {
    r#type: &'static str,
    function: OfferedFunction<'a>,
}

#[derive(Debug, Serialize)]
struct OfferedFunction<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
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
    /// `cooler` after the model has miswritten a call: it keeps closer to what it knows then.
    pub(in crate::openai) fn request<'a>(&'a self, request: &'a LlmRequest, cooler: bool) -> ChatRequest<'a> {
        let cooled = || Some(self.temperature.unwrap_or(USUAL_TEMPERATURE) / 2.0);
        let limit = |field| self.max_tokens.filter(|_| self.max_tokens_field == field);
        ChatRequest {
            model: &self.model,
            messages: messages(request),
            tools: request.tools.iter().map(offered).collect(),
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            temperature: if cooler { cooled() } else { self.temperature },
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
    let mut chat: Vec<_> = system.map(|content| ChatMessage::new("system", content)).into_iter().collect();
    for message in &request.messages {
        match message {
            Message::User(text) | Message::Agent(text) if text.trim().is_empty() => {}
            Message::User(text) => chat.push(ChatMessage::new("user", text)),
            Message::Agent(text) => chat.push(ChatMessage::new("assistant", text)),
            Message::Tools(round) => add_round(&mut chat, round),
            Message::Summary(text) => {
                chat.extend([ChatMessage::new("user", SUMMARY_REQUEST), ChatMessage::new("assistant", text)]);
            }
        }
    }
    chat
}

/// The calls belong to what the agent said before them; a result for each follows at once.
fn add_round<'a>(chat: &mut Vec<ChatMessage<'a>>, round: &'a ToolRound) {
    let tool_calls = round.calls.iter().map(|answered| called(&answered.call)).collect();
    match chat.last_mut() {
        Some(said) if said.role == "assistant" && said.tool_calls.is_empty() => said.tool_calls = tool_calls,
        _ => chat.push(ChatMessage { role: "assistant", tool_call_id: None, content: None, tool_calls }),
    }
    chat.extend(round.calls.iter().map(|answered| ChatMessage {
        tool_call_id: Some(&answered.call.id),
        ..ChatMessage::new("tool", &answered.result)
    }));
}

fn called(call: &ToolCall) -> ChatCall<'_> {
    // Servers read the arguments of old calls as well, and some fail at what is no JSON.
    let is_object = serde_json::from_str::<Map<String, Value>>(&call.arguments).is_ok();
    let arguments = if is_object { &call.arguments } else { "{}" };
    let function = CalledFunction { name: plain_name(&call.name), arguments };
    ChatCall { id: &call.id, r#type: "function", function }
}

/// A model may have called something whose name is none: it is told so, and servers refuse to read it again.
fn plain_name(name: &str) -> Cow<'_, str> {
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    if name.len() <= LONGEST_NAME && name.chars().all(fits) {
        return Cow::Borrowed(name);
    }
    let plain = name.chars().map(|character| if fits(character) { character } else { '_' });
    Cow::Owned(plain.take(LONGEST_NAME).collect())
}

fn offered(tool: &ToolSpec) -> ChatTool<'_> {
    let ToolSpec { name, description, parameters, .. } = tool;
    ChatTool { r#type: "function", function: OfferedFunction { name, description, parameters } }
}

fn given(text: &Option<Arc<str>>) -> Option<&str> {
    text.as_deref().filter(|text| !text.trim().is_empty())
}
