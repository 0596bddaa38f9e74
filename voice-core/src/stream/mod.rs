//! Adapters that lift the stages to streams. They carry and never decide.

mod denoise;
mod speech;

pub use denoise::StreamDenoiser;
pub use speech::{SpeechConfig, SpeechDetector, SpeechItem};
