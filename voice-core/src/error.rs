//! The one error type: what failed, where, and what the caller can do about it.

use serde::{Deserialize, Serialize};
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the caller can do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The key is missing, wrong or not allowed: ask the operator.
    Auth,
    /// A setting cannot work; the message names it.
    InvalidConfig,
    /// The data handed in cannot be used; the message names the field.
    InvalidInput,
    /// Too many requests; try again after the time given.
    RateLimited {
        /// How long the service asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// The service or device cannot be reached now.
    Unavailable,
    /// A deadline passed.
    Timeout,
    /// The other side said something that makes no sense.
    Protocol,
    /// The engine or provider cannot do this at all.
    Unsupported,
    /// A library or model is not installed; the message says what to install.
    EngineMissing,
    /// A bug or a broken invariant on our side.
    Internal,
}

impl ErrorKind {
    /// The kind as one lower-case word, as it appears on the wire.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::InvalidConfig => "invalid_config",
            Self::InvalidInput => "invalid_input",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Unsupported => "unsupported",
            Self::EngineMissing => "engine_missing",
            Self::Internal => "internal",
        }
    }
}

/// The part of the pipeline an error comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// Microphone or loudspeaker audio.
    Audio,
    /// Echo cancellation.
    Echo,
    /// Noise suppression.
    Denoise,
    /// Voice activity detection.
    Vad,
    /// Turn detection.
    Turn,
    /// Speech to text.
    Stt,
    /// The language model.
    Llm,
    /// Text to speech.
    Tts,
    /// A tool the model called.
    Tool,
    /// The session itself.
    Session,
}

impl Stage {
    /// The stage as one lower-case word, as it appears on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Echo => "echo",
            Self::Denoise => "denoise",
            Self::Vad => "vad",
            Self::Turn => "turn",
            Self::Stt => "stt",
            Self::Llm => "llm",
            Self::Tts => "tts",
            Self::Tool => "tool",
            Self::Session => "session",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error of the library. Its message never holds a key or a URL with one.
#[derive(Debug, thiserror::Error)]
#[error("{stage}: {message}")]
pub struct Error {
    kind: ErrorKind,
    stage: Stage,
    message: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind in this stage.
    pub fn new(kind: ErrorKind, stage: Stage, message: impl Into<String>) -> Self {
        Self { kind, stage, message: message.into(), source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the caller can do now.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Where it happened.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// What happened, in words, without the stage.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The host's own exception behind it, where there is one.
    pub fn token(&self) -> Option<&Token> {
        self.source.as_ref()?.downcast_ref()
    }

    /// Whether the same call may succeed later or elsewhere.
    pub fn is_retryable(&self) -> bool {
        match self.kind {
            ErrorKind::RateLimited { .. } | ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Protocol => true,
            ErrorKind::Auth
            | ErrorKind::InvalidConfig
            | ErrorKind::InvalidInput
            | ErrorKind::Unsupported
            | ErrorKind::EngineMissing
            | ErrorKind::Internal => false,
        }
    }
}

/// Something of the host's that an error carries along unread: its own exception, to be raised again or shown as the cause.
/// The source of an error that has one. Cheap to clone; equal to itself and its clones alone.
#[derive(Clone)]
pub struct Token(Arc<dyn Any + Send + Sync>);

impl Token {
    /// Wraps it.
    pub fn new(thing: impl Any + Send + Sync) -> Self {
        Self(Arc::new(thing))
    }

    /// The thing, if it is one of these.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an exception of the host")
    }
}

impl std::error::Error for Token {}
