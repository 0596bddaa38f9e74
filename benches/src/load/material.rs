//! What users say: real speech, cut into frames that are ready to be written.

use super::wire;
use crate::spoken;
use bytes::Bytes;
use voice_core::Result;
use voice_core::audio::pcm;
use voice_core::builtin::{SileroModel, SileroVad};
use voice_core::stream::{SpeechConfig, SpeechDetector, SpeechItem};

/// Samples of a frame: 20 ms at 16 kHz.
pub(super) const FRAME: usize = 320;
/// Milliseconds of a frame.
pub(super) const FRAME_MS: u64 = 20;
/// The room's noise, in units of a 16-bit sample to either side: a microphone is never quite silent.
const NOISE: i16 = 4;
/// What is taken to be said at a time, in ms.
const LENGTH: std::ops::Range<u64> = 900..3_000;

/// Frames to send, shared by all users.
#[derive(Debug, Clone)]
pub struct Material {
    /// An utterance without a pause long enough to end it.
    pub utterance: Vec<Bytes>,
    /// A second of the room.
    pub room: Vec<Bytes>,
}

impl Material {
    /// The first utterance of the committed speech that is neither short nor long.
    ///
    /// # Errors
    /// The speech or the model cannot be read.
    pub fn prepare() -> Result<Self> {
        let samples = spoken()?;
        let mut detector =
            SpeechDetector::new(Box::new(SileroVad::new(SileroModel::embedded()?)), SpeechConfig::default())?;
        let (mut begin, mut utterance) = (0, None);
        detector.push(&samples, |item| match item {
            SpeechItem::Started { at } => begin = at.as_millis(),
            SpeechItem::Ended { at, .. } if utterance.is_none() && LENGTH.contains(&(at.as_millis() - begin)) => {
                utterance = Some((begin, at.as_millis()));
            }
            _ => {}
        })?;
        let (begin, end) = utterance.unwrap_or((0, 2_000));
        let at = |ms: u64| (ms as usize * 16).min(samples.len());
        let room: Vec<i16> = (0..16_000_i32).map(|n| (n.wrapping_mul(7_919) % 9) as i16 - NOISE).collect();
        let said = samples[at(begin.saturating_sub(100))..at(end)].iter().zip(room.iter().cycle());
        let said: Vec<i16> = said.map(|(sample, noise)| sample.saturating_add(*noise)).collect();
        Ok(Self { utterance: frames(&said), room: frames(&room) })
    }
}

/// Whole frames; what is left over is filled up with silence.
fn frames(samples: &[i16]) -> Vec<Bytes> {
    let frame = |chunk: &[i16]| {
        let mut chunk = chunk.to_vec();
        chunk.resize(FRAME, 0);
        wire::binary(&pcm::to_bytes(&chunk))
    };
    samples.chunks(FRAME).map(frame).collect()
}
