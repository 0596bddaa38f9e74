//! How the library's own types stand in JSON.

use crate::conversation::{AgentState, CloseReason, PathStage, ToolStatus};
use serde::Serialize;

/// `frame` as JSON.
pub(super) fn json(frame: &impl Serialize) -> String {
    // Serialising fails only for maps whose keys are no strings, and a frame has no maps.
    serde_json::to_string(frame).unwrap_or_default()
}

/// Turns are plain numbers.
pub(super) mod turn {
    use crate::id::TurnId;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(turn: &TurnId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(turn.0)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TurnId, D::Error> {
        u32::deserialize(deserializer).map(TurnId)
    }
}

/// A serde module for an enum that is one word on the wire, so that the enum itself need not know of serde.
macro_rules! one_word {
    ($(#[$doc:meta])* $module:ident: $type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        pub(super) mod $module {
            use super::$type;
            use serde::{Deserialize, Deserializer, Serializer, de::Error};
            use std::borrow::Cow;

            pub(in super::super) fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(match value { $($type::$variant => $word),+ })
            }

            pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                match &*Cow::<str>::deserialize(deserializer)? {
                    $($word => Ok($type::$variant),)+
                    other => Err(D::Error::unknown_variant(other, &[$($word),+])),
                }
            }
        }
    };
}

one_word! {
    /// The agent's state.
    state: AgentState { Listening = "listening", Thinking = "thinking", Speaking = "speaking" }
}
one_word! {
    /// Why a session ends.
    reason: CloseReason { End = "end", Deleted = "deleted", Drain = "drain", Idle = "idle", Limit = "limit" }
}
one_word! {
    /// How far a tool call is.
    tool_status: ToolStatus { Started = "started", Done = "done", Failed = "failed" }
}
one_word! {
    /// A part of the critical path.
    path_stage: PathStage {
        Vad = "vad", Endpointing = "endpointing", Stt = "stt", Floor = "floor", Llm = "llm", Sentence = "sentence",
        Tts = "tts", Send = "send",
    }
}
