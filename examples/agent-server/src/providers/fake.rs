//! Made-up answers with settable latencies, for load tests and benches.

use crate::config::Config;
use std::sync::Arc;
use std::time::Duration;
use voice_core::stage::{LlmProvider, SttProvider, TtsProvider};
use voice_core::testing::{FakeLlm, FakeStt, FakeTts, Faulty};

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

/// Words of the user at which the model panics, where calls may fail.
const PANIC: &str = "panic, please";

pub(super) fn stt(config: &Config) -> Arc<dyn SttProvider> {
    let fake = FakeStt::new(Duration::from_millis(config.fake_ms[0]), HEARD);
    match config.fake_faults {
        Some((percent, seed)) => Arc::new(Faulty::new(fake, percent, seed)),
        None => Arc::new(fake),
    }
}

pub(super) fn llm(config: &Config) -> Arc<dyn LlmProvider> {
    let fake = FakeLlm::new(Duration::from_millis(config.fake_ms[1]), PER_TOKEN, SAID);
    match config.fake_faults {
        Some((percent, seed)) => Arc::new(Faulty::new(fake, percent, seed).panicking_at(PANIC)),
        None => Arc::new(fake),
    }
}

pub(super) fn tts(config: &Config) -> Arc<dyn TtsProvider> {
    let fake = FakeTts::new(Duration::from_millis(config.fake_ms[2]), RATE, PER_CHARACTER);
    match config.fake_faults {
        Some((percent, seed)) => Arc::new(Faulty::new(fake, percent, seed)),
        None => Arc::new(fake),
    }
}
