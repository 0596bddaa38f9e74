//! Resampling between rates without a simple ratio, such as 44.1 and 48 kHz.

use crate::audio::Framer;
use crate::error::{Error, ErrorKind, Result, Stage};
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Async, FixedAsync, Resampler as _, SincInterpolationParameters, WindowFunction};
use std::fmt;

/// Blocks a second that are aimed at: about 10 ms each.
const BLOCKS_PER_SECOND: u32 = 100;

/// Length of the windowed sinc, in samples of the input.
const SINC_LENGTH: usize = 256;

/// Interpolation between the points of a windowed sinc. Not in the frequency domain: the transforms for it would be
/// compiled anew into every crate that uses them.
pub(super) struct SincResampler {
    inner: Async<f32>,
    framer: Framer<f32>,
    block_out: Vec<f32>,
}

impl SincResampler {
    pub(super) fn new(from_hz: u32, to_hz: u32) -> Result<Self> {
        let block = (from_hz / BLOCKS_PER_SECOND).max(1) as usize;
        let parameters = SincInterpolationParameters::new(SINC_LENGTH, WindowFunction::BlackmanHarris2);
        let ratio = f64::from(to_hz) / f64::from(from_hz);
        let inner = Async::new_sinc(ratio, 1.0, &parameters, block, 1, FixedAsync::Input).map_err(|source| {
            Error::new(ErrorKind::InvalidConfig, Stage::Audio, format!("cannot resample {from_hz} Hz to {to_hz} Hz"))
                .with_source(source)
        })?;
        let framer = Framer::new(inner.input_frames_max());
        let block_out = vec![0.0; inner.output_frames_max()];
        Ok(Self { inner, framer, block_out })
    }

    /// Output samples by which the output lags.
    pub(super) fn delay(&self) -> usize {
        self.inner.output_delay()
    }

    pub(super) fn process(&mut self, mut input: &[f32], output: &mut Vec<f32>) -> Result<()> {
        while let Some(block) = self.framer.next_window(&mut input) {
            let (block_len, out_len) = (block.len(), self.block_out.len());
            let source = SequentialSlice::new(block, 1, block_len).map_err(internal)?;
            let mut target = SequentialSlice::new_mut(&mut self.block_out, 1, out_len).map_err(internal)?;
            let (_, written) = self.inner.process_into_buffer(&source, &mut target, None).map_err(internal)?;
            output.extend_from_slice(&self.block_out[..written]);
        }
        Ok(())
    }

    pub(super) fn reset(&mut self) {
        self.inner.reset();
        self.framer.reset();
    }
}

fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Internal, Stage::Audio, "the resampler's buffers do not fit").with_source(source)
}

impl fmt::Debug for SincResampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SincResampler").field("block", &self.framer.window_len()).finish_non_exhaustive()
    }
}
