//! Adapters that lift the stages to streams. They carry and never decide.

mod cancel;
mod denoise;
mod ext;
mod frames;
mod processor;
mod resample;
mod speech;

pub use cancel::UntilCancelled;
pub use denoise::{Denoised, StreamDenoiser};
pub use ext::{AudioStreamExt, CancelStreamExt};
pub use frames::Frames;
pub use processor::{AudioChunk, AudioProcessor, Processed};
pub use resample::Resampled;
pub use speech::{Speech, SpeechConfig, SpeechDetector, SpeechItem};
