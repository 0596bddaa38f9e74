//! The fakes of the core, by specification.

use serde::Deserialize;
use std::time::Duration;
use voice_core::testing::{FakeLlm, FakeStt, FakeTts};

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SttSettings {
    #[serde(rename = "latency_ms", deserialize_with = "crate::milliseconds::deserialize")]
    latency: Duration,
    texts: Vec<String>,
}

impl Default for SttSettings {
    fn default() -> Self {
        Self { latency: Duration::from_millis(100), texts: vec!["hello".to_owned()] }
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LlmSettings {
    #[serde(rename = "first_token_ms", deserialize_with = "crate::milliseconds::deserialize")]
    first_token: Duration,
    #[serde(rename = "per_token_ms", deserialize_with = "crate::milliseconds::deserialize")]
    per_token: Duration,
    text: String,
}

impl Default for LlmSettings {
    fn default() -> Self {
        let (first_token, per_token) = (Duration::from_millis(200), Duration::from_millis(20));
        Self { first_token, per_token, text: "You said {}.".to_owned() }
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TtsSettings {
    #[serde(rename = "first_byte_ms", deserialize_with = "crate::milliseconds::deserialize")]
    first_byte: Duration,
    #[serde(rename = "per_character_ms", deserialize_with = "crate::milliseconds::deserialize")]
    per_character: Duration,
    sample_rate: u32,
    timed: bool,
}

impl Default for TtsSettings {
    fn default() -> Self {
        let (first_byte, per_character) = (Duration::from_millis(50), Duration::from_millis(60));
        Self { first_byte, per_character, sample_rate: 16_000, timed: false }
    }
}

pub(super) fn stt(settings: SttSettings) -> FakeStt {
    FakeStt::new(settings.latency, settings.texts)
}

pub(super) fn llm(settings: LlmSettings) -> FakeLlm {
    FakeLlm::new(settings.first_token, settings.per_token, &settings.text)
}

pub(super) fn tts(settings: TtsSettings) -> FakeTts {
    let fake = FakeTts::new(settings.first_byte, settings.sample_rate, settings.per_character);
    if settings.timed { fake.timed() } else { fake }
}
