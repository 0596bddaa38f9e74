//! The facts a conversation learns.

use super::event::CloseReason;
use super::snapshot::Snapshot;
use super::written;
use crate::error::{ErrorKind, Stage};
use crate::id::{ReplyId, SentenceId, SummaryId, TurnId};
use crate::time::AudioTime;
use crate::tool::{ToolCall, ToolOutput};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// When a word sounds, in samples from the first of its sentence's audio, at the output rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpokenWord {
    /// The word, as the synthesiser tells it.
    pub text: String,
    /// Where it begins.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
}

/// A fact. Those that answer an earlier command name their turn; a fact about a turn that is no longer alive is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The session is open: greet, if there is a greeting.
    Start {
        /// Rate in which samples are counted, in Hz.
        output_rate: u32,
    },
    /// The session is open, in place of [`Start`](Self::Start): the conversation goes on from there, without a greeting.
    Continue {
        /// Rate in which samples are counted, in Hz.
        output_rate: u32,
        /// What the conversation was elsewhere.
        snapshot: Box<Snapshot>,
    },
    /// What is known of earlier conversations with the same user, in short; told before [`Start`](Self::Start).
    Remember(String),
    /// The VAD heard the onset of speech.
    SpeechStarted {
        /// Onset, in microphone audio.
        at: AudioTime,
    },
    /// The VAD has heard nothing for a moment, inside what may still be one stretch of speech.
    SpeechPaused {
        /// End of the last window of clear speech, in microphone audio.
        at: AudioTime,
    },
    /// The VAD hears clear speech again after such a moment.
    SpeechResumed {
        /// Where it begins, in microphone audio.
        at: AudioTime,
    },
    /// The VAD heard the end of speech.
    SpeechEnded {
        /// End of the last speech window, in microphone audio.
        at: AudioTime,
        /// Silence heard since.
        silence: Duration,
    },
    /// Somebody's estimate of whether the user's turn is over.
    TurnEstimate {
        /// The turn.
        turn: TurnId,
        /// 0 … 1.
        probability: f32,
    },
    /// The user's words so far.
    PartialTranscript {
        /// The turn.
        turn: TurnId,
        /// All of its words so far.
        text: String,
    },
    /// The answer to [`Command::FinalizeStt`](super::Command::FinalizeStt).
    FinalTranscript {
        /// The turn.
        turn: TurnId,
        /// Which request of the turn this answers.
        attempt: u32,
        /// All words of the turn so far.
        text: String,
        /// Something was said but not understood.
        unclear: bool,
    },
    /// The user typed.
    UserText(String),
    /// The language model works, on what is no text.
    ModelAlive {
        /// The reply.
        reply: ReplyId,
    },
    /// The language model gave its first token.
    FirstToken {
        /// The reply.
        reply: ReplyId,
    },
    /// The language model finished a sentence.
    Reply {
        /// The reply.
        reply: ReplyId,
        /// The sentence as written; sentences join verbatim.
        text: String,
        /// What of it can be spoken; may be empty.
        speech: String,
    },
    /// The language model has finished its answer, which goes on when these calls have their results.
    ToolCalls {
        /// The reply.
        reply: ReplyId,
        /// The calls.
        calls: Vec<ToolCall>,
    },
    /// The answer to [`Command::RunTool`](super::Command::RunTool).
    ToolResult {
        /// The reply.
        reply: ReplyId,
        /// The call.
        id: String,
        /// What it gave, or what went wrong in words that the model gets to read.
        result: Result<ToolOutput, String>,
    },
    /// The language model has finished.
    ReplyEnded {
        /// The reply.
        reply: ReplyId,
    },
    /// More audio of a sentence exists.
    Synthesized {
        /// The reply.
        reply: ReplyId,
        /// The sentence.
        sentence: SentenceId,
        /// Samples added, at the output rate.
        samples: u64,
    },
    /// The synthesiser told when words of a sentence sound. It may tell some of them, before their audio or after it.
    Words {
        /// The reply.
        reply: ReplyId,
        /// The sentence.
        sentence: SentenceId,
        /// The words.
        words: Vec<SpokenWord>,
    },
    /// A sentence has all its audio.
    SentenceSynthesized {
        /// The reply.
        reply: ReplyId,
        /// The sentence.
        sentence: SentenceId,
    },
    /// Audio is about to be handed to the transport.
    Sent {
        /// The reply.
        reply: ReplyId,
        /// Samples of the turn handed over, this piece included.
        samples: u64,
    },
    /// Audio came out of the loudspeaker.
    Played {
        /// The turn.
        turn: TurnId,
        /// Samples of the turn played so far.
        samples: u64,
        /// Whether the listener says so, or a clock.
        reported: bool,
    },
    /// All audio of the turn has been played.
    PlaybackDone {
        /// The reply.
        reply: ReplyId,
    },
    /// A call failed for good.
    Failed {
        /// The turn, where the call served one.
        reply: Option<ReplyId>,
        /// Where.
        stage: Stage,
        /// What can be done.
        kind: ErrorKind,
        /// In words.
        message: String,
    },
    /// A provider of the stage gave its first result of the call.
    Served {
        /// The turn; for the recogniser, whose call spans turns, none.
        reply: Option<ReplyId>,
        /// Which stage.
        stage: Stage,
        /// The provider.
        #[serde(with = "written::shared")]
        provider: Arc<str>,
    },
    /// A provider failed and another one goes on with the same call.
    FailedOver {
        /// The turn, where the call serves one.
        reply: Option<ReplyId>,
        /// Where.
        stage: Stage,
        /// The provider that failed.
        #[serde(with = "written::shared")]
        provider: Arc<str>,
        /// What can be done.
        kind: ErrorKind,
        /// In words.
        message: String,
    },
    /// The answer to [`Command::Summarise`](super::Command::Summarise).
    Summarised {
        /// The summary.
        id: SummaryId,
        /// What it says; nothing when the call failed.
        summary: Option<String>,
    },
    /// The application wants something said, when the floor is free.
    Say(String),
    /// As [`Say`](Self::Say), protected: only a stop word stops it, what else is said is answered afterwards.
    Announce(String),
    /// Stop the reply.
    Interrupt,
    /// New instructions or context, from the next prompt on. The outer `None` leaves a value, the inner clears it.
    SetContext {
        /// How the agent is to behave.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "written::present")]
        instructions: Option<Option<String>>,
        /// What it is to know.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "written::present")]
        context: Option<Option<String>>,
    },
    /// The client went away; it may come back.
    Detached,
    /// A client is there again.
    Attached {
        /// Rate in which samples are counted from now on, in Hz.
        output_rate: u32,
    },
    /// End the session.
    Close(CloseReason),
    /// A deadline has passed.
    Timeout,
}
