//! Finding the utterances in a stream of microphone audio.

mod background;
mod config;
mod detector;
mod gate;
mod history;
mod item;

use super::processor::{AudioProcessor, Processed};
use crate::error::Result;
use std::collections::VecDeque;

pub use config::SpeechConfig;
pub use detector::SpeechDetector;
pub use item::SpeechItem;

/// A stream of what a [`SpeechDetector`] finds.
pub type Speech<S> = Processed<S, SpeechDetector, SpeechItem<'static>>;

impl AudioProcessor for SpeechDetector {
    type Output = SpeechItem<'static>;

    fn push(&mut self, pcm: &[i16], output: &mut VecDeque<SpeechItem<'static>>) -> Result<()> {
        SpeechDetector::push(self, pcm, |item| output.push_back(item.into_owned()))
    }

    fn finish(&mut self, output: &mut VecDeque<SpeechItem<'static>>) -> Result<()> {
        SpeechDetector::finish(self, |item| output.push_back(item.into_owned()));
        Ok(())
    }
}
