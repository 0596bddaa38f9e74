//! Denoising a stream of any rate and chunking.

mod stream_denoiser;

use super::processor::{AudioProcessor, Processed};
use crate::error::Result;
use std::collections::VecDeque;

pub use stream_denoiser::StreamDenoiser;

/// A stream of cleaned audio, one chunk out for each one in that brings output.
pub type Denoised<S> = Processed<S, StreamDenoiser, Vec<i16>>;

impl AudioProcessor for StreamDenoiser {
    type Output = Vec<i16>;

    fn push(&mut self, pcm: &[i16], output: &mut VecDeque<Vec<i16>>) -> Result<()> {
        let mut cleaned = Vec::new();
        let result = StreamDenoiser::push(self, pcm, &mut cleaned);
        output.extend((!cleaned.is_empty()).then_some(cleaned));
        result
    }

    fn finish(&mut self, output: &mut VecDeque<Vec<i16>>) -> Result<()> {
        let mut tail = Vec::new();
        let result = self.flush(&mut tail);
        output.extend((!tail.is_empty()).then_some(tail));
        result
    }
}
