//! Which provider is to serve a stage.

use super::ConfigError;
use std::fmt;

/// A stage that providers serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageKind {
    /// Speech to text.
    Stt,
    /// The language model.
    Llm,
    /// Text to speech.
    Tts,
}

impl StageKind {
    /// Its setting.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Stt => "STT",
            Self::Llm => "LLM",
            Self::Tts => "TTS",
        }
    }
}

/// A provider's name in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Deepgram.
    Deepgram,
    /// Groq.
    Groq,
    /// Cartesia.
    Cartesia,
    /// OpenAI, or any server that speaks its dialect.
    OpenAi,
    /// The engines on this machine.
    Local,
    /// Made-up answers with settable latencies.
    Fake,
}

impl Provider {
    const ALL: [Self; 6] = [Self::Deepgram, Self::Groq, Self::Cartesia, Self::OpenAi, Self::Local, Self::Fake];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deepgram => "deepgram",
            Self::Groq => "groq",
            Self::Cartesia => "cartesia",
            Self::OpenAi => "openai",
            Self::Local => "local",
            Self::Fake => "fake",
        }
    }

    /// The one of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == name)
    }

    /// Whether there is such a service at all.
    fn serves(self, stage: StageKind) -> bool {
        match self {
            Self::Deepgram => matches!(stage, StageKind::Stt | StageKind::Tts),
            Self::Groq | Self::OpenAi => matches!(stage, StageKind::Stt | StageKind::Llm),
            Self::Cartesia => stage == StageKind::Tts,
            Self::Local | Self::Fake => true,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A provider and, where given, its model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderChoice {
    /// The provider.
    pub provider: Provider,
    /// Its model; the provider's own choice when absent.
    pub model: Option<String>,
}

/// Reads `provider[:model][,…]`.
pub(super) fn list(stage: StageKind, value: &str) -> Result<Vec<ProviderChoice>, ConfigError> {
    value.split(',').map(|part| one(stage, part.trim())).collect()
}

fn one(stage: StageKind, part: &str) -> Result<ProviderChoice, ConfigError> {
    let (name, model) = match part.split_once(':') {
        Some((name, model)) => (name.trim(), Some(model.trim())),
        None => (part, None),
    };
    let known = || Provider::ALL.into_iter().filter(|provider| provider.serves(stage));
    let Some(provider) = known().find(|provider| provider.as_str() == name) else {
        let names: Vec<_> = known().map(Provider::as_str).collect();
        return Err(ConfigError::new(format!("{name:?} is none of {}", names.join(", "))));
    };
    match model {
        Some("") => Err(ConfigError::new(format!("the model after \"{name}:\" is missing"))),
        model => Ok(ProviderChoice { provider, model: model.map(str::to_owned) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_provider_and_a_model_that_may_hold_any_sign() {
        let choices = list(StageKind::Llm, "groq:openai/gpt-oss:120b, local").unwrap();
        assert_eq!(choices[0].provider, Provider::Groq);
        assert_eq!(choices[0].model.as_deref(), Some("openai/gpt-oss:120b"));
        assert_eq!(choices[1], ProviderChoice { provider: Provider::Local, model: None });
    }

    #[test]
    fn a_provider_that_does_not_serve_the_stage_is_refused() {
        for (stage, value) in [
            (StageKind::Llm, "cartesia"),
            (StageKind::Tts, "groq"),
            (StageKind::Stt, "whisper"),
            (StageKind::Stt, "local,"),
            (StageKind::Stt, "deepgram:"),
        ] {
            assert!(list(stage, value).is_err(), "{value}");
        }
    }
}
