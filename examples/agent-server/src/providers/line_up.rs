//! The providers of a stage, made in the order of the configuration: one as it is, several as one that falls back.

use super::choice::Chosen;
#[cfg(feature = "fakes")]
use super::fake;
use super::{ExampleGroup, MissingEngine, cloud, local};
use crate::config::{Config, ConfigError, StageKind};
use std::sync::Arc;
use voice_core::stage::{LlmProvider, SttProvider, TtsProvider};
use voice_providers::fallback::{FallbackConfig, FallbackLlm, FallbackStt, FallbackTts};

pub(super) struct LineUp<'a> {
    pub(super) config: &'a Config,
    /// What one can say, where that is known.
    pub(super) examples: Vec<ExampleGroup>,
    /// Engines whose stage nobody else serves.
    pub(super) missing: Vec<MissingEngine>,
}

impl LineUp<'_> {
    pub(super) fn stt(&mut self, chosen: &[Chosen<'_>]) -> Result<Option<Arc<dyn SttProvider>>, ConfigError> {
        let (alone, config) = (chosen.len() == 1, self.config);
        let made = chosen.iter().map(|chosen| match chosen {
            Chosen::Local => local::stt(),
            Chosen::Cloud(service, model) => cloud::stt(*service, *model, alone, config).map(Ok),
            #[cfg(feature = "fakes")]
            Chosen::Fake => Ok(Ok(fake::stt(config))),
        });
        let made = made.collect::<Result<Vec<_>, _>>()?;
        let several = |all| FallbackStt::new(all, FallbackConfig::default()).map(|stt| Arc::new(stt) as _);
        self.as_one(StageKind::Stt, made, several)
    }

    pub(super) fn llm(&mut self, chosen: &[Chosen<'_>]) -> Result<Option<Arc<dyn LlmProvider>>, ConfigError> {
        let mut made = Vec::new();
        for chosen in chosen {
            made.push(Ok(match chosen {
                Chosen::Local => local::llm(&mut self.examples)?,
                Chosen::Cloud(service, model) => cloud::llm(*service, *model, self.config)?,
                #[cfg(feature = "fakes")]
                Chosen::Fake => fake::llm(self.config),
            }));
        }
        let several = |all| FallbackLlm::new(all, FallbackConfig::default()).map(|llm| Arc::new(llm) as _);
        self.as_one(StageKind::Llm, made, several)
    }

    pub(super) fn tts(&mut self, chosen: &[Chosen<'_>]) -> Result<Option<Arc<dyn TtsProvider>>, ConfigError> {
        let config = self.config;
        // `VOICE` is a voice of the first: no name is known to two services.
        let voices = config.voice.as_deref().into_iter().map(Some).chain(std::iter::repeat(None));
        let made = chosen.iter().zip(voices).map(|(chosen, voice)| match chosen {
            Chosen::Local => local::tts(voice),
            Chosen::Cloud(service, model) => cloud::tts(*service, *model, voice, config).map(Ok),
            #[cfg(feature = "fakes")]
            Chosen::Fake => Ok(Ok(fake::tts(config))),
        });
        let made = made.collect::<Result<Vec<_>, _>>()?;
        let several = |all| FallbackTts::new(all, FallbackConfig::default()).map(|tts| Arc::new(tts) as _);
        self.as_one(StageKind::Tts, made, several)
    }

    /// An engine that is not installed is left out; clients are told only when nobody else serves the stage.
    fn as_one<P: ?Sized>(
        &mut self,
        stage: StageKind,
        made: Vec<Result<Arc<P>, MissingEngine>>,
        several: impl FnOnce(Vec<Arc<P>>) -> voice_core::Result<Arc<P>>,
    ) -> Result<Option<Arc<P>>, ConfigError> {
        let (mut all, mut missing) = (Vec::new(), Vec::new());
        for made in made {
            match made {
                Ok(provider) => all.push(provider),
                Err(engine) => missing.push(engine),
            }
        }
        if all.is_empty() {
            self.missing.append(&mut missing);
            return Ok(None);
        }
        for engine in missing {
            tracing::warn!(stage = engine.stage.as_str(), reason = engine.message, "a provider is left out");
        }
        if all.len() == 1 {
            return Ok(all.pop());
        }
        let wrong = |error: voice_core::Error| ConfigError::new(format!("{}: {}", stage.setting(), error.message()));
        several(all).map(Some).map_err(wrong)
    }
}
