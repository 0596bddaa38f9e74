//! Made-up answers with settable latencies, for load tests and benches.

use crate::config::Config;
use std::sync::Arc;
use std::time::Duration;
use voice_core::stage::{LlmProvider, SttProvider, TtsProvider};
use voice_core::testing::{FakeLlm, FakeStt, FakeTts};

/// What the fake recogniser hears, turn by turn.
const HEARD: [&str; 3] = ["what time is it", "tell me more", "thank you"];
/// What the fake model says; `{}` are the user's words.
const SAID: &str = "You said: {}. That is all I can say, since I am only here for measurements.";
/// Rate of the fake speech, in Hz.
const RATE: u32 = 16_000;
/// A speaker says about 15 characters a second.
const PER_CHARACTER: Duration = Duration::from_millis(66);
/// Tokens come at about 100 a second.
const PER_TOKEN: Duration = Duration::from_millis(10);

pub(super) fn stt(config: &Config) -> Arc<dyn SttProvider> {
    Arc::new(FakeStt::new(Duration::from_millis(config.fake_ms[0]), HEARD))
}

pub(super) fn llm(config: &Config) -> Arc<dyn LlmProvider> {
    Arc::new(FakeLlm::new(Duration::from_millis(config.fake_ms[1]), PER_TOKEN, SAID))
}

pub(super) fn tts(config: &Config) -> Arc<dyn TtsProvider> {
    Arc::new(FakeTts::new(Duration::from_millis(config.fake_ms[2]), RATE, PER_CHARACTER))
}
