//! What was said and done, as the language model gets to see it.

use crate::tool::ToolRound;

/// One thing said or done, as it stands in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The person's words.
    User(String),
    /// The agent's words, as far as they were heard.
    Agent(String),
    /// Tools the agent called, with their results.
    Tools(ToolRound),
}

impl Message {
    /// Something the person said.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User(text.into())
    }

    /// Something the agent said.
    pub fn agent(text: impl Into<String>) -> Self {
        Self::Agent(text.into())
    }

    /// The words, when it is something said.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::User(text) | Self::Agent(text) => Some(text),
            Self::Tools(_) => None,
        }
    }

    /// How much of a history it takes up, in characters.
    pub fn characters(&self) -> usize {
        match self {
            Self::User(text) | Self::Agent(text) => text.chars().count(),
            Self::Tools(round) => round.characters(),
        }
    }
}
