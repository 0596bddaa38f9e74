//! The events of a streamed answer.

use super::calls::Calls;
use crate::http::{Asked, Refusal};
use crate::openai::reasoning::Reasoning;
use crate::sse::SseEvent;
use reqwest::StatusCode;
use serde_json::Value;
use voice_core::{Error, ErrorKind, Result, ToolCall};

/// What an event of the answer brings.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::openai) enum Piece {
    /// Something to say.
    Text(String),
    /// A part of a call to a tool.
    Call,
    /// Nothing to say: a role, a thought, figures.
    Nothing,
    /// The answer is whole.
    End,
}

/// Reads the events of one answer.
#[derive(Debug)]
pub(in crate::openai) struct Reader {
    asked: Asked,
    reasoning: Reasoning,
    finish: Option<String>,
    spoke: bool,
    calls: Calls,
    id: Option<String>,
    pub(super) usage: Option<Usage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) prompt: u64,
    pub(super) cached: u64,
    pub(super) completion: u64,
    pub(super) reasoning: u64,
}

impl Reader {
    pub(in crate::openai) fn new(asked: Asked) -> Self {
        Self {
            asked,
            reasoning: Reasoning::default(),
            finish: None,
            spoke: false,
            calls: Calls::default(),
            id: None,
            usage: None,
        }
    }

    /// Reads one event.
    ///
    /// # Errors
    /// What the service reports inside the stream; `InvalidConfig` when the limit of tokens left no room for words.
    pub(in crate::openai) fn read(&mut self, event: &SseEvent) -> Result<Piece> {
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
        let calls = self.calls.read(&choice["delta"]);
        let mut text = self.reasoning.speakable(choice["delta"]["content"].as_str().unwrap_or_default());
        if let Some(finish) = choice["finish_reason"].as_str() {
            self.finish = Some(finish.to_owned());
            text += &self.reasoning.rest();
        }
        self.spoke |= !text.is_empty();
        Ok(match (text.is_empty(), calls) {
            (false, _) => Piece::Text(text),
            (true, true) => Piece::Call,
            (true, false) => Piece::Nothing,
        })
    }

    /// The calls of an answer that has ended.
    pub(in crate::openai) fn take_calls(&mut self) -> Vec<ToolCall> {
        self.calls.take()
    }

    /// Whether the service has given its reason to finish.
    pub(in crate::openai) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// The body has ended: in order after a reason to finish, else the connection broke.
    ///
    /// # Errors
    /// `Protocol`, or as [`read`](Self::read).
    pub(in crate::openai) fn end_of_body(&mut self) -> Result<Piece> {
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
        if self.finish.as_deref() == Some("length") && !self.spoke && self.calls.is_empty() {
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
