//! Voice activity detection.

use crate::error::Result;
use std::task::{Context, Poll};

/// Tells how likely a window of mono audio holds speech.
///
/// # For implementations
/// The recurrent state belongs to the instance: one instance a stream. `speech_probability` must not allocate.
pub trait Vad: Send {
    /// The rate it listens at, in Hz.
    fn sample_rate(&self) -> u32;
    /// Samples a call takes.
    fn window_len(&self) -> usize;
    /// The probability, 0 … 1, that the stream holds speech in this window. Samples are in −1 … 1.
    ///
    /// # Errors
    /// `InvalidInput` when `window` has not exactly [`window_len`](Self::window_len) samples.
    fn speech_probability(&mut self, window: &[f32]) -> Result<f32>;
    /// Forgets the stream heard so far.
    fn reset(&mut self);
    /// Whether what it tells of a window counts from the next one on, because it works somewhere else. A session then hands
    /// over windows one by one, and waits for each answer as long as a window lasts.
    fn answers_later(&self) -> bool {
        false
    }
    /// Ready when every window so far has been answered.
    fn poll_answered(&mut self, _context: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}
