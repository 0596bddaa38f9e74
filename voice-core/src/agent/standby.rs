//! A line that was spoken beforehand, for when nothing can speak.

use crate::audio::{Resampler, pcm};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::id::SentenceId;
use crate::stage::{CallContext, TtsEvent, TtsInput, TtsProvider};
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use std::fmt;

/// What the listener hears instead of silence when the synthesiser fails.
#[derive(Clone, PartialEq, Eq)]
pub struct StandbyLine {
    rate: u32,
    samples: Vec<i16>,
}

/// The longest line, in seconds.
const LONGEST_S: usize = 15;

impl StandbyLine {
    /// A line of mono `samples` at `rate` Hz.
    ///
    /// # Errors
    /// `InvalidInput` when there are none, or more than 15 s of them.
    pub fn new(rate: u32, samples: Vec<i16>) -> Result<Self> {
        if samples.is_empty() || samples.len() > LONGEST_S * rate as usize {
            let message = format!("a standby line lasts up to {LONGEST_S} s, not {} samples", samples.len());
            return Err(Error::new(ErrorKind::InvalidInput, Stage::Tts, message));
        }
        Ok(Self { rate, samples })
    }

    /// Has `tts` speak `text` once, to be kept.
    ///
    /// # Errors
    /// Whatever the synthesiser says; `InvalidInput` when it gives no audio or far too much.
    pub async fn render(tts: &dyn TtsProvider, text: &str) -> Result<Self> {
        let input = [TtsInput::Text { sentence: SentenceId(0), text: text.to_owned() }, TtsInput::Flush];
        let mut events = tts.synthesize(stream::iter(input).boxed(), CallContext::detached());
        let mut samples = Vec::new();
        while let Some(event) = events.next().await {
            if let TtsEvent::Audio { pcm: audio, .. } = event? {
                samples.extend(pcm::from_bytes(&audio)?);
            }
            if samples.len() > LONGEST_S * tts.sample_rate() as usize {
                break;
            }
        }
        Self::new(tts.sample_rate(), samples)
    }

    /// The line as PCM16 in native byte order at `rate` Hz.
    pub(super) fn at(&self, rate: u32) -> Result<Bytes> {
        if rate == self.rate {
            return Ok(Bytes::from(pcm::to_bytes(&self.samples)));
        }
        let mut resampler = Resampler::new(self.rate, rate)?;
        let mut samples = Vec::new();
        resampler.process_i16(&self.samples, &mut samples)?;
        resampler.flush_i16(&mut samples)?;
        Ok(Bytes::from(pcm::to_bytes(&samples)))
    }
}

impl fmt::Debug for StandbyLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandbyLine").field("rate", &self.rate).field("samples", &self.samples.len()).finish()
    }
}
