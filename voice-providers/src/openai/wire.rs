//! The dialect's messages: requests written, events read. Nothing here touches a network.

use super::MaxTokensField;
use super::reasoning::Reasoning;
use crate::http::{Asked, Refusal};
use crate::sse::SseEvent;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use voice_core::stage::LlmRequest;
use voice_core::{Error, ErrorKind, Result, Role};

/// The body of a chat completion, its fields in the order in which they are sent.
#[derive(Debug, Serialize)]
pub(super) struct ChatRequest<'a> {
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
pub(super) const OWN_FIELDS: [&str; 8] = [
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
pub(super) struct Manner {
    pub(super) model: String,
    pub(super) temperature: Option<f32>,
    pub(super) max_tokens: Option<u32>,
    pub(super) max_tokens_field: MaxTokensField,
    pub(super) reasoning_effort: Option<String>,
    pub(super) more: Map<String, Value>,
}

impl Manner {
    pub(super) fn request<'a>(&'a self, request: &'a LlmRequest) -> ChatRequest<'a> {
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
    let given = |text: &'_ Option<std::sync::Arc<str>>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    let context = request.context.as_deref().filter(|_| given(&request.context));
    let context = context.map(|context| format!("What you know now:\n<context>\n{context}\n</context>"));
    let system = match (request.instructions.as_deref().filter(|_| given(&request.instructions)), context) {
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

/// What an event of the answer brings.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Something to say.
    Text(String),
    /// Nothing to say: a role, a thought, figures.
    Nothing,
    /// The answer is whole.
    End,
}

/// Reads the events of one answer.
#[derive(Debug)]
pub(super) struct Reader {
    asked: Asked,
    reasoning: Reasoning,
    finish: Option<String>,
    spoke: bool,
    id: Option<String>,
    usage: Option<Usage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Usage {
    prompt: u64,
    cached: u64,
    completion: u64,
    reasoning: u64,
}

impl Reader {
    pub(super) fn new(asked: Asked) -> Self {
        Self { asked, reasoning: Reasoning::default(), finish: None, spoke: false, id: None, usage: None }
    }

    /// Reads one event.
    ///
    /// # Errors
    /// What the service reports inside the stream; `InvalidConfig` when the limit of tokens left no room for words.
    pub(super) fn read(&mut self, event: &SseEvent) -> Result<Piece> {
        let data = event.data.trim();
        if data == "[DONE]" {
            return self.done();
        }
        let Ok(chunk) = serde_json::from_str::<Value>(data) else {
            // One message that makes no sense ends no session: what is missing shows at the end of the body.
            tracing::debug!(
                service = self.asked.service,
                bytes = data.len(),
                "an event that is no JSON was passed over"
            );
            return Ok(Piece::Nothing);
        };
        for failure in [&chunk["error"], &chunk["x_groq"]["error"]] {
            if !failure.is_null() {
                return Err(self.failure(failure));
            }
        }
        if event.name == "error" || chunk["object"] == "error" {
            return Err(self.failure(&chunk));
        }
        self.note(&chunk);
        let choice = &chunk["choices"][0];
        let mut text = self.reasoning.speakable(choice["delta"]["content"].as_str().unwrap_or_default());
        if let Some(finish) = choice["finish_reason"].as_str() {
            self.finish = Some(finish.to_owned());
            text += &self.reasoning.rest();
        }
        self.spoke |= !text.is_empty();
        Ok(if text.is_empty() { Piece::Nothing } else { Piece::Text(text) })
    }

    /// Whether the service has given its reason to finish.
    pub(super) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// The body has ended: in order after a reason to finish, else the connection broke.
    ///
    /// # Errors
    /// `Protocol`, or as [`read`](Self::read).
    pub(super) fn end_of_body(&mut self) -> Result<Piece> {
        if self.finish.is_some() {
            return self.done();
        }
        let message = format!("{} ended the stream before the answer was whole", self.asked.service);
        Err(Error::new(ErrorKind::Protocol, self.asked.stage, message))
    }

    fn done(&mut self) -> Result<Piece> {
        // Without a reason to finish something may still be held back.
        let rest = self.reasoning.rest();
        if !rest.is_empty() {
            self.finish.get_or_insert_default();
            return Ok(Piece::Text(rest));
        }
        let (id, usage) = (self.id.as_deref(), self.usage);
        tracing::debug!(
            service = self.asked.service,
            id,
            finish = self.finish.as_deref(),
            ?usage,
            "the answer is whole"
        );
        if self.finish.as_deref() == Some("length") && !self.spoke {
            let message = format!(
                "{} used up all tokens before the first word; raise max_tokens or lower reasoning_effort",
                self.asked.service
            );
            return Err(Error::new(ErrorKind::InvalidConfig, self.asked.stage, message));
        }
        Ok(Piece::End)
    }

    fn note(&mut self, chunk: &Value) {
        for id in [&chunk["x_groq"]["id"], &chunk["id"]] {
            if let (None, Some(id)) = (&self.id, id.as_str()) {
                self.id = Some(id.to_owned());
            }
        }
        if let Some(usage) = [&chunk["usage"], &chunk["x_groq"]["usage"]].into_iter().find(|usage| usage.is_object()) {
            let count = |value: &Value| value.as_u64().unwrap_or_default();
            self.usage = Some(Usage {
                prompt: count(&usage["prompt_tokens"]),
                cached: count(&usage["prompt_tokens_details"]["cached_tokens"]),
                completion: count(&usage["completion_tokens"]),
                reasoning: count(&usage["completion_tokens_details"]["reasoning_tokens"]),
            });
        }
    }

    /// A failure inside a stream that began with 200: its status is in the object, or follows from its code.
    fn failure(&self, failure: &Value) -> Error {
        let number = [&failure["status_code"], &failure["code"]].into_iter().find_map(Value::as_u64);
        let known = || match Refusal::of(failure).code.as_str() {
            "invalid_api_key" | "authentication_error" => 401,
            "rate_limit_exceeded" | "rate_limit_error" | "tokens" | "requests" => 429,
            "invalid_request_error" | "BadRequestError" | "context_length_exceeded" | "tool_use_failed" => 400,
            _ => 500,
        };
        let status = number.and_then(|status| u16::try_from(status).ok()).filter(|status| *status >= 400);
        let status = StatusCode::from_u16(status.unwrap_or_else(known)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.asked.refusal(status, None, failure.to_string().as_bytes())
    }
}

/// A transcript, in the short or the verbose format.
#[derive(Debug, Deserialize)]
pub(super) struct Transcript {
    text: String,
    #[serde(default)]
    segments: Vec<Segment>,
}

#[derive(Debug, Deserialize)]
struct Segment {
    #[serde(default)]
    text: String,
    avg_logprob: Option<f64>,
    no_speech_prob: Option<f64>,
}

impl Transcript {
    /// Its words, without those that Whisper invents for silence: segments likely to be none and unlikely in their words.
    pub(super) fn words(self, no_speech: f64, log_probability: f64) -> String {
        let is_silence = |segment: &Segment| {
            segment.no_speech_prob.is_some_and(|probability| probability > no_speech)
                && segment.avg_logprob.is_some_and(|probability| probability < log_probability)
        };
        if !self.segments.iter().any(is_silence) {
            return self.text.trim().to_owned();
        }
        let spoken: String = self.segments.iter().filter(|segment| !is_silence(segment)).map(|s| &*s.text).collect();
        spoken.trim().to_owned()
    }
}

/// Whether a list of models has this one; `None` where it does not tell.
pub(super) fn lists_model(body: &[u8], model: &str) -> Option<bool> {
    let list = serde_json::from_slice::<Value>(body).ok()?;
    let models = list["data"].as_array().filter(|models| !models.is_empty())?;
    // llama.cpp lists the file it has loaded and takes any name for it.
    if models.iter().any(|entry| entry["owned_by"] == "llamacpp") {
        return None;
    }
    // Ollama takes a name without its tag for the newest.
    let is_it = |id: &str| id == model || id.strip_suffix(":latest") == Some(model);
    Some(models.iter().filter_map(|entry| entry["id"].as_str()).any(is_it))
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
