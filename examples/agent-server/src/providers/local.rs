//! The engines on this machine. One that is not installed is left out and noted; anything else that keeps it from
//! working is a wrong setting.

use super::{ExampleGroup, MissingEngine};
use crate::config::ConfigError;
use std::sync::Arc;
use voice_core::stage::{LlmProvider, SttProvider, TtsProvider};
use voice_core::{Error, ErrorKind, Stage};
use voice_providers::local::{DemoBrain, DemoBrainConfig, LocalStt, LocalSttConfig, LocalTts, LocalTtsConfig};

pub(super) fn stt() -> Result<Result<Arc<dyn SttProvider>, MissingEngine>, ConfigError> {
    match LocalStt::load(LocalSttConfig::default()) {
        Ok(stt) => Ok(Ok(Arc::new(stt))),
        Err(error) => missing_or("STT=local", Stage::Stt, &error).map(Err),
    }
}

pub(super) fn llm(examples: &mut Vec<ExampleGroup>) -> Result<Arc<dyn LlmProvider>, ConfigError> {
    let brain = DemoBrain::new(DemoBrainConfig::default()).map_err(|error| wrong("LLM=local", &error))?;
    let groups = brain.intents().examples().groups.into_iter();
    *examples = groups.map(|group| ExampleGroup { title: group.title, sentences: group.sentences }).collect();
    Ok(Arc::new(brain))
}

pub(super) fn tts(voice: Option<&str>) -> Result<Result<Arc<dyn TtsProvider>, MissingEngine>, ConfigError> {
    let mut settings = LocalTtsConfig::default();
    let mut setting = "TTS=local".to_owned();
    if let Some(voice) = voice {
        voice.clone_into(&mut settings.voice);
        setting = format!("VOICE={voice}");
    }
    match LocalTts::load(settings) {
        Ok(tts) => Ok(Ok(Arc::new(tts))),
        Err(error) => missing_or(&setting, Stage::Tts, &error).map(Err),
    }
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
