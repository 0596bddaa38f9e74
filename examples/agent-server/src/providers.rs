//! Who serves the stages.

use crate::config::{Config, ConfigError, Provider, ProviderChoice, StageKind};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use voice_core::agent::Agent;
use voice_core::stage::{LlmProvider, SttProvider, TtsProvider};
use voice_core::{Error, ErrorKind, Stage};

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
}

impl Providers {
    /// The providers that the configuration asks for. An engine that is not installed is no error: the stage stays
    /// empty, and clients are told.
    ///
    /// # Errors
    /// A provider that this build does not have.
    pub fn from_config(config: &Config) -> Result<Self, ConfigError> {
        let providers = Self::default();
        for (stage, choices) in
            [(StageKind::Stt, &config.stt), (StageKind::Llm, &config.llm), (StageKind::Tts, &config.tts)]
        {
            chosen(stage, choices)?;
        }
        Ok(providers)
    }

    pub(crate) fn agent(&self, config: &Config) -> Agent {
        let mut builder = Agent::builder().config(config.agent.clone());
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

    pub(crate) fn missing(&self) -> &[MissingEngine] {
        &self.missing
    }

    pub(crate) fn examples(&self) -> &[ExampleGroup] {
        &self.examples
    }

    pub(crate) fn names(&self) -> Value {
        json!({
            "stt": self.stt.as_ref().map(|provider| provider.name()),
            "llm": self.llm.as_ref().map(|provider| provider.name()),
            "tts": self.tts.as_ref().map(|provider| provider.name()),
        })
    }
}

/// The one provider of a stage: the local one unless another is named.
fn chosen(stage: StageKind, choices: &[ProviderChoice]) -> Result<(Provider, Option<&str>), ConfigError> {
    let unavailable =
        |what: &str| Err(ConfigError::new(format!("{}={what}: not available in this build", stage.setting())));
    for choice in choices {
        let available = match choice.provider {
            Provider::Local => true,
            Provider::Fake => cfg!(feature = "fakes"),
            Provider::Deepgram | Provider::Groq | Provider::Cartesia | Provider::OpenAi => false,
        };
        if !available {
            return unavailable(choice.provider.as_str());
        }
    }
    match choices {
        [] => Ok((Provider::Local, None)),
        [only] => Ok((only.provider, only.model.as_deref())),
        [..] => {
            let names: Vec<_> = choices.iter().map(|choice| choice.provider.as_str()).collect();
            Err(ConfigError::new(format!(
                "{}={}: falling back from one provider to another is not available in this build",
                stage.setting(),
                names.join(",")
            )))
        }
    }
}

/// What an engine's failure to load means: missing, or a reason not to start.
fn missing_or(stage: Stage, error: &Error) -> Result<MissingEngine, ConfigError> {
    match error.kind() {
        ErrorKind::EngineMissing => Ok(MissingEngine { stage, message: error.message().to_owned() }),
        _ => Err(ConfigError::new(error.to_string())),
    }
}
