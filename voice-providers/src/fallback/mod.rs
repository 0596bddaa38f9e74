//! Several providers of a stage as one. The first that is well serves; when it fails, the next goes on inside the turn.
//!
//! - [`FallbackStt`] plays the turn's audio again to the next recogniser: no word is lost.
//! - [`FallbackLlm`] asks the next model as long as nothing of the answer was given out.
//! - [`FallbackTts`] goes on at the first sentence that has not all its audio.
//!
//! A provider that failed rests, for a time that grows, and is looked at again by its `warm_up` beside the calls of the
//! others; when it is well, it serves again from the next turn on. Never are two providers asked at once.

mod call;
mod health;
mod llm;
mod manuscript;
mod members;
mod probing;
mod stt;
mod tape;
mod tts;

pub use llm::FallbackLlm;
pub use stt::FallbackStt;
pub use tts::FallbackTts;

use serde::Deserialize;
use std::time::Duration;

/// How long a provider may take before the next one is asked, and when it counts as ill.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FallbackConfig {
    /// Failures in a row after which a provider rests. An error that another attempt would not mend, and one that asks
    /// for time, count at once.
    pub failures: u32,
    /// The first rest; it doubles up to 8 s, with jitter. A service that names a longer one is left alone so long, up to
    /// 60 s; one that refuses the key or the model, for 60 s.
    #[serde(rename = "first_rest_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub first_rest: Duration,
    /// From a request for a final transcript to its answer. Audio played again adds its own length.
    #[serde(rename = "final_transcript_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub final_transcript: Duration,
    /// From the request to the first word of an answer, while there is another model to ask.
    #[serde(rename = "first_token_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub first_token: Duration,
    /// Between two pieces of an answer.
    #[serde(rename = "gap_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub gap: Duration,
    /// From a sentence to its first audio.
    #[serde(rename = "first_audio_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub first_audio: Duration,
    /// Between two pieces of audio while some is owed.
    #[serde(rename = "stall_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub stall: Duration,
}

impl Default for FallbackConfig {
    fn default() -> Self {
        Self {
            failures: 3,
            first_rest: Duration::from_secs(1),
            final_transcript: Duration::from_millis(2_500),
            first_token: Duration::from_secs(3),
            gap: Duration::from_secs(10),
            first_audio: Duration::from_secs(3),
            stall: Duration::from_secs(3),
        }
    }
}
