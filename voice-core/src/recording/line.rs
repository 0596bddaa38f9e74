//! The lines of a recording.

use super::sink::Words;
use crate::conversation::{Command, ConversationConfig, Input};
use crate::time::SessionTime;
use crate::tool::ToolSpec;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The version of the format. It changes when a reader of today could not read what is written then.
pub const VERSION: u32 = 1;

/// The first line: what is needed to begin the same conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format.
    pub voice_agent_recording: u32,
    /// The version of the library that wrote it.
    pub library: String,
    /// Whether the words are those that were said.
    pub words: Words,
    /// How the conversation behaved.
    pub config: ConversationConfig,
    /// What the model could call.
    #[serde(default)]
    pub tools: Vec<ToolSpec>,
}

/// How a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// With the session.
    Closed,
    /// With its last byte; the session went on.
    Full,
}

#[derive(Serialize, Deserialize)]
pub(super) struct InputLine<'a> {
    pub(super) at: SessionTime,
    pub(super) input: Cow<'a, Input>,
}

#[derive(Serialize)]
pub(super) struct CommandLine<'a> {
    pub(super) command: &'a Command,
}

#[derive(Serialize, Deserialize)]
pub(super) struct EndLine {
    pub(super) end: End,
}

/// How the line of a command begins.
pub(super) const COMMAND: &str = r#"{"command":"#;
/// How the last line begins.
pub(super) const END: &str = r#"{"end":"#;
