//! The engines on this machine. One that is not installed is left out and noted; anything else that keeps it from
//! working is a wrong setting.

use super::{ExampleGroup, MissingEngine, Providers};
use crate::config::{Config, ConfigError};
use std::sync::Arc;
use voice_core::{Error, ErrorKind, Stage};
use voice_providers::local::{DemoBrain, DemoBrainConfig, LocalStt, LocalSttConfig, LocalTts, LocalTtsConfig};

pub(super) fn stt(providers: &mut Providers) -> Result<(), ConfigError> {
    match LocalStt::load(LocalSttConfig::default()) {
        Ok(stt) => providers.stt = Some(Arc::new(stt)),
        Err(error) => providers.missing.push(missing_or("STT=local", Stage::Stt, &error)?),
    }
    Ok(())
}

pub(super) fn llm(providers: &mut Providers) -> Result<(), ConfigError> {
    let brain = DemoBrain::new(DemoBrainConfig::default()).map_err(|error| wrong("LLM=local", &error))?;
    let groups = brain.intents().examples().groups.into_iter();
    providers.examples = groups.map(|group| ExampleGroup { title: group.title, sentences: group.sentences }).collect();
    providers.llm = Some(Arc::new(brain));
    Ok(())
}

pub(super) fn tts(providers: &mut Providers, config: &Config) -> Result<(), ConfigError> {
    let mut settings = LocalTtsConfig::default();
    let mut setting = "TTS=local".to_owned();
    if let Some(voice) = &config.voice {
        settings.voice.clone_from(voice);
        setting = format!("VOICE={voice}");
    }
    match LocalTts::load(settings) {
        Ok(tts) => providers.tts = Some(Arc::new(tts)),
        Err(error) => providers.missing.push(missing_or(&setting, Stage::Tts, &error)?),
    }
    Ok(())
}

fn missing_or(setting: &str, stage: Stage, error: &Error) -> Result<MissingEngine, ConfigError> {
    match error.kind() {
        ErrorKind::EngineMissing => Ok(MissingEngine { stage, message: error.message().to_owned() }),
        _ => Err(wrong(setting, error)),
    }
}

fn wrong(setting: &str, error: &Error) -> ConfigError {
    ConfigError::new(format!("{setting}: {}", error.message()))
}
