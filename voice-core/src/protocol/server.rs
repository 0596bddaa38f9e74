//! What a server sends.

use super::metrics::MetricsFrame;
use super::rejection::ErrorCode;
use super::{WireMessage, words};
use crate::conversation::{AgentState, CloseReason, ToolStatus};
use crate::id::TurnId;
use crate::tool::Source;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The providers of a session, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Providers {
    /// Speech to text.
    pub stt: String,
    /// The language model.
    pub llm: String,
    /// Text to speech.
    pub tts: String,
}

/// One frame from the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServerFrame {
    /// The session is open; always the first frame.
    Ready {
        /// The session's id.
        session: String,
        /// The token with which a lost connection is continued.
        resume: String,
        /// The rate of the microphone audio, in Hz.
        input_rate: u32,
        /// The rate of the reply's audio, in Hz.
        output_rate: u32,
        /// Who serves it.
        providers: Providers,
    },
    /// The agent's state changed.
    State {
        /// The new one.
        #[serde(with = "words::state")]
        state: AgentState,
    },
    /// The user's speech began or ended.
    Speech {
        /// Onset or end.
        started: bool,
        /// When, in ms of microphone audio received.
        at_ms: f64,
    },
    /// The user's words.
    Transcript {
        /// The turn.
        #[serde(with = "words::turn")]
        turn: TurnId,
        /// All of the turn's words so far.
        text: String,
        /// Whether they will not change any more.
        #[serde(rename = "final")]
        is_final: bool,
    },
    /// A piece of the agent's text; pieces of a turn join verbatim.
    Reply {
        /// The turn.
        #[serde(with = "words::turn")]
        turn: TurnId,
        /// The piece.
        text: String,
    },
    /// Hold what is buffered.
    Pause {
        /// The turn held.
        #[serde(with = "words::turn")]
        turn: TurnId,
    },
    /// Go on with what is buffered.
    Resume {
        /// The turn that goes on.
        #[serde(with = "words::turn")]
        turn: TurnId,
    },
    /// Drop all audio not yet played.
    Clear {
        /// The turn of which no byte follows.
        #[serde(with = "words::turn")]
        turn: TurnId,
    },
    /// The reply is over.
    ReplyEnd {
        /// The turn.
        #[serde(with = "words::turn")]
        turn: TurnId,
        /// Whether it was cut short.
        interrupted: bool,
        /// What of it was heard.
        heard: String,
    },
    /// Where the time of a turn went.
    Metrics(MetricsFrame),
    /// A tool call began or ended.
    Tool {
        /// The turn.
        #[serde(with = "words::turn")]
        turn: TurnId,
        /// The call's id, unique in the session's history.
        id: String,
        /// The tool's name.
        name: String,
        /// How far it is.
        #[serde(with = "words::tool_status")]
        status: ToolStatus,
        /// What its answer rests on.
        #[serde(default)]
        sources: Vec<Source>,
    },
    /// Something went wrong.
    Error {
        /// What.
        code: ErrorCode,
        /// In words.
        message: String,
        /// Whether the session ends with it.
        fatal: bool,
        /// Where, when a provider or an engine failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<Cow<'static, str>>,
        /// The kind of failure, when a provider or an engine failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<Cow<'static, str>>,
        /// The provider that failed, when another one took its place in the same turn.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider: Option<String>,
    },
    /// The session is over; a close follows.
    Bye {
        /// Why.
        #[serde(with = "words::reason")]
        reason: CloseReason,
    },
    /// The reply's audio: mono PCM16, little-endian, whole samples, at the output rate.
    #[serde(skip)]
    Audio(Bytes),
}

/// A frame of the server that a client cannot read.
#[derive(Debug, thiserror::Error)]
#[error("not a frame of the server: {0}")]
pub struct DecodeError(String);

impl ServerFrame {
    /// An error that leaves the session alive.
    pub fn error(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into(), fatal: false, stage: None, kind: None, provider: None }
    }

    /// The message that carries this frame.
    pub fn encode(&self) -> WireMessage {
        match self {
            Self::Audio(pcm) => WireMessage::Binary(pcm.clone()),
            frame => WireMessage::Text(words::json(frame)),
        }
    }

    /// Reads a text message.
    ///
    /// # Errors
    /// When it is no frame of this version; a client that wants to live with newer servers ignores it.
    pub fn from_text(text: &str) -> Result<Self, DecodeError> {
        serde_json::from_str(text).map_err(|error| DecodeError(error.to_string()))
    }

    /// Reads a binary message.
    ///
    /// # Errors
    /// When it ends in half a sample.
    pub fn from_binary(pcm: Bytes) -> Result<Self, DecodeError> {
        if pcm.len().is_multiple_of(2) {
            return Ok(Self::Audio(pcm));
        }
        Err(DecodeError(format!("{} bytes are no whole number of samples", pcm.len())))
    }
}
