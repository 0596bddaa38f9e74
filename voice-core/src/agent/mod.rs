//! The driver: the only place where the streams, the conversation and a clock meet.

mod breakdown;
mod causes;
mod clock;
mod counts;
mod ears;
mod estimate;
mod hands;
mod microphone;
mod mind;
mod mouth;
mod options;
mod outbox;
mod recognizer;
mod run;
mod scribe;
mod serving;
mod session;
mod standby;

pub use counts::AgentCounts;
pub use outbox::Output;
pub use session::{ClientFormat, Control, ProviderNames, QueueDepths, Session, SessionStatus};
pub use standby::StandbyLine;

use crate::cancel::CancelToken;
use crate::conversation::{ConversationConfig, Event, Snapshot};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::id::SessionId;
use crate::message::Message;
use crate::recording::RecordingOptions;
use crate::stage::{Denoiser, EchoCanceller, LlmProvider, SttProvider, Tool, TtsProvider, TurnDetector, Vad};
use crate::stream::SpeechConfig;
use crate::tool::ToolSpec;
use breakdown::Breakdown;
use counts::Tallies;
use run::Runner;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Makes a fresh VAD for a session.
pub type VadFactory = Arc<dyn Fn() -> Result<Box<dyn Vad>> + Send + Sync>;
/// Makes a fresh denoiser for a session.
pub type DenoiserFactory = Arc<dyn Fn() -> Result<Box<dyn Denoiser>> + Send + Sync>;

/// Makes a fresh echo canceller for a session.
pub type EchoCancellerFactory = Arc<dyn Fn() -> Result<Box<dyn EchoCanceller>> + Send + Sync>;

/// The settings of an agent; every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AgentConfig {
    /// How the agent is to behave.
    pub instructions: Option<String>,
    /// What it is to know at the start.
    pub context: Option<String>,
    /// What counts as speech.
    pub speech: SpeechConfig,
    /// Turn-taking.
    pub conversation: ConversationConfig,
    /// How far playout may run ahead of the listener, in ms.
    pub playout_ahead_ms: u64,
    /// Audio of one reply that may wait for playout, in ms; the synthesiser then waits.
    pub playout_queue_ms: u64,
    /// Microphone audio that may be ahead of real time, in ms; reading then pauses.
    pub max_ahead_ms: u64,
    /// Whether the VAD hears the denoised audio instead of the microphone.
    pub denoise_before_vad: bool,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            instructions: None,
            context: None,
            speech: SpeechConfig::default(),
            conversation: ConversationConfig::default(),
            playout_ahead_ms: 600,
            playout_queue_ms: 10_000,
            max_ahead_ms: 2_000,
            denoise_before_vad: false,
        }
    }
}

/// An agent: providers and settings shared by all its sessions. Cheap to clone.
#[derive(Clone)]
pub struct Agent {
    parts: Arc<Parts>,
}

#[derive(Default)]
struct Parts {
    config: AgentConfig,
    stt: Option<Arc<dyn SttProvider>>,
    llm: Option<Arc<dyn LlmProvider>>,
    tts: Option<Arc<dyn TtsProvider>>,
    vad: Option<VadFactory>,
    denoiser: Option<DenoiserFactory>,
    echo_canceller: Option<EchoCancellerFactory>,
    turn_detector: Option<Arc<dyn TurnDetector>>,
    standby_line: Option<StandbyLine>,
    tools: Vec<Arc<dyn Tool>>,
    /// What the tools say of themselves, in the same order.
    specs: Arc<[ToolSpec]>,
    tallies: Tallies,
}

/// What a session begins with.
#[derive(Debug, Clone, Default)]
pub struct SessionOptions {
    /// Its name; random when absent.
    pub id: Option<SessionId>,
    /// What the client sends and plays.
    pub format: ClientFormat,
    /// Instead of the agent's instructions.
    pub instructions: Option<String>,
    /// Instead of the agent's context.
    pub context: Option<String>,
    /// Where to record what its conversation is told and decides, to be replayed.
    pub recording: Option<RecordingOptions>,
    /// What the session was before, here or in another process: it goes on from there, with these instructions and this
    /// context, its turns count on, and there is no greeting.
    pub continues: Option<Arc<Snapshot>>,
    /// What is known of earlier conversations with the same user, in short: the history begins with it.
    pub remembers: Option<String>,
    /// Whether [`Session::snapshots`] is to be followed.
    pub snapshots: bool,
}

/// Puts an agent together.
#[derive(Default)]
pub struct AgentBuilder {
    parts: Parts,
}

impl Agent {
    /// Begins an agent with nothing set; every part is optional. Without speech to text the agent takes typed turns,
    /// without text to speech it answers in text, without a VAD it does not listen.
    pub fn builder() -> AgentBuilder {
        AgentBuilder::default()
    }

    /// Opens a session and starts its one task on the current Tokio runtime.
    ///
    /// # Errors
    /// `InvalidConfig` when the client's rates cannot be resampled; whatever the factories of the VAD, the denoiser and
    /// the echo canceller say.
    pub fn open(&self, options: SessionOptions) -> Result<Session> {
        self.open_observed(options).map(|(session, _)| session)
    }

    /// As [`open`](Self::open), with an observer that misses nothing: one who subscribes later may have missed the
    /// beginning.
    ///
    /// # Errors
    /// As `open`.
    #[allow(clippy::disallowed_methods)] // A session's task is owned by its handle and joined by `Session::closed`.
    pub fn open_observed(&self, options: SessionOptions) -> Result<(Session, broadcast::Receiver<Event>)> {
        let id = options.id.clone().unwrap_or_else(SessionId::random);
        let cancel = CancelToken::new();
        let (session, ends) = Session::new(id.clone(), self.providers(), cancel);
        let breakdown = Breakdown::of(&id, &ends);
        let runner = Runner::new(id, self.parts.clone(), options, ends)?;
        let events = session.subscribe();
        tokio::spawn(breakdown.told_of(runner.run()));
        Ok((session, events))
    }

    /// The names of the agent's providers.
    pub fn providers(&self) -> ProviderNames {
        let Parts { stt, llm, tts, .. } = &*self.parts;
        ProviderNames {
            stt: stt.as_ref().map(|provider| provider.name().to_owned()),
            llm: llm.as_ref().map(|provider| provider.name().to_owned()),
            tts: tts.as_ref().map(|provider| provider.name().to_owned()),
        }
    }

    /// What has happened to its sessions so far.
    pub fn counts(&self) -> AgentCounts {
        self.parts.tallies.read()
    }

    /// Has the language model sum up what was said, as it does with the older turns of a session. It takes as long as the model
    /// does; the call ends when the future is dropped. Empty where the model has nothing to say.
    ///
    /// # Errors
    /// `Unsupported` without a language model, else what it says.
    pub async fn sum_up(&self, messages: &[Message], most_tokens: usize) -> Result<String> {
        let Some(llm) = &self.parts.llm else {
            return Err(Error::new(ErrorKind::Unsupported, Stage::Llm, "there is no language model"));
        };
        scribe::sum_up(llm, messages, most_tokens).await
    }

    /// What was said as a text, where no model sums it up: the newest of it, at most so many estimated tokens.
    pub fn newest_of(messages: &[Message], most_tokens: usize) -> String {
        scribe::newest(messages, most_tokens)
    }

    /// The agent's settings.
    pub fn config(&self) -> &AgentConfig {
        &self.parts.config
    }
}

impl AgentBuilder {
    /// The settings.
    #[must_use]
    pub fn config(mut self, config: AgentConfig) -> Self {
        self.parts.config = config;
        self
    }

    /// Speech to text.
    #[must_use]
    pub fn stt(mut self, provider: Arc<dyn SttProvider>) -> Self {
        self.parts.stt = Some(provider);
        self
    }

    /// The language model.
    #[must_use]
    pub fn llm(mut self, provider: Arc<dyn LlmProvider>) -> Self {
        self.parts.llm = Some(provider);
        self
    }

    /// Text to speech.
    #[must_use]
    pub fn tts(mut self, provider: Arc<dyn TtsProvider>) -> Self {
        self.parts.tts = Some(provider);
        self
    }

    /// Voice activity detection.
    #[must_use]
    pub fn vad(mut self, factory: impl Fn() -> Result<Box<dyn Vad>> + Send + Sync + 'static) -> Self {
        self.parts.vad = Some(Arc::new(factory));
        self
    }

    /// Noise suppression of what the recogniser hears.
    #[must_use]
    pub fn denoiser(mut self, factory: impl Fn() -> Result<Box<dyn Denoiser>> + Send + Sync + 'static) -> Self {
        self.parts.denoiser = Some(Arc::new(factory));
        self
    }

    /// Echo cancellation for clients that ask for it ([`ClientFormat::echo_cancellation`]), at 16 kHz.
    #[must_use]
    pub fn echo_canceller(
        mut self,
        factory: impl Fn() -> Result<Box<dyn EchoCanceller>> + Send + Sync + 'static,
    ) -> Self {
        self.parts.echo_canceller = Some(Arc::new(factory));
        self
    }

    /// What is played when the synthesiser fails. Without it such a reply is shown and not heard.
    #[must_use]
    pub fn standby_line(mut self, line: StandbyLine) -> Self {
        self.parts.standby_line = Some(line);
        self
    }

    /// Semantic turn detection.
    #[must_use]
    pub fn turn_detector(mut self, detector: Arc<dyn TurnDetector>) -> Self {
        self.parts.turn_detector = Some(detector);
        self
    }

    /// Something the model may call.
    ///
    /// # Errors
    /// `InvalidConfig` when another tool has the same name, or when a model could not be told of it: its name is not
    /// 1 … 64 letters, digits, `_` and `-`, or its arguments are no object.
    pub fn tool(mut self, tool: Arc<dyn Tool>) -> Result<Self> {
        let spec = tool.spec();
        let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
        let problem = if self.parts.tools.iter().any(|other| other.spec().name == spec.name) {
            "there is another one of that name"
        } else if !(1..=64).contains(&spec.name.len()) || !spec.name.chars().all(fits) {
            "a name is 1 to 64 letters, digits, _ and -"
        } else if spec.parameters["type"] != "object" {
            "its arguments are to be an object"
        } else {
            self.parts.tools.push(tool);
            return Ok(self);
        };
        Err(Error::new(ErrorKind::InvalidConfig, Stage::Tool, format!("tool {:?}: {problem}", spec.name)))
    }

    /// The agent.
    pub fn build(mut self) -> Agent {
        self.parts.specs = self.parts.tools.iter().map(|tool| tool.spec().clone()).collect();
        Agent { parts: Arc::new(self.parts) }
    }
}

fn missing_model() -> Error {
    Error::new(ErrorKind::InvalidConfig, Stage::Llm, "the agent has no language model")
}
