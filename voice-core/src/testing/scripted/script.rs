//! What a script says.

use super::says::{LlmSays, ToolSays, TtsSays};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::json;
use serde::Deserialize;
use serde_json::{Map, Value};

/// One conversation. All times are in ms of simulated time since the session was opened.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Script {
    /// What it shows.
    pub name: String,
    /// Stages that are written in the language of the host: `llm`, `tts`, `tools`. Where the host has none for one of them,
    /// it is served in Rust.
    #[serde(default)]
    pub foreign: Vec<ForeignStage>,
    /// The agent's settings, as for [`AgentConfig::from_json`](crate::agent::AgentConfig::from_json).
    #[serde(default)]
    pub agent: Map<String, Value>,
    /// The session's options, as for [`SessionOptions::from_json`](crate::agent::SessionOptions::from_json).
    #[serde(default)]
    pub session: Map<String, Value>,
    /// What the recogniser hears; without it the agent does not listen.
    #[serde(default)]
    pub stt: Option<SttSays>,
    /// What the language model says.
    #[serde(default)]
    pub llm: Option<Timed<LlmSays>>,
    /// How text is spoken; without it replies are shown only.
    #[serde(default)]
    pub tts: Option<Timed<TtsSays>>,
    /// What can be called.
    #[serde(default)]
    pub tools: Vec<Timed<ToolSays>>,
    /// How long the line lasts that is played when the synthesiser fails; without it there is none.
    #[serde(default)]
    pub standby_line_ms: Option<u32>,
    /// How the client plays.
    #[serde(default)]
    pub client: ClientSays,
    /// What the client does, in order of time.
    pub acts: Vec<Act>,
    /// When the runner ends the session, if nothing has before.
    pub until_ms: u64,
}

/// A stage that a host may serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ForeignStage {
    /// The language model.
    Llm,
    /// The synthesiser.
    Tts,
    /// All tools.
    Tools,
}

/// What a stage says, and how long the runner makes it take, however fast the stage itself is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Timed<T> {
    /// What it says.
    pub says: T,
    /// Before the first item of a call; of a synthesiser, of each sentence.
    pub first_ms: u64,
    /// Before each further item; at least 1.
    #[serde(default = "one")]
    pub piece_ms: u64,
    /// Another provider of the stage failed before, in each call.
    #[serde(default)]
    pub instead_of: Option<InsteadOf>,
}

fn one() -> u64 {
    1
}

/// A provider that failed and in whose place the stage serves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct InsteadOf {
    /// Its name.
    pub provider: String,
    /// What went wrong.
    pub fails: Failure,
}

/// An error, by the name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Failure {
    /// The kind, as in error events.
    pub kind: String,
    /// In words.
    pub message: String,
}

/// What the recogniser hears.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SttSays {
    /// From a request for a final transcript to its answer.
    #[serde(default = "hundred")]
    pub final_ms: u64,
    /// The words of the n-th turn with audio; the last for all after it.
    pub turns: Vec<HeardTurn>,
}

fn hundred() -> u64 {
    100
}

/// What is heard in a turn.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HeardTurn {
    /// The words of its finals; those of the n-th request for one are the n-th, the last for all after it.
    pub finals: Vec<String>,
    /// Words told while the turn goes on, by how much of its audio was heard.
    pub partials: Vec<HeardPart>,
    /// How likely the turn is over, told with each final.
    pub estimate: Option<f32>,
    /// Something was said, but could not be made out.
    pub unclear: bool,
    /// The recogniser fails instead of answering a request for a final.
    pub fails: Option<Failure>,
    /// It never answers.
    pub stands_still: bool,
}

/// Words told while the turn goes on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct HeardPart {
    /// After so much of the turn's audio.
    pub after_ms: u64,
    /// All words so far.
    pub text: String,
}

/// How the client plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ClientSays {
    /// It tells what it has played so often; 0 for never.
    pub reports_every_ms: u64,
}

/// Something the client does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Act {
    /// When.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

/// What a client may do. The microphone is open all the time and silent, unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Deed {
    /// The user speaks.
    Speech {
        /// How long.
        for_ms: u64,
        /// How sure the detector is of it.
        #[serde(default = "sure")]
        probability: f32,
    },
    /// The microphone sends nothing.
    Mute {
        /// How long.
        for_ms: u64,
    },
    /// Audio all at once, ahead of real time.
    Rush {
        /// How much.
        for_ms: u64,
        /// How sure the detector is of speech in it.
        #[serde(default = "sure")]
        probability: f32,
    },
    /// The user types.
    Text {
        /// The words.
        text: String,
    },
    /// The program has the agent say something.
    Say {
        /// The words.
        text: String,
    },
    /// The same, protected.
    Announce {
        /// The words.
        text: String,
    },
    /// The user stops the reply.
    Interrupt,
    /// The program changes what the agent knows.
    Context {
        /// New instructions; null clears, left out leaves.
        #[serde(default, deserialize_with = "given")]
        instructions: Option<Option<String>>,
        /// A new context; null clears, left out leaves.
        #[serde(default, deserialize_with = "given")]
        context: Option<Option<String>>,
    },
    /// The client tells what it has played.
    Played {
        /// The turn.
        turn: u32,
        /// Samples so far.
        samples: u64,
    },
    /// The client goes away.
    Detach,
    /// It comes back.
    Attach,
    /// It sends a text message as it is.
    Sends {
        /// The message.
        message: String,
    },
    /// It sends a binary message of so many bytes.
    SendsBytes {
        /// How many.
        bytes: usize,
    },
    /// The user says goodbye.
    End,
}

fn sure() -> f32 {
    0.98
}

/// A field that is there, be it null, is told apart from one that is not.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// `InvalidInput`, naming the field that is wrong.
    pub fn read(text: &str) -> Result<Self> {
        let script: Self = json::read(text, ErrorKind::InvalidInput, Stage::Session)?;
        if !script.acts.is_sorted_by_key(|act| act.at_ms) {
            return Err(wrong(format!("{:?}: the acts are in order of time", script.name)));
        }
        Ok(script)
    }

    /// Reads a file of scripts, which is an array of them, and gives the text of each.
    ///
    /// # Errors
    /// `InvalidInput` when it is no array.
    pub fn all(file: &str) -> Result<Vec<String>> {
        let all: Vec<Value> = json::read(file, ErrorKind::InvalidInput, Stage::Session)?;
        Ok(all.iter().map(ToString::to_string).collect())
    }
}

pub(super) fn wrong(problem: String) -> Error {
    Error::new(ErrorKind::InvalidInput, Stage::Session, format!("a script: {problem}"))
}
