//! The conversation as a pure state machine: whose turn it is, when to interrupt, what the history says.

mod config;
mod event;
mod marks;

pub use config::{ConversationConfig, Endpointing, Interruption};
pub use event::{AgentState, CloseReason, Event};
pub use marks::{PathPart, PathStage, TurnMetrics};
