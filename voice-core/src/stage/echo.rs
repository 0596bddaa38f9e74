//! Echo cancellation.

use crate::error::Result;

/// Removes the agent's own voice from one microphone stream: what the loudspeaker plays and the microphone hears again.
///
/// The *near end* is the microphone, the *far end* what the loudspeaker played at the same time. Both are mono, of one
/// rate, in −1 … 1, and come frame by frame: the far end of a call is what was taken to sound while its near end was
/// recorded.
///
/// # For implementations
/// The echo comes later than the far end that caused it, by the way through the client's buffers, the room and the
/// network; how much later, nobody says. An implementation finds that delay itself, and finds it again when it changes.
/// While nothing is played the far end is silence, not absent. `process` should not allocate; state belongs to the
/// instance and is never shared between streams.
pub trait EchoCanceller: Send {
    /// The rate it works at, in Hz.
    fn sample_rate(&self) -> u32;
    /// Samples of either end that a call takes.
    fn frame_len(&self) -> usize;
    /// Samples by which the output lags the near end.
    fn latency(&self) -> usize;
    /// The longest delay of the echo behind the far end that it finds, in samples.
    fn longest_delay(&self) -> usize;
    /// Removes from `near`, in place, what is the echo of `far` and of the far end before it.
    ///
    /// # Errors
    /// `InvalidInput` when either has not exactly [`frame_len`](Self::frame_len) samples.
    fn process(&mut self, near: &mut [f32], far: &[f32]) -> Result<()>;
    /// Forgets both streams and the room.
    fn reset(&mut self);
}
