//! Adapters that lift the stages to streams, and the hand-offs between them. They carry and never decide.

mod cancel;
mod denoise;
mod echo;
mod ext;
mod frames;
mod handoff;
mod paced_clock;
mod playout;
mod processor;
mod resample;
mod sentences;
mod speech;

pub use cancel::UntilCancelled;
pub use denoise::{Denoised, StreamDenoiser};
pub use echo::{Loudspeaker, PlayedTape, StreamEchoCanceller};
pub use ext::{AudioStreamExt, CancelStreamExt};
pub use frames::Frames;
pub use handoff::{HandoffSender, HandoffStream, Weighted, handoff};
#[cfg(feature = "testing")]
pub(crate) use paced_clock::PacedClock;
pub use playout::{Playout, PlayoutConfig};
pub use processor::{AudioChunk, AudioProcessor, Processed};
pub use resample::Resampled;
pub use sentences::{Sentences, SentencesExt};
pub use speech::{Speech, SpeechConfig, SpeechDetector, SpeechItem};
