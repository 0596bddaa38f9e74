//! Who serves a stage: whom the configuration names, else the cloud service whose key is set, else this machine.

use crate::config::{Config, ConfigError, Provider, ProviderChoice, StageKind};

/// The provider of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen<'a> {
    /// The engines on this machine.
    Local,
    /// Made-up answers.
    #[cfg(feature = "fakes")]
    Fake,
    /// A service in the cloud, or a server that speaks its dialect, with the model asked for.
    Cloud(Service, Option<&'a str>),
}

/// A cloud service of this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Service {
    Cartesia,
    Deepgram,
    Groq,
    OpenAi,
}

impl Service {
    /// Its name in the configuration.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cartesia => "cartesia",
            Self::Deepgram => "deepgram",
            Self::Groq => "groq",
            Self::OpenAi => "openai",
        }
    }

    /// The setting that holds its key.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Cartesia => "CARTESIA_API_KEY",
            Self::Deepgram => "DEEPGRAM_API_KEY",
            Self::Groq => "GROQ_API_KEY",
            Self::OpenAi => "OPENAI_API_KEY",
        }
    }

    /// The setting that says where it is found.
    pub(super) fn base_url(self) -> &'static str {
        match self {
            Self::Cartesia => "CARTESIA_BASE_URL",
            Self::Deepgram => "DEEPGRAM_BASE_URL",
            Self::Groq => "GROQ_BASE_URL",
            Self::OpenAi => "OPENAI_BASE_URL",
        }
    }
}

/// The services that serve a stage when none is named, the first preferred.
fn preferred(stage: StageKind) -> &'static [Service] {
    match stage {
        StageKind::Stt => &[Service::Deepgram, Service::Groq],
        StageKind::Llm => &[Service::Groq, Service::OpenAi],
        StageKind::Tts => &[Service::Cartesia, Service::Deepgram],
    }
}

/// The providers of a stage, the first preferred; never none.
pub(super) fn of(stage: StageKind, config: &Config) -> Result<Vec<Chosen<'_>>, ConfigError> {
    let choices = match stage {
        StageKind::Stt => &config.stt,
        StageKind::Llm => &config.llm,
        StageKind::Tts => &config.tts,
    };
    if choices.is_empty() {
        let service = preferred(stage).iter().find(|service| config.keys.contains_key(service.key()));
        return Ok(vec![service.map_or(Chosen::Local, |service| Chosen::Cloud(*service, None))]);
    }
    choices.iter().map(|choice| one(stage.setting(), choice)).collect()
}

fn one<'a>(setting: &str, choice: &'a ProviderChoice) -> Result<Chosen<'a>, ConfigError> {
    let model = choice.model.as_deref();
    let without_models = |chosen| match model {
        None => Ok(chosen),
        Some(model) => {
            let name = choice.provider;
            Err(ConfigError::new(format!("{setting}={name}:{model}: {name} has no models to choose from")))
        }
    };
    match choice.provider {
        Provider::Local => without_models(Chosen::Local),
        #[cfg(feature = "fakes")]
        Provider::Fake => without_models(Chosen::Fake),
        Provider::Cartesia => Ok(Chosen::Cloud(Service::Cartesia, model)),
        Provider::Deepgram => Ok(Chosen::Cloud(Service::Deepgram, model)),
        Provider::Groq => Ok(Chosen::Cloud(Service::Groq, model)),
        Provider::OpenAi => Ok(Chosen::Cloud(Service::OpenAi, model)),
        #[cfg(not(feature = "fakes"))]
        Provider::Fake => Err(ConfigError::unavailable(&format!("{setting}={}", choice.provider))),
    }
}
