//! What a simulated call is made of: services, a listener, and what the user does.

use super::latency::Latency;
use crate::conversation::ConversationConfig;
use crate::tool::SideEffect;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A call to simulate. Every field has a default; as JSON it can come from any language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// How the agent behaves.
    pub conversation: ConversationConfig,
    /// Speech to text.
    pub recogniser: Recogniser,
    /// The language model.
    pub model: Model,
    /// Text to speech.
    pub voice: Voice,
    /// What the model may call.
    pub tools: Vec<SimulatedTool>,
    /// What becomes of facts on their way.
    pub network: Network,
    /// The loudspeaker.
    pub listener: Listener,
    /// How fast the user speaks, in ms a word.
    pub word_ms: u32,
    /// What the user does, in order.
    pub script: Vec<Step>,
    /// The script is done again from its beginning until so much time, in ms, has passed; with 0 it is done once.
    pub length_ms: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            conversation: ConversationConfig::default(),
            recogniser: Recogniser::default(),
            model: Model::default(),
            voice: Voice::default(),
            tools: Vec::new(),
            network: Network::default(),
            listener: Listener::default(),
            word_ms: 300,
            script: Vec::new(),
            length_ms: 0,
        }
    }
}

impl Scenario {
    /// The same call, in which the user also does this.
    #[must_use]
    pub fn then(mut self, when: When, act: Act) -> Self {
        self.script.push(Step { when, act });
        self
    }
}

/// Something the user does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When.
    pub when: When,
    /// What.
    pub act: Act,
}

/// When a step is done: so long after something. What does not happen within 20 s is not waited for; a call in which not
/// everything is said within two minutes is stuck.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// After the step before has ended. Speech that goes on after a pause is two steps.
    After(Latency),
    /// After a reply has been begun: a time drawn at random is a random phase of it.
    Asked(Latency),
    /// After the reply began to sound.
    Sounding(Latency),
    /// After everything is said: nobody speaks, nothing is being made.
    Answered(Latency),
}

/// What the user does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Speaks these words: a question, more of one, a back-channel, an interruption.
    Say(String),
    /// Makes a noise without words, so many ms long.
    Noise(u32),
    /// Types.
    Type(String),
    /// Presses the button that stops the agent.
    Interrupt,
    /// The application changes the context.
    Context(String),
    /// The application has something said.
    Announce(String),
}

impl Act {
    /// Speaks these words.
    pub fn say(words: &str) -> Self {
        Self::Say(words.to_owned())
    }
}

/// How a call to a service goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It fails with an error, at its beginning or later.
    Fail,
    /// It gives nothing any more, and no end.
    Stall,
    /// It ends as if all were well, without a result.
    SilentEnd,
}

/// Which calls to a service go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// These, counted from 0.
    pub calls: BTreeMap<u32, Fault>,
    /// So many of a hundred fail.
    pub fail_percent: u8,
    /// So many of a hundred stall.
    pub stall_percent: u8,
    /// So many of a hundred end in silence.
    pub silent_end_percent: u8,
}

/// Speech to text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recogniser {
    /// From the end of a word to the partial transcript that has it.
    pub partial: Latency,
    /// From the request to the final transcript.
    pub last: Latency,
    /// Of the requests for a final transcript.
    pub faults: Faults,
}

impl Default for Recogniser {
    fn default() -> Self {
        Self { partial: Latency::constant(150), last: Latency::constant(250), faults: Faults::default() }
    }
}

/// The language model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Model {
    /// From the request to the first token.
    pub first_token: Latency,
    /// From one token, a word, to the next.
    pub token: Latency,
    /// What it answers, one after the other, round and round.
    pub answers: Vec<String>,
    /// So many of a hundred answers begin with calls to tools, where there are some.
    pub tool_percent: u8,
    /// Of its answers.
    pub faults: Faults,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            first_token: Latency::constant(200),
            token: Latency::constant(15),
            answers: vec!["That is a good question. The short answer is yes, and the long one takes more time.".into()],
            tool_percent: 0,
            faults: Faults::default(),
        }
    }
}

/// Text to speech.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Voice {
    /// From a sentence to the first byte of its audio.
    pub first_byte: Latency,
    /// How much faster than it is played audio is made.
    pub speed: f64,
    /// How long a character sounds, in ms.
    pub character_ms: u32,
    /// Of its sentences.
    pub faults: Faults,
}

impl Default for Voice {
    fn default() -> Self {
        Self { first_byte: Latency::constant(200), speed: 5.0, character_ms: 60, faults: Faults::default() }
    }
}

/// A tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedTool {
    /// Its name.
    pub name: String,
    /// Whether it changes the world.
    #[serde(default)]
    pub effect: SideEffect,
    /// How long a call takes.
    pub latency: Latency,
    /// How long it may take, in ms.
    pub deadline_ms: u64,
    /// Of its calls; one that ends in silence stalls.
    #[serde(default)]
    pub faults: Faults,
}

/// What becomes of facts between the services and the session.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// Added to the time of every fact of a service and every report of the listener; those of one call stay in order.
    pub jitter: Latency,
    /// So many of a hundred facts do not wait for those before them; the audio of a voice does.
    pub reordered_percent: u8,
    /// So many of a hundred facts of a call that was cancelled arrive all the same.
    pub late_percent: u8,
}

impl Default for Network {
    fn default() -> Self {
        Self { jitter: Latency::NONE, reordered_percent: 0, late_percent: 0 }
    }
}

/// The loudspeaker of the user.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listener {
    /// Rate of the audio, in Hz.
    pub rate: u32,
    /// It reports what it played so often, in ms; 0 never.
    pub report_ms: u32,
    /// From a report to its arrival.
    pub report_delay: Latency,
    /// It stops at once when it is told to hold.
    pub can_pause: bool,
    /// How far playout runs ahead of it, in ms.
    pub ahead_ms: u64,
}

impl Default for Listener {
    fn default() -> Self {
        Self { rate: 16_000, report_ms: 100, report_delay: Latency::constant(30), can_pause: true, ahead_ms: 600 }
    }
}
