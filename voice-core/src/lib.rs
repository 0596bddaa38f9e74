//! Real-time voice agent core: audio, voice activity detection, turn-taking, barge-in and the session runtime.
//!
//! Two planes: streams carry audio and text and never decide; a pure state machine ([`conversation`]) decides and never
//! touches audio. The driver in [`agent`] is the only place where both meet a clock.

#![deny(unsafe_code)]

mod cancel;
mod error;
mod id;
mod message;
mod time;
mod tool;

pub mod agent;
pub mod audio;
pub mod builtin;
pub mod conversation;
pub mod foreign;
pub mod host;
pub mod json;
pub mod protocol;
pub mod recording;
pub mod stage;
pub mod stream;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;

pub use cancel::{CancelToken, TaskScope};
pub use error::{Error, ErrorKind, Result, Stage, Token};
pub use id::{ReplyId, SentenceId, SessionId, SummaryId, TurnId};
pub use message::Message;
pub use time::{AudioTime, SessionTime};
pub use tool::{AnsweredCall, SideEffect, Source, ToolCall, ToolOutput, ToolRound, ToolSpec};

/// The examples of the documentation compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/writing-a-tool.md")]
struct WritingATool;
