//! Who serves the stages.

mod choice;
#[cfg(feature = "fakes")]
mod fake;
mod local;

use crate::config::{Config, ConfigError, StageKind};
use choice::Available;
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use voice_core::Stage;
use voice_core::agent::Agent;
use voice_core::builtin::{RnnoiseDenoiser, SileroModel, SileroVad};
use voice_core::stage::{LlmProvider, SttProvider, TtsProvider};

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
    /// What is not installed.
    pub missing: Vec<MissingEngine>,
    /// What one can say, where that is known.
    pub examples: Vec<ExampleGroup>,
    /// The model that tells speech; without it sessions do not listen.
    pub vad: Option<Arc<SileroModel>>,
    /// Whether the recogniser hears denoised audio.
    pub denoise: bool,
}

impl Providers {
    /// The providers that the configuration asks for. An engine that is not installed is no error: the stage stays
    /// empty, and clients are told.
    ///
    /// # Errors
    /// A provider that this build does not have, a setting that its provider refuses.
    pub fn from_config(config: &Config) -> Result<Self, ConfigError> {
        let vad = SileroModel::embedded().map_err(|error| ConfigError::new(format!("VAD=silero: {error}")))?;
        let mut providers = Self { vad: Some(vad), denoise: config.denoise, ..Self::default() };
        match choice::of(StageKind::Stt, &config.stt)? {
            Available::Local => local::stt(&mut providers)?,
            #[cfg(feature = "fakes")]
            Available::Fake => providers.stt = Some(fake::stt(config)),
        }
        match choice::of(StageKind::Llm, &config.llm)? {
            Available::Local => local::llm(&mut providers)?,
            #[cfg(feature = "fakes")]
            Available::Fake => providers.llm = Some(fake::llm(config)),
        }
        match choice::of(StageKind::Tts, &config.tts)? {
            Available::Local => local::tts(&mut providers, config)?,
            #[cfg(feature = "fakes")]
            Available::Fake => providers.tts = Some(fake::tts(config)),
        }
        Ok(providers)
    }

    /// Prepares connections and models, so that the first session is as fast as the second. A provider that cannot is
    /// noted in the log and tried again when it is needed.
    pub async fn warm_up(&self) {
        let ready = |stage: Stage, warm_up: Option<BoxFuture<'static, voice_core::Result<()>>>| async move {
            let Some(warm_up) = warm_up else { return };
            match tokio::time::timeout(WARM_UP, warm_up).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(stage = stage.as_str(), %error, "a provider is not ready"),
                Err(_) => tracing::warn!(stage = stage.as_str(), "a provider takes long to get ready"),
            }
        };
        tokio::join!(
            ready(Stage::Stt, self.stt.as_ref().map(|provider| provider.warm_up())),
            ready(Stage::Llm, self.llm.as_ref().map(|provider| provider.warm_up())),
            ready(Stage::Tts, self.tts.as_ref().map(|provider| provider.warm_up())),
        );
    }

    pub(crate) fn agent(&self, config: &Config) -> Agent {
        let mut builder = Agent::builder().config(config.agent.clone());
        if let Some(model) = self.vad.clone() {
            builder = builder.vad(move || Ok(Box::new(SileroVad::new(model.clone()))));
        }
        if self.denoise {
            builder = builder.denoiser(|| Ok(Box::new(RnnoiseDenoiser::new())));
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
        builder.build()
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
