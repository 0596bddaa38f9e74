//! What was said and done, as the language model gets to see it.

use crate::tool::ToolRound;
use serde::{Deserialize, Serialize};

/// One thing said or done, as it stands in the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// The person's words.
    User(String),
    /// The agent's words, as far as they were heard.
    Agent(String),
    /// Tools the agent called, with their results.
    Tools(ToolRound),
    /// What was said and done before all the other messages, in short, as the language model summed it up. It stands for the
    /// messages it replaced and is nobody's words; at most one, the first of all.
    Summary(String),
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
            Self::Tools(_) | Self::Summary(_) => None,
        }
    }
}
