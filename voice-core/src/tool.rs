//! What the model may have done for it: tools described, called and answered.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Write;
use std::time::Duration;

/// Whether calling a tool changes the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SideEffect {
    /// It only looks: a call whose answer is no longer wanted is dropped.
    #[default]
    None,
    /// It only looks, at no cost: it may also be called for an answer that is prepared before the user has finished, and
    /// that may be discarded.
    Pure,
    /// What it does cannot be taken back: once begun, an interruption does not stop it, and what was done is told to
    /// the model before it is asked anything else.
    Irreversible,
}

/// A tool as the model sees it, and how it is to be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Its name: 1 … 64 letters, digits, `_` and `-`; unique in an agent.
    pub name: String,
    /// What it does and when to use it, told to the model.
    pub description: String,
    /// JSON Schema of its arguments, which are an object.
    pub parameters: Value,
    /// Whether it changes the world.
    pub effect: SideEffect,
    /// How long a call may take, from its start.
    pub deadline: Duration,
}

/// Where a tool found what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The page's title.
    pub title: String,
    /// Its address.
    pub url: String,
}

/// What a tool gives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ToolOutput {
    /// What the model gets to read.
    pub text: String,
    /// What it rests on, shown to the client and not to the model.
    pub sources: Vec<Source>,
}

impl From<String> for ToolOutput {
    fn from(text: String) -> Self {
        Self { text, sources: Vec::new() }
    }
}

impl From<&str> for ToolOutput {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// A call as the model made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Names the call, and later its result. The conversation renames one that has been used before.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments as the model wrote them: JSON, if the model got it right.
    pub arguments: String,
}

/// A call together with its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredCall {
    /// The call.
    pub call: ToolCall,
    /// What the model gets to read; for a call that failed or was cut off, what became of it.
    pub result: String,
}

/// The calls of one answer of the model, each with its result: a call without one cannot be written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolRound {
    /// In the order of the model.
    pub calls: Vec<AnsweredCall>,
}

/// `text`, at most `most` characters of it; what is missing is said.
pub(crate) fn shortened(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        let left_out = text[end..].chars().count();
        text.truncate(end);
        // Writing to a string cannot fail.
        let _ = write!(text, "\n[{left_out} more characters were left out]");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_character_and_says_so() {
        assert_eq!(shortened("héllo".into(), 5), "héllo");
        assert_eq!(shortened("héllo".into(), 2), "hé\n[3 more characters were left out]");
    }
}
