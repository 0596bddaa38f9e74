//! One answer as it streams in.

use super::wire::{Piece, Reader};
use crate::http::Asked;
use crate::sse::{SseEvent, SseParser};
use reqwest::Response;
use std::collections::VecDeque;
use std::time::Duration;
use voice_core::{Result, ToolCall};

/// How long the end of the body may take after the end of the answer. Only when it was read can the connection serve
/// again.
const END_OF_BODY: Duration = Duration::from_millis(50);

/// Dropping it closes the connection, or resets its stream, and so stops the model.
pub(super) struct Answer {
    asked: Asked,
    response: Response,
    parser: SseParser,
    events: VecDeque<SseEvent>,
    reader: Reader,
    body_ended: bool,
}

impl Answer {
    pub(super) fn new(asked: Asked, response: Response) -> Self {
        Self {
            asked,
            response,
            parser: SseParser::new(asked.stage),
            events: VecDeque::new(),
            reader: Reader::new(asked),
            body_ended: false,
        }
    }

    /// What the next event brings. Cancel-safe.
    ///
    /// # Errors
    /// As [`Reader`]; `Unavailable` when the connection breaks.
    pub(super) async fn next(&mut self) -> Result<Piece> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return self.reader.read(&event);
            }
            if self.body_ended {
                return self.reader.end_of_body();
            }
            match self.response.chunk().await.map_err(|error| self.asked.unanswered(error))? {
                Some(bytes) => self.parser.push(&bytes, &mut self.events)?,
                None => {
                    self.body_ended = true;
                    self.parser.finish(&mut self.events);
                }
            }
        }
    }

    /// Whether every word of it has come.
    pub(super) fn is_finished(&self) -> bool {
        self.reader.is_finished()
    }

    /// The first piece that is something: text, a call, or the end.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub(super) async fn first(&mut self) -> Result<Piece> {
        loop {
            match self.next().await? {
                Piece::Nothing => {}
                piece => return Ok(piece),
            }
        }
    }

    /// The calls to tools, once the answer has ended.
    pub(super) fn take_calls(&mut self) -> Vec<ToolCall> {
        self.reader.take_calls()
    }

    /// Lets go of the connection in a way that it can serve again.
    pub(super) async fn release(mut self) {
        let rest = async { while let Ok(Some(_)) = self.response.chunk().await {} };
        // A server that does not end its body loses the connection, no more.
        let _ = tokio::time::timeout(END_OF_BODY, rest).await;
    }
}
