//! What a conversation wants done.

use super::event::Event;
use crate::id::{SentenceId, TurnId};

/// What a reply is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// Ask the language model, with the history as it stands.
    Model,
    /// Speak this text.
    Text(String),
}

/// Something for the driver to do, in order.
#[derive(Debug, Clone, PartialEq)]
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
        /// The turn.
        turn: TurnId,
        /// What it is made of.
        prompt: Prompt,
    },
    /// Stop the language model.
    CancelReply {
        /// The turn.
        turn: TurnId,
    },
    /// Synthesise a sentence.
    Speak {
        /// The turn.
        turn: TurnId,
        /// The sentence.
        sentence: SentenceId,
        /// What to say.
        text: String,
    },
    /// Play the standby line: the synthesiser cannot speak.
    PlayStandbyLine {
        /// The turn.
        turn: TurnId,
    },
    /// No more sentences follow.
    EndSpeech {
        /// The turn.
        turn: TurnId,
    },
    /// Stop the synthesiser.
    CancelSpeech {
        /// The turn.
        turn: TurnId,
    },
    /// Hold the playback.
    PausePlayback {
        /// The turn.
        turn: TurnId,
    },
    /// Go on with the playback at the same sample.
    ResumePlayback {
        /// The turn.
        turn: TurnId,
    },
    /// Drop all audio not yet sent.
    FlushPlayback {
        /// The turn.
        turn: TurnId,
    },
    /// The user's words are now part of the history.
    CommitUser {
        /// The turn.
        turn: TurnId,
        /// The words.
        text: String,
    },
    /// What was heard of a reply is now part of the history.
    CommitAgent {
        /// The turn.
        turn: TurnId,
        /// The words heard.
        text: String,
    },
    /// Tell the client and the observers.
    Emit(Event),
    /// The session is over: stop everything.
    Shutdown,
}
