//! What the conversation tells, as frames.

use super::metrics::rounded;
use super::rejection::ErrorCode;
use super::server::ServerFrame;
use crate::conversation::{CloseReason, Event};
use crate::error::{ErrorKind, Stage};
use crate::time::AudioTime;
use std::borrow::Cow;

impl From<Event> for ServerFrame {
    fn from(event: Event) -> Self {
        match event {
            Event::State(state) => Self::State { state },
            Event::Speech { started, at } => Self::Speech { started, at_ms: milliseconds(at) },
            Event::Transcript { turn, text, is_final } => Self::Transcript { turn, text, is_final },
            Event::Reply { turn, text } => Self::Reply { turn, text },
            Event::Pause { turn } => Self::Pause { turn },
            Event::Resume { turn } => Self::Resume { turn },
            Event::Clear { turn } => Self::Clear { turn },
            Event::ReplyEnd { turn, interrupted, heard } => Self::ReplyEnd { turn, interrupted, heard },
            Event::Metrics(metrics) => Self::Metrics(metrics.into()),
            Event::Tool { turn, id, name, status, sources } => Self::Tool { turn, id, name, status, sources },
            Event::Failed { stage, kind, message } => Self::Error {
                code: code_of(stage, &kind),
                message,
                fatal: false,
                stage: Some(Cow::Borrowed(stage.as_str())),
                kind: Some(Cow::Borrowed(kind.as_str())),
                provider: None,
            },
            Event::FailedOver { stage, provider, kind, message } => Self::Error {
                code: ErrorCode::Provider,
                message,
                fatal: false,
                stage: Some(Cow::Borrowed(stage.as_str())),
                kind: Some(Cow::Borrowed(kind.as_str())),
                provider: Some(provider.to_string()),
            },
            Event::Bye { reason } => Self::Bye { reason },
        }
    }
}

/// The WebSocket close code that follows a `bye`.
pub fn close_code(reason: CloseReason) -> u16 {
    match reason {
        CloseReason::Drain => 1001,
        CloseReason::End | CloseReason::Deleted | CloseReason::Idle | CloseReason::Limit => 1000,
    }
}

fn code_of(stage: Stage, kind: &ErrorKind) -> ErrorCode {
    match kind {
        // The microphone is the only source of audio that can be too fast.
        ErrorKind::RateLimited { .. } if stage == Stage::Audio => ErrorCode::Overrun,
        ErrorKind::EngineMissing => ErrorCode::EngineMissing,
        ErrorKind::Auth
        | ErrorKind::InvalidConfig
        | ErrorKind::InvalidInput
        | ErrorKind::RateLimited { .. }
        | ErrorKind::Unavailable
        | ErrorKind::Timeout
        | ErrorKind::Protocol
        | ErrorKind::Unsupported
        | ErrorKind::Internal => ErrorCode::Provider,
    }
}

fn milliseconds(at: AudioTime) -> f64 {
    rounded(at.ticks() as f64 * 1000.0 / AudioTime::TICKS_PER_SECOND as f64)
}
