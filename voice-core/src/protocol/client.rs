//! What a client sends.

use super::fields::{Fields, MAX_EXACT, required};
use super::rejection::{ErrorCode, Rejection};
use super::{DEFAULT_RATE, WireMessage, words};
use crate::id::TurnId;
use bytes::Bytes;
use serde::Serialize;

/// How the client wants its session; every field may be left out on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Start {
    /// The rate of the microphone audio, in Hz.
    pub input_rate: u32,
    /// The rate of the reply's audio, in Hz.
    pub output_rate: u32,
    /// How the agent is to behave, in place of the server's instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// What the agent is to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The token of an earlier `ready`: go on with that session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    /// Who the user is, if the session's token vouches for it: what is known of them is brought back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The client can hold what it has buffered and go on with it.
    pub pause: bool,
    /// The client has no echo cancellation of its own.
    pub echo_cancellation: bool,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            input_rate: DEFAULT_RATE,
            output_rate: DEFAULT_RATE,
            instructions: None,
            context: None,
            resume: None,
            user: None,
            pause: false,
            echo_cancellation: false,
        }
    }
}

/// One frame from a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientFrame {
    /// How the session is to be; only as the first frame.
    Start(Start),
    /// How much of a turn came out of the loudspeaker so far.
    Played {
        /// The turn.
        #[serde(with = "words::turn")]
        turn: TurnId,
        /// Samples at the output rate since the turn's first, cumulative.
        samples: u64,
    },
    /// A typed user turn.
    Text {
        /// The words, never blank.
        text: String,
    },
    /// Stop the reply.
    Interrupt,
    /// Goodbye.
    End,
    /// Microphone audio: mono PCM16, little-endian, whole samples, at the input rate.
    #[serde(skip)]
    Audio(Bytes),
}

impl ClientFrame {
    /// Reads a text message.
    ///
    /// # Errors
    /// `bad_json`, `unknown_type` or `bad_value`.
    pub fn from_text(text: &str) -> Result<Self, Rejection> {
        let mut fields = Fields::parse(text)?;
        let kind = required("type", fields.string("type")?)?;
        match kind.as_str() {
            "start" => Ok(Self::Start(start(&mut fields)?)),
            "played" => Ok(Self::Played {
                turn: TurnId(required("turn", fields.number("turn", u32::MAX.into())?)? as u32),
                samples: required("samples", fields.number("samples", MAX_EXACT)?)?,
            }),
            "text" => Ok(Self::Text { text: not_blank("text", required("text", fields.string("text")?)?)? }),
            "interrupt" => Ok(Self::Interrupt),
            "end" => Ok(Self::End),
            other => Err(Rejection::error(
                ErrorCode::UnknownType,
                format!(
                    "there is no frame of type `{}`; a client sends start, played, text, interrupt or end",
                    other.chars().take(40).flat_map(char::escape_debug).collect::<String>()
                ),
            )),
        }
    }

    /// Reads a binary message.
    ///
    /// # Errors
    /// `odd_length` when it ends in half a sample.
    pub fn from_binary(pcm: Bytes) -> Result<Self, Rejection> {
        if pcm.len().is_multiple_of(2) {
            return Ok(Self::Audio(pcm));
        }
        let message = format!("{} bytes are no whole number of 16-bit samples; the frame was dropped", pcm.len());
        Err(Rejection::error(ErrorCode::OddLength, message))
    }

    /// The message that carries this frame.
    pub fn encode(&self) -> WireMessage {
        match self {
            Self::Audio(pcm) => WireMessage::Binary(pcm.clone()),
            frame => WireMessage::Text(words::json(frame)),
        }
    }
}

fn start(fields: &mut Fields) -> Result<Start, Rejection> {
    Ok(Start {
        input_rate: fields.rate("input_rate")?.unwrap_or(DEFAULT_RATE),
        output_rate: fields.rate("output_rate")?.unwrap_or(DEFAULT_RATE),
        instructions: fields.string("instructions")?,
        context: fields.string("context")?,
        resume: fields.string("resume")?,
        user: fields.string("user")?,
        pause: fields.flag("pause")?,
        echo_cancellation: fields.flag("echo_cancellation")?,
    })
}

fn not_blank(name: &str, text: String) -> Result<String, Rejection> {
    if text.trim().is_empty() {
        return Err(Rejection::error(ErrorCode::BadValue, format!("`{name}` must not be blank")));
    }
    Ok(text)
}
