//! One utterance of real speech, and where the VAD takes it to end.

use crate::Failure;
use voice_benches::spoken;
use voice_core::AudioTime;
use voice_core::builtin::{SileroModel, SileroVad};
use voice_core::stream::{SpeechConfig, SpeechDetector, SpeechItem};

const RATE: u32 = 16_000;
/// Samples in 20 ms, what a microphone sends at a time.
pub(crate) const FRAME: usize = 320;

/// Speech without a pause that would end it.
pub(crate) struct Utterance {
    /// 16 kHz mono, whole frames; the last sample sounds, after it comes silence.
    pub samples: Vec<i16>,
}

impl Utterance {
    /// The first one of the committed speech.
    ///
    /// # Errors
    /// When the VAD finds none.
    pub(crate) fn first() -> Result<Self, Failure> {
        let mut samples = spoken()?;
        let end = end_of_speech(&samples)?.as_samples(RATE) as usize;
        samples.truncate(end / FRAME * FRAME);
        // Silence is zeros, by which a script knows that nobody speaks; speech has none in a row of its own.
        if let Some(last) = samples.last_mut() {
            *last = 1;
        }
        Ok(Self { samples })
    }
}

fn end_of_speech(samples: &[i16]) -> Result<AudioTime, Failure> {
    let mut detector =
        SpeechDetector::new(Box::new(SileroVad::new(SileroModel::embedded()?)), SpeechConfig::default())?;
    let mut end = None;
    detector.push(samples, |item| {
        if let SpeechItem::Ended { at, .. } = item {
            end.get_or_insert(at);
        }
    })?;
    Ok(end.ok_or("no utterance in the speech")?)
}
