//! Why a frame was not accepted.

use super::server::ServerFrame;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The `code` of an `error` frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The text is not a JSON object.
    BadJson,
    /// The frame's `type` is not one a client may send.
    UnknownType,
    /// A field is missing or has a value it cannot have; the message names it.
    BadValue,
    /// `start` came after the first frame.
    LateStart,
    /// A binary frame held half a sample; it was dropped whole.
    OddLength,
    /// Microphone audio ran too far ahead of real time; reading pauses.
    Overrun,
    /// A provider failed; the frame has `stage` and `kind`.
    Provider,
    /// A library or model is not installed on the server.
    EngineMissing,
    /// The server is shutting down and takes no new session.
    Draining,
}

/// What to do about a frame that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// Tell the client; the session lives on.
    Error {
        /// Which rule was broken.
        code: ErrorCode,
        /// What was wrong, in words; names the field.
        message: String,
    },
    /// Close the connection with this WebSocket close code.
    Close(u16),
}

impl Rejection {
    /// The WebSocket close code for a message that is too big (RFC 6455, section 7.4.1).
    pub const TOO_BIG: u16 = 1009;

    pub(super) fn error(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into() }
    }

    /// The frame that tells the client, where there is one to send.
    pub fn into_frame(self) -> Option<ServerFrame> {
        match self {
            Self::Error { code, message } => Some(ServerFrame::error(code, message)),
            Self::Close(_) => None,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error { message, .. } => f.write_str(message),
            Self::Close(code) => write!(f, "the connection is closed with code {code}"),
        }
    }
}

impl std::error::Error for Rejection {}
