//! What a conversation tells the outside world.

use super::marks::TurnMetrics;
use super::written;
use crate::error::{ErrorKind, Stage};
use crate::id::TurnId;
use crate::time::AudioTime;
use crate::tool::Source;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the agent is doing, as a listener would say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Waiting for the user or hearing them.
    #[default]
    Listening,
    /// Has the user's words and prepares the answer.
    Thinking,
    /// Its answer is being played.
    Speaking,
}

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The user or the application said goodbye.
    End,
    /// An operator deleted the session.
    Deleted,
    /// The server is shutting down.
    Drain,
    /// Nobody spoke for too long, or the client went away and did not come back.
    Idle,
    /// The client broke a limit, such as not reading its events.
    Limit,
}

/// How far a tool call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// The model called it.
    Started,
    /// It gave a result.
    Done,
    /// It gave none, or was cut off.
    Failed,
}

/// Something a client or an observer is told. The order is part of the contract: a turn's first [`Event::Reply`]
/// precedes its first audio, no audio of a turn follows its [`Event::Clear`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The agent's state changed.
    State(AgentState),
    /// The user's speech began or ended.
    Speech {
        /// Onset or end.
        started: bool,
        /// When, in microphone audio.
        at: AudioTime,
    },
    /// The user's words; exactly one final a spoken turn.
    Transcript {
        /// The turn.
        turn: TurnId,
        /// All of its words so far.
        text: String,
        /// Whether they will not change any more.
        is_final: bool,
    },
    /// A piece of the agent's text; pieces of a turn join verbatim.
    Reply {
        /// The turn.
        turn: TurnId,
        /// The piece.
        text: String,
    },
    /// Playback is held; it may go on at the same sample.
    Pause {
        /// The turn held.
        turn: TurnId,
    },
    /// Playback goes on.
    Resume {
        /// The turn that goes on.
        turn: TurnId,
    },
    /// Audio of this turn not yet played is void.
    Clear {
        /// The turn.
        turn: TurnId,
    },
    /// The reply is over.
    ReplyEnd {
        /// The turn.
        turn: TurnId,
        /// Whether it was cut short.
        interrupted: bool,
        /// What the user heard of it, as it stands in the history.
        heard: String,
    },
    /// Where the time of a turn went.
    Metrics(TurnMetrics),
    /// A tool call began or ended. Each that began ends once, and not always before the reply does.
    Tool {
        /// The turn.
        turn: TurnId,
        /// The call's id, unique in the session's history.
        id: String,
        /// The tool's name, as the model wrote it.
        name: String,
        /// How far it is.
        status: ToolStatus,
        /// What its answer rests on.
        sources: Vec<Source>,
    },
    /// Something failed; the session lives on.
    Failed {
        /// Where.
        stage: Stage,
        /// What can be done.
        kind: ErrorKind,
        /// In words, without secrets.
        message: String,
    },
    /// A provider failed and another one took its place in the same turn: nothing was lost.
    FailedOver {
        /// Where.
        stage: Stage,
        /// The provider that failed.
        #[serde(with = "written::shared")]
        provider: Arc<str>,
        /// What can be done about it.
        kind: ErrorKind,
        /// In words, without secrets.
        message: String,
    },
    /// The session is over; nothing follows.
    Bye {
        /// Why.
        reason: CloseReason,
    },
}
