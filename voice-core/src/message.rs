//! What was said, as the language model gets to see it.

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The person.
    User,
    /// The agent.
    Agent,
}

/// One thing said, as it stands in the history: for the agent only what was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// The words.
    pub text: String,
}

impl Message {
    /// Something the person said.
    pub fn user(text: impl Into<String>) -> Self {
        Self { role: Role::User, text: text.into() }
    }

    /// Something the agent said.
    pub fn agent(text: impl Into<String>) -> Self {
        Self { role: Role::Agent, text: text.into() }
    }
}
