//! What a conversation wants done.

use super::event::Event;
use crate::id::{ReplyId, SentenceId, SummaryId, TurnId};
use crate::message::Message;
use crate::tool::ToolRound;
use serde::Serialize;
use serde_json::Value;

/// What a reply is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Ask the language model, with the history as it stands.
    Model,
    /// Speak this text.
    Text(String),
}

/// Something for the driver to do, in order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Ask the recogniser for a final transcript.
    FinalizeStt {
        /// The turn.
        turn: TurnId,
        /// Which request of the turn.
        attempt: u32,
    },
    /// Begin a reply.
    StartReply {
        /// The reply.
        reply: ReplyId,
        /// What it is made of.
        prompt: Prompt,
    },
    /// Ask the language model once more within the same reply: a round of tools is complete.
    ContinueReply {
        /// The reply.
        reply: ReplyId,
    },
    /// Call a tool. Answered by one [`Input::ToolResult`](super::Input::ToolResult), unless cancelled.
    RunTool {
        /// The reply.
        reply: ReplyId,
        /// Names the call.
        id: String,
        /// The tool, which exists.
        name: String,
        /// Its arguments, an object.
        arguments: Value,
    },
    /// Drop a call to a tool.
    CancelTool {
        /// The reply.
        reply: ReplyId,
        /// The call.
        id: String,
    },
    /// Stop the language model.
    CancelReply {
        /// The reply.
        reply: ReplyId,
    },
    /// Synthesise a sentence.
    Speak {
        /// The reply.
        reply: ReplyId,
        /// The sentence.
        sentence: SentenceId,
        /// What to say.
        text: String,
    },
    /// Play the standby line: the synthesiser cannot speak.
    PlayStandbyLine {
        /// The reply.
        reply: ReplyId,
    },
    /// No more sentences follow for now: synthesise what is held back.
    FlushSpeech {
        /// The reply.
        reply: ReplyId,
    },
    /// No more sentences follow.
    EndSpeech {
        /// The reply.
        reply: ReplyId,
    },
    /// Stop the synthesiser.
    CancelSpeech {
        /// The reply.
        reply: ReplyId,
    },
    /// Hold the playback.
    PausePlayback {
        /// The reply.
        reply: ReplyId,
    },
    /// Go on with the playback at the same sample.
    ResumePlayback {
        /// The reply.
        reply: ReplyId,
    },
    /// Drop all audio not yet sent.
    FlushPlayback {
        /// The reply.
        reply: ReplyId,
    },
    /// The user's words are now part of the history.
    CommitUser {
        /// The turn.
        turn: TurnId,
        /// The words.
        text: String,
    },
    /// What was heard of a reply, up to the next round of tools, is now part of the history.
    CommitAgent {
        /// The turn.
        turn: TurnId,
        /// The words heard.
        text: String,
    },
    /// A round of tools is now part of the history.
    CommitTools {
        /// The turn.
        turn: TurnId,
        /// Its calls and their results.
        round: ToolRound,
    },
    /// Have the language model sum these messages up, in a call of its own that nobody waits for. Answered by one
    /// [`Input::Summarised`](super::Input::Summarised), unless cancelled.
    Summarise {
        /// Names the summary.
        id: SummaryId,
        /// What it is to stand for: the summary there was, if any, and the oldest turns.
        messages: Vec<Message>,
        /// Estimated tokens it may have; what is more is cut off.
        most_tokens: usize,
    },
    /// Drop the call for a summary.
    CancelSummary {
        /// The summary.
        id: SummaryId,
    },
    /// Tell the client and the observers.
    Emit(Event),
    /// The session is over: stop everything.
    Shutdown,
}
