//! Cloud services, and servers that speak their dialect.

use super::choice::Service;
use crate::config::{Config, ConfigError, StageKind};
use std::sync::Arc;
use std::time::Duration;
use voice_core::stage::{LlmProvider, SttProvider, Tool, TtsProvider};
use voice_providers::cartesia::{CartesiaTts, CartesiaTtsConfig};
use voice_providers::deepgram::{DeepgramStt, DeepgramSttConfig, DeepgramTts, DeepgramTtsConfig};
use voice_providers::openai::{OpenAiLlm, OpenAiLlmConfig, OpenAiStt, OpenAiSttConfig};
use voice_providers::tavily::{TavilyConfig, WebSearch};
use voice_providers::{Endpoint, Secret, groq};

/// How long Deepgram may take to recover what a lost connection had not finished, where another recogniser waits to be
/// asked: longer than that one is patient, so that the turn's audio is heard again rather than cut short.
const RECOVERY_OF_SEVERAL: Duration = Duration::from_secs(10);
/// Connections in a row that may fail where another recogniser waits to be asked.
const CONNECTIONS_OF_SEVERAL: u32 = 2;

/// A recogniser at `base_url`; `alone` when no other takes over.
pub(super) fn stt(
    service: Service,
    model: Option<&str>,
    alone: bool,
    base_url: Option<Endpoint>,
    config: &Config,
) -> Result<Arc<dyn SttProvider>, ConfigError> {
    let Place { key, base_url, model } = Place::of(service, model, base_url, config);
    let language = config.language.clone();
    let made: voice_core::Result<Arc<dyn SttProvider>> = match service {
        Service::Deepgram => {
            let key = needed(service, key, StageKind::Stt)?;
            let mut settings = DeepgramSttConfig::from_settings(key, base_url, model, language);
            if !alone {
                (settings.recovery_timeout, settings.give_up_after) = (RECOVERY_OF_SEVERAL, CONNECTIONS_OF_SEVERAL);
            }
            DeepgramStt::new(settings).map(|stt| Arc::new(stt) as _)
        }
        Service::Groq => groq::stt(key, model, language, base_url).map(|stt| Arc::new(stt) as _),
        Service::OpenAi => {
            let mut settings = OpenAiSttConfig::default();
            (settings.key, settings.model, settings.language, settings.base_url) = (key, model, language, base_url);
            OpenAiStt::new(settings).map(|stt| Arc::new(stt) as _)
        }
        Service::Cartesia => return Err(unavailable(StageKind::Stt, service)),
    };
    made.map_err(|error| wrong(StageKind::Stt, service, &error))
}

/// A language model.
pub(super) fn llm(
    service: Service,
    model: Option<&str>,
    base_url: Option<Endpoint>,
    config: &Config,
) -> Result<Arc<dyn LlmProvider>, ConfigError> {
    let Place { key, base_url, model } = Place::of(service, model, base_url, config);
    let made: voice_core::Result<Arc<dyn LlmProvider>> = match service {
        Service::Groq => groq::llm(key, model, base_url).map(|llm| Arc::new(llm) as _),
        Service::OpenAi => {
            let mut settings = OpenAiLlmConfig::default();
            (settings.key, settings.model, settings.base_url) = (key, model, base_url);
            OpenAiLlm::new(settings).map(|llm| Arc::new(llm) as _)
        }
        Service::Cartesia | Service::Deepgram => return Err(unavailable(StageKind::Llm, service)),
    };
    made.map_err(|error| wrong(StageKind::Llm, service, &error))
}

pub(super) fn tts(
    service: Service,
    model: Option<&str>,
    voice: Option<&str>,
    base_url: Option<Endpoint>,
    config: &Config,
) -> Result<Arc<dyn TtsProvider>, ConfigError> {
    let Place { key, base_url, model } = Place::of(service, model, base_url, config);
    // A voice is a model at Deepgram: the more specific setting wins.
    let voice = voice.filter(|_| service != Service::Deepgram || model.is_none());
    if let Some(voice) = voice {
        check_voice(service, voice)?;
    }
    let voice = voice.map(str::to_owned);
    let made: voice_core::Result<Arc<dyn TtsProvider>> = match service {
        Service::Cartesia => {
            let key = needed(service, key, StageKind::Tts)?;
            let settings = CartesiaTtsConfig::from_settings(key, base_url, model, voice, config.language.clone());
            CartesiaTts::new(settings).map(|tts| Arc::new(tts) as _)
        }
        Service::Deepgram => {
            let key = needed(service, key, StageKind::Tts)?;
            let settings = DeepgramTtsConfig::from_settings(key, base_url, model.or(voice));
            DeepgramTts::new(settings).map(|tts| Arc::new(tts) as _)
        }
        Service::Groq | Service::OpenAi => return Err(unavailable(StageKind::Tts, service)),
    };
    made.map_err(|error| wrong(StageKind::Tts, service, &error))
}

/// A voice of the other service would only be refused by the first reply. Cartesia's have ids, Deepgram's have names.
fn check_voice(service: Service, voice: &str) -> Result<(), ConfigError> {
    let problem = match service {
        Service::Cartesia if !is_id(voice) => "is no id of a Cartesia voice; say in TTS whose voice it is",
        Service::Deepgram if is_id(voice) => "is the id of a Cartesia voice, and Deepgram is to speak; see TTS",
        _ => return Ok(()),
    };
    Err(ConfigError::new(format!("VOICE={voice}: {problem}")))
}

/// Whether this is a UUID.
fn is_id(voice: &str) -> bool {
    let groups: Vec<&str> = voice.split('-').collect();
    let lengths = groups.iter().map(|group| group.len());
    lengths.eq([8, 4, 4, 4, 12]) && groups.concat().bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Web search at `base_url`.
pub(super) fn search(key: &Secret, base_url: Option<Endpoint>) -> Result<Arc<dyn Tool>, ConfigError> {
    let mut settings = TavilyConfig::default();
    (settings.key, settings.base_url) = (Some(key.clone()), base_url);
    let search = WebSearch::new(settings).map_err(|error| ConfigError::new(error.message()))?;
    Ok(Arc::new(search))
}

/// Where a service is found and how it is entered.
struct Place {
    key: Option<Secret>,
    base_url: Option<Endpoint>,
    model: Option<String>,
}

impl Place {
    fn of(service: Service, model: Option<&str>, base_url: Option<Endpoint>, config: &Config) -> Self {
        Self { key: config.keys.get(service.key()).cloned(), base_url, model: model.map(str::to_owned) }
    }
}

fn needed(service: Service, key: Option<Secret>, stage: StageKind) -> Result<Secret, ConfigError> {
    let missing =
        || ConfigError::new(format!("{}: not set, and {}={} needs it", service.key(), stage.setting(), service.name()));
    key.ok_or_else(missing)
}

fn unavailable(stage: StageKind, service: Service) -> ConfigError {
    ConfigError::unavailable(&format!("{}={}", stage.setting(), service.name()))
}

fn wrong(stage: StageKind, service: Service, error: &voice_core::Error) -> ConfigError {
    ConfigError::new(format!("{}={}: {}", stage.setting(), service.name(), error.message()))
}
