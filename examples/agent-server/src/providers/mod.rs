//! Who serves the stages.

mod choice;
mod cloud;
#[cfg(feature = "fakes")]
mod fake;
mod line_up;
mod local;
pub(crate) mod regions;
mod standby;
mod turn;

use crate::config::{Config, ConfigError, StageKind};
use choice::Chosen;
use futures::future::BoxFuture;
use line_up::LineUp;
pub use regions::Regions;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use voice_core::agent::{Agent, AgentBuilder, StandbyLine};
use voice_core::builtin::{Aec3, RnnoiseDenoiser, SileroModel, SileroVad};
use voice_core::stage::{LlmProvider, SttProvider, Tool, TtsProvider, TurnDetector};
use voice_core::{ErrorKind, Stage};

/// How long the start waits for a provider to get ready.
const WARM_UP: Duration = Duration::from_secs(5);

/// An engine that a stage needs and this machine lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingEngine {
    /// The stage that goes without.
    pub stage: Stage,
    /// What to install.
    pub message: String,
}

/// Sentences that the agent understands, under a title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExampleGroup {
    /// What they are about.
    pub title: String,
    /// The sentences.
    pub sentences: Vec<String>,
}

/// The services all sessions share.
#[derive(Clone, Default)]
pub struct Providers {
    /// Speech to text.
    pub stt: Option<Arc<dyn SttProvider>>,
    /// The language model.
    pub llm: Option<Arc<dyn LlmProvider>>,
    /// Text to speech.
    pub tts: Option<Arc<dyn TtsProvider>>,
    /// What the language model may call.
    pub tools: Vec<Arc<dyn Tool>>,
    /// What is not installed.
    pub missing: Vec<MissingEngine>,
    /// What one can say, where that is known.
    pub examples: Vec<ExampleGroup>,
    /// The model that tells speech; without it sessions do not listen.
    pub vad: Option<Arc<SileroModel>>,
    /// The model that tells the end of a turn; without it silence alone does.
    pub turn_detector: Option<Arc<dyn TurnDetector>>,
    /// Whether the recogniser hears denoised audio.
    pub denoise: bool,
    /// Whether sessions whose clients ask for it cancel echo.
    pub echo_cancellation: bool,
    /// What works less well than one would expect of this combination, for the log and for every client.
    pub remarks: Vec<&'static str>,
    /// Whether a stage is served by an engine that knows English alone.
    pub english_only: bool,
    /// What is played when nothing can speak.
    pub standby_line: Option<StandbyLine>,
    /// Services that have several regions.
    pub regions: Vec<Arc<Regions>>,
}

impl Providers {
    /// The providers that the configuration asks for. An engine that is not installed is no error: the stage stays
    /// empty, and clients are told.
    ///
    /// # Errors
    /// A provider that this build does not have, a setting that its provider refuses, a model that does not load.
    pub fn from_config(config: &Config) -> Result<Self, ConfigError> {
        let vad = SileroModel::embedded().map_err(|error| ConfigError::new(format!("VAD=silero: {error}")))?;
        let turn_detector = turn::detector(config)?;
        let mut providers =
            Self { vad: Some(vad), turn_detector, denoise: config.denoise, echo_cancellation: true, ..Self::default() };
        let chosen = |stage| choice::of(stage, config);
        let (stt, llm, tts) = (chosen(StageKind::Stt)?, chosen(StageKind::Llm)?, chosen(StageKind::Tts)?);
        let mut line_up = LineUp { config, examples: Vec::new(), missing: Vec::new(), regions: Vec::new() };
        providers.stt = line_up.stt(&stt)?;
        providers.llm = line_up.llm(&llm)?;
        providers.tts = line_up.tts(&tts)?;
        if llm.iter().any(|chosen| matches!(chosen, Chosen::Cloud(..))) {
            providers.tools = line_up.tools()?;
        } else if config.keys.contains_key("TAVILY_API_KEY") {
            tracing::warn!("TAVILY_API_KEY changes nothing: only a language model in the cloud searches the web");
        }
        (providers.examples, providers.missing) = (line_up.examples, line_up.missing);
        providers.regions = line_up.regions;
        providers.remarks = remarks(&stt, &llm);
        providers.english_only = stt.contains(&Chosen::Local) || tts.contains(&Chosen::Local);
        Ok(providers)
    }

    /// Prepares connections and models, so that the first session is as fast as the second. A provider that cannot for
    /// now is noted in the log and tried again when it is needed.
    ///
    /// # Errors
    /// A provider refuses the key or the model: no session could work.
    pub async fn warm_up(&mut self) -> Result<(), ConfigError> {
        regions::look(&self.regions).await;
        let ready = |stage: Stage, warm_up: Option<BoxFuture<'static, voice_core::Result<()>>>| async move {
            let Some(warm_up) = warm_up else { return Ok(()) };
            match tokio::time::timeout(WARM_UP, warm_up).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) if matches!(error.kind(), ErrorKind::Auth | ErrorKind::InvalidConfig) => {
                    Err(ConfigError::new(error.to_string()))
                }
                Ok(Err(error)) => {
                    tracing::warn!(stage = stage.as_str(), %error, "a provider is not ready");
                    Ok(())
                }
                Err(_) => {
                    tracing::warn!(stage = stage.as_str(), "a provider takes long to get ready");
                    Ok(())
                }
            }
        };
        tokio::try_join!(
            ready(Stage::Stt, self.stt.as_ref().map(|provider| provider.warm_up())),
            ready(Stage::Llm, self.llm.as_ref().map(|provider| provider.warm_up())),
            ready(Stage::Tts, self.tts.as_ref().map(|provider| provider.warm_up())),
        )?;
        self.standby_line = match &self.tts {
            Some(tts) => standby::line(tts.as_ref()).await,
            None => None,
        };
        Ok(())
    }

    pub(crate) fn agent(&self, config: &Config) -> voice_core::Result<Agent> {
        let mut builder = Agent::builder().config(config.agent.clone());
        if let Some(model) = self.vad.clone() {
            builder = builder.vad(move || Ok(Box::new(SileroVad::new(model.clone()))));
        }
        if let Some(detector) = &self.turn_detector {
            builder = builder.turn_detector(detector.clone());
        }
        if self.denoise {
            builder = builder.denoiser(|| Ok(Box::new(RnnoiseDenoiser::new())));
        }
        if self.echo_cancellation {
            builder = builder.echo_canceller(|| Ok(Box::new(Aec3::new())));
        }
        if let Some(stt) = &self.stt {
            builder = builder.stt(stt.clone());
        }
        if let Some(llm) = &self.llm {
            builder = builder.llm(llm.clone());
        }
        if let Some(tts) = &self.tts {
            builder = builder.tts(tts.clone());
        }
        if let Some(line) = &self.standby_line {
            builder = builder.standby_line(line.clone());
        }
        self.tools.iter().cloned().try_fold(builder, AgentBuilder::tool).map(AgentBuilder::build)
    }

    /// The names of those that serve; `null` where a stage is empty.
    pub(crate) fn names(&self) -> Value {
        json!({
            "stt": self.stt.as_ref().map(|provider| provider.name()),
            "llm": self.llm.as_ref().map(|provider| provider.name()),
            "tts": self.tts.as_ref().map(|provider| provider.name()),
        })
    }
}

/// The local recogniser serves the demo brain; a real language model deserves better.
fn remarks(stt: &[Chosen<'_>], llm: &[Chosen<'_>]) -> Vec<&'static str> {
    match (stt, llm) {
        ([Chosen::Local, ..], [Chosen::Cloud(..), ..]) => vec![
            "speech is recognised on this machine, which knows the demo's sentences alone; \
             set DEEPGRAM_API_KEY or GROQ_API_KEY for open conversation, or type",
        ],
        _ => Vec::new(),
    }
}
