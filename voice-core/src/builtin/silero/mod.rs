//! Silero VAD for 16 kHz, its forward pass in plain Rust.
//!
//! The network of Silero VAD 5 and 6 (Silero Team, MIT): windows of 512 samples with 64 samples of the past before
//! them, a magnitude spectrum, four convolutions, a recurrent cell and one output.

mod activation;
mod convolution;
mod model;
mod network;
mod onnx;
mod simd;
mod spectrum;
mod state;

use std::sync::Arc;

pub use model::{InstructionSet, SileroModel};
#[cfg(feature = "ort")]
pub(super) use {model::EMBEDDED, state::CONTEXT, state::UNITS};

use self::state::State;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::stage::Vad;

/// Samples per second.
pub(super) const SAMPLE_RATE: u32 = 16_000;
/// Samples of a window.
pub(super) const WINDOW: usize = 512;

/// Beyond it (samples lie in −1 … 1) powers could overflow and poison a stream's state for ever.
const LOUDEST: f32 = 32_768.0;

/// One stream's voice activity detector: 1.3 kB of state beside a shared [`SileroModel`].
///
/// Samples that are not finite, or beyond ±32,768, count as silence, so that one broken sample cannot spoil the stream.
#[derive(Clone)]
pub struct SileroVad {
    model: Arc<SileroModel>,
    state: State,
}

impl SileroVad {
    /// A detector for a new stream.
    pub fn new(model: Arc<SileroModel>) -> Self {
        Self { model, state: State::new() }
    }
}

impl Vad for SileroVad {
    fn sample_rate(&self) -> u32 {
        SAMPLE_RATE
    }

    fn window_len(&self) -> usize {
        WINDOW
    }

    fn speech_probability(&mut self, window: &[f32]) -> Result<f32> {
        Ok(self.model.forward(&mut self.state, window_of(window)?))
    }

    fn reset(&mut self) {
        self.state = State::new();
    }
}

impl std::fmt::Debug for SileroVad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SileroVad").field("model", &self.model).finish_non_exhaustive()
    }
}

/// The sample as the network gets it: one that is no sound is silence.
#[inline(always)]
pub(super) fn heard(sample: f32) -> f32 {
    // The comparison drops NaN as well.
    if sample.abs() <= LOUDEST { sample } else { 0.0 }
}

/// The window, if it has the right length.
pub(super) fn window_of(window: &[f32]) -> Result<&[f32; WINDOW]> {
    window.try_into().map_err(|_| {
        let message = format!("window: Silero takes {WINDOW} samples, not {}", window.len());
        Error::new(ErrorKind::InvalidInput, Stage::Vad, message)
    })
}
