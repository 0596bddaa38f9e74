//! The providers of a stage, made in the order of the configuration: one as it is, several as one that falls back.

use super::choice::{Chosen, Service};
#[cfg(feature = "fakes")]
use super::fake;
use super::regions::{Regions, Routed};
use super::{ExampleGroup, MissingEngine, cloud, local};
use crate::config::{Config, ConfigError, StageKind};
use std::sync::Arc;
use voice_core::stage::{LlmProvider, SttProvider, Tool, TtsProvider};
use voice_providers::Endpoint;
use voice_providers::fallback::{FallbackConfig, FallbackLlm, FallbackStt, FallbackTts};

pub(super) struct LineUp<'a> {
    pub(super) config: &'a Config,
    /// What one can say, where that is known.
    pub(super) examples: Vec<ExampleGroup>,
    /// Engines whose stage nobody else serves.
    pub(super) missing: Vec<MissingEngine>,
    /// Services that have several regions.
    pub(super) regions: Vec<Arc<Regions>>,
}

impl LineUp<'_> {
    pub(super) fn stt(&mut self, chosen: &[Chosen<'_>]) -> Result<Option<Arc<dyn SttProvider>>, ConfigError> {
        let config = self.config;
        let several = |all| FallbackStt::new(all, FallbackConfig::default()).map(|stt| Arc::new(stt) as _);
        let made = chosen.iter().map(|one| match one {
            Chosen::Local => local::stt(),
            Chosen::Cloud(service, model) => {
                let places = self.places(*service);
                let alone = chosen.len() == 1 && places.len() == 1;
                let each = each(&places, |place| cloud::stt(*service, *model, alone, place, config))?;
                self.nearest(*service, each, several, |routed| Arc::new(routed)).map(Ok)
            }
            #[cfg(feature = "fakes")]
            Chosen::Fake => Ok(Ok(fake::stt(config))),
        });
        let made = made.collect::<Result<Vec<_>, _>>()?;
        self.as_one(StageKind::Stt, made, several)
    }

    pub(super) fn llm(&mut self, chosen: &[Chosen<'_>]) -> Result<Option<Arc<dyn LlmProvider>>, ConfigError> {
        let (mut made, config) = (Vec::new(), self.config);
        let several = |all| FallbackLlm::new(all, FallbackConfig::default()).map(|llm| Arc::new(llm) as _);
        for chosen in chosen {
            made.push(Ok(match chosen {
                Chosen::Local => local::llm(&mut self.examples)?,
                Chosen::Cloud(service, model) => {
                    let each = each(&self.places(*service), |place| cloud::llm(*service, *model, place, config))?;
                    self.nearest(*service, each, several, |routed| Arc::new(routed))?
                }
                #[cfg(feature = "fakes")]
                Chosen::Fake => fake::llm(config),
            }));
        }
        self.as_one(StageKind::Llm, made, several)
    }

    pub(super) fn tts(&mut self, chosen: &[Chosen<'_>]) -> Result<Option<Arc<dyn TtsProvider>>, ConfigError> {
        let config = self.config;
        // `VOICE` is a voice of the first: no name is known to two services.
        let voices = config.voice.as_deref().into_iter().map(Some).chain(std::iter::repeat(None));
        let several = |all| FallbackTts::new(all, FallbackConfig::default()).map(|tts| Arc::new(tts) as _);
        let made = chosen.iter().zip(voices).map(|(chosen, voice)| match chosen {
            Chosen::Local => local::tts(voice),
            Chosen::Cloud(service, model) => {
                let each = each(&self.places(*service), |place| cloud::tts(*service, *model, voice, place, config))?;
                self.nearest(*service, each, several, |routed| Arc::new(routed)).map(Ok)
            }
            #[cfg(feature = "fakes")]
            Chosen::Fake => Ok(Ok(fake::tts(config))),
        });
        let made = made.collect::<Result<Vec<_>, _>>()?;
        self.as_one(StageKind::Tts, made, several)
    }

    /// Web search, where there is a key for it.
    pub(super) fn tools(&mut self) -> Result<Vec<Arc<dyn Tool>>, ConfigError> {
        let Some(key) = self.config.keys.get("TAVILY_API_KEY") else { return Ok(Vec::new()) };
        let places = self.places_of("TAVILY_BASE_URL");
        let each = each(&places, |place| cloud::search(key, place))?;
        // A tool that fails is told to the model, which may ask again: nobody takes over.
        let (regions, first) = (self.regions_of("tavily", "TAVILY_BASE_URL"), each.first().cloned());
        Ok(match regions {
            Some(regions) => vec![Arc::new(Routed::new(regions, each, "tavily"))],
            None => first.into_iter().collect(),
        })
    }

    /// Where a service is found; `None` alone stands for its usual place.
    fn places(&self, service: Service) -> Vec<Option<Endpoint>> {
        self.places_of(service.base_url())
    }

    fn places_of(&self, setting: &str) -> Vec<Option<Endpoint>> {
        match self.config.base_urls.get(setting) {
            Some(urls) => urls.iter().cloned().map(Some).collect(),
            None => vec![None],
        }
    }

    /// The regions of a service that has several; one and the same for all its stages.
    fn regions_of(&mut self, service: &'static str, setting: &str) -> Option<Arc<Regions>> {
        let urls = self.config.base_urls.get(setting).filter(|urls| urls.len() > 1)?;
        if let Some(known) = self.regions.iter().find(|regions| regions.service() == service) {
            return Some(known.clone());
        }
        let regions = Arc::new(Regions::new(service, urls.clone()));
        self.regions.push(regions.clone());
        Some(regions)
    }

    /// One provider of the same in each region: the nearest serves, and when it fails, another one goes on in the same turn.
    fn nearest<P: ?Sized>(
        &mut self,
        service: Service,
        each: Vec<Arc<P>>,
        several: impl Fn(Vec<Arc<P>>) -> voice_core::Result<Arc<P>>,
        routed: impl FnOnce(Routed<P>) -> Arc<P>,
    ) -> Result<Arc<P>, ConfigError> {
        let broken =
            |error: voice_core::Error| ConfigError::new(format!("{}: {}", service.base_url(), error.message()));
        let Some(regions) = self.regions_of(service.name(), service.base_url()) else {
            return each.into_iter().next().ok_or_else(|| ConfigError::new(service.base_url()));
        };
        let beginning_with = |first: usize| {
            let others = each.iter().enumerate().filter(|(index, _)| *index != first).map(|(_, provider)| provider);
            several([&each[first]].into_iter().chain(others).cloned().collect())
        };
        let chains = (0..each.len()).map(beginning_with).collect::<voice_core::Result<Vec<_>>>().map_err(broken)?;
        Ok(routed(Routed::new(regions, chains, service.name())))
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

fn each<P: ?Sized>(
    places: &[Option<Endpoint>],
    make: impl Fn(Option<Endpoint>) -> Result<Arc<P>, ConfigError>,
) -> Result<Vec<Arc<P>>, ConfigError> {
    places.iter().cloned().map(make).collect()
}
