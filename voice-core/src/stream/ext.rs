//! The adapters as methods.

use super::cancel::UntilCancelled;
use super::denoise::{Denoised, StreamDenoiser};
use super::frames::Frames;
use super::processor::{AudioChunk, AudioProcessor, Processed};
use super::resample::Resampled;
use super::speech::{Speech, SpeechDetector};
use crate::audio::{Framer, Resampler};
use crate::cancel::CancelToken;
use crate::error::Result;
use futures::Stream;

/// What can be done with a stream of mono 16-bit audio, by method chaining:
///
/// ```
/// # use futures::{StreamExt, stream};
/// # use voice_core::{builtin::EnergyVad, stream::{AudioStreamExt, SpeechConfig, SpeechDetector}};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> voice_core::Result<()> {
/// let microphone = stream::iter(vec![vec![0_i16; 960]; 50]);
/// let detector = SpeechDetector::new(Box::new(EnergyVad::new()), SpeechConfig::default())?;
/// let speech = microphone.resample(48_000, 16_000)?.frames(512).speech(detector);
/// assert_eq!(speech.count().await, 0);
/// # Ok(())
/// # }
/// ```
pub trait AudioStreamExt: Stream<Item: AudioChunk> + Sized {
    /// Any synchronous processing of audio as a stream.
    fn process<P: AudioProcessor>(self, processor: P) -> Processed<Self, P, P::Output> {
        Processed::new(self, processor)
    }

    /// Frames of `samples` samples.
    fn frames(self, samples: usize) -> Frames<Self> {
        self.process(Framer::new(samples))
    }

    /// The same audio at another rate.
    ///
    /// # Errors
    /// As [`Resampler::new`].
    fn resample(self, from_hz: u32, to_hz: u32) -> Result<Resampled<Self>> {
        Ok(self.process(Resampler::new(from_hz, to_hz)?))
    }

    /// The utterances in 16 kHz audio.
    fn speech(self, detector: SpeechDetector) -> Speech<Self> {
        self.process(detector)
    }

    /// The audio without its noise.
    fn denoise(self, denoiser: StreamDenoiser) -> Denoised<Self> {
        self.process(denoiser)
    }
}

impl<S: Stream<Item: AudioChunk>> AudioStreamExt for S {}

/// What can be done with any stream of a call.
pub trait CancelStreamExt: Stream + Sized {
    /// The stream until `token` is cancelled.
    fn until_cancelled(self, token: &CancelToken) -> UntilCancelled<Self> {
        UntilCancelled::new(self, token)
    }
}

impl<S: Stream> CancelStreamExt for S {}

#[cfg(test)]
#[path = "ext_tests.rs"]
mod tests;
