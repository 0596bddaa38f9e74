//! Adapters that lift the stages to streams, and the hand-offs between them. They carry and never decide.

mod denoise;
mod handoff;
mod playout;
mod speech;

pub use denoise::StreamDenoiser;
pub use handoff::{HandoffSender, HandoffStream, Weighted, handoff};
pub use playout::{Playout, PlayoutConfig};
pub use speech::{SpeechConfig, SpeechDetector, SpeechItem};
