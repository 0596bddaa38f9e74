//! A stream at another rate.

use super::processor::{AudioProcessor, Processed};
use crate::audio::Resampler;
use crate::error::Result;
use std::collections::VecDeque;

/// A stream of resampled audio, one chunk out for each one in that brings output.
pub type Resampled<S> = Processed<S, Resampler, Vec<i16>>;

impl AudioProcessor for Resampler {
    type Output = Vec<i16>;

    fn push(&mut self, pcm: &[i16], output: &mut VecDeque<Vec<i16>>) -> Result<()> {
        let mut resampled = Vec::new();
        let result = self.process_i16(pcm, &mut resampled);
        output.extend((!resampled.is_empty()).then_some(resampled));
        result
    }

    fn finish(&mut self, output: &mut VecDeque<Vec<i16>>) -> Result<()> {
        let mut tail = Vec::new();
        let result = self.flush_i16(&mut tail);
        output.extend((!tail.is_empty()).then_some(tail));
        result
    }
}
