//! Noise suppression.

use crate::error::Result;

/// Removes noise from one stream of mono audio.
///
/// # For implementations
/// `process` must not allocate; state belongs to the instance and is never shared between streams.
pub trait Denoiser: Send {
    /// The rate it works at, in Hz.
    fn sample_rate(&self) -> u32;
    /// Samples a call takes and gives.
    fn frame_len(&self) -> usize;
    /// Samples by which the output lags the input.
    fn latency(&self) -> usize;
    /// Cleans `frame` in place. Samples are in −1 … 1.
    ///
    /// # Errors
    /// `InvalidInput` when `frame` has not exactly [`frame_len`](Self::frame_len) samples.
    fn process(&mut self, frame: &mut [f32]) -> Result<()>;
    /// Forgets the stream heard so far.
    fn reset(&mut self);
}
