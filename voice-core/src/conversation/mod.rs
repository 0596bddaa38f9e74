//! The conversation as a pure state machine: whose turn it is, when to interrupt, what to cancel, what the history says.
//!
//! Audio never enters it, only facts about audio: ids, times, lengths. Text enters in whole pieces. See
//! [`Conversation`] for the loop that drives it and `docs/conversation.md` for the table of states.

mod command;
mod config;
mod endpointing;
mod event;
mod failing;
mod history;
mod input;
mod interrupting;
mod interruption;
mod judging;
mod ledger;
mod listening;
mod machine;
mod marks;
mod memory;
mod phase;
mod replying;
mod snapshot;
mod speculation;
mod timers;
mod tools;
mod turn;
mod written;

pub use command::{Command, Prompt};
pub use config::{ConversationConfig, ToolUse};
pub use endpointing::{Endpointing, Pauses};
pub use event::{AgentState, CloseReason, Event, ToolStatus};
pub use input::{Input, SpokenWord};
pub use interruption::Interruption;
pub use machine::Conversation;
pub use marks::{PathPart, PathStage, TurnMetrics, TurnProviders};
pub use memory::{Memory, OlderTurns};
pub use phase::{AgentPhase, UserPhase};
pub use snapshot::{OpenQuestion, Snapshot};
pub use speculation::Speculation;
pub use timers::Timer;
