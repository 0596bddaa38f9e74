//! Adapters that lift the stages to streams. They carry and never decide.

mod speech;

pub use speech::{SpeechConfig, SpeechDetector, SpeechItem};
