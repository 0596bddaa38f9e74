//! Frames of one length out of chunks of any.

use super::processor::{AudioProcessor, Processed};
use crate::audio::Framer;
use crate::error::Result;
use std::collections::VecDeque;

/// A stream of frames of one length; the last is filled up with silence.
pub type Frames<S> = Processed<S, Framer<i16>, Vec<i16>>;

impl AudioProcessor for Framer<i16> {
    type Output = Vec<i16>;

    fn push(&mut self, pcm: &[i16], output: &mut VecDeque<Vec<i16>>) -> Result<()> {
        Framer::push(self, pcm, |frame| output.push_back(frame.to_vec()));
        Ok(())
    }

    fn finish(&mut self, output: &mut VecDeque<Vec<i16>>) -> Result<()> {
        output.extend(self.flush().map(|(frame, _)| frame.to_vec()));
        Ok(())
    }
}
