//! What counts as speech and as silence.

use crate::error::{Error, ErrorKind, Result, Stage};
use serde::{Deserialize, Serialize};

/// Settings of a [`SpeechDetector`](super::SpeechDetector). Times are rounded up to whole windows of the detector
/// (32 ms for Silero).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpeechConfig {
    /// Probability from which a window may begin an utterance: 0.5, the working point Silero was trained for.
    pub threshold: f32,
    /// Probability below which a window of an utterance counts as silence: 0.35. The distance to `threshold` keeps soft
    /// syllables and trailing consonants inside the utterance.
    pub exit_threshold: f32,
    /// Speech needed before an utterance begins, in ms: 64. One loud window is a click or a cough far more often than a
    /// word, two in a row hardly are; the onset is dated back, so this delays an interruption but cuts nothing off.
    pub min_speech_ms: u32,
    /// Probability below which a window is no clear speech: 0.97. Inside words Silero is surer than that nearly always; after
    /// one its probability falls over three or four windows, and this notices the first of them.
    pub pause_threshold: f32,
    /// Time without clear speech, in ms, that is told as a pause inside an utterance: 32, one window, which is some 80 ms
    /// after a word's last sound. Early enough for an answer to be prepared while it becomes certain that speech has
    /// ended. Soft consonants and noise are told as well: what that costs is bounded where the answer is prepared.
    pub pause_ms: u32,
    /// Silence needed before an utterance ends, in ms: 192, six windows of 32 ms. Longer than the closure before a stop
    /// consonant (up to about 150 ms), shorter than a pause between phrases. It is not the end of the turn: whoever
    /// decides that counts this silence as already heard.
    pub min_silence_ms: u32,
    /// Audio given from before the onset, in ms: 300, so that a recogniser hears soft beginnings and some background.
    pub prefix_padding_ms: u32,
    /// How much both thresholds sink in a noisy room: 0.15 from a background of −30 dBFS on, nothing up to −55 dBFS, in
    /// proportion between. Noise lowers the probability of speech, and raises that of noise hardly.
    pub noise_drop: f32,
    /// How far, in dB, speech must stand out where the background is itself made of voices: 11 above its troughs to begin
    /// an utterance, half of that to stay in it. There the probability says nothing. 0 lets every voice in.
    pub voices_margin_db: f32,
    /// How much `threshold` rises while the agent speaks: 0.15, against what the echo canceller leaves over.
    pub agent_rise: f32,
}

impl Default for SpeechConfig {
    fn default() -> Self {
        Self {
            threshold: 0.5,
            exit_threshold: 0.35,
            min_speech_ms: 64,
            pause_threshold: 0.97,
            pause_ms: 32,
            min_silence_ms: 192,
            prefix_padding_ms: 300,
            noise_drop: 0.15,
            voices_margin_db: 11.0,
            agent_rise: 0.15,
        }
    }
}

/// The longest padding and the longest silence accepted; they bound the memory of a detector.
const LONGEST_MS: u32 = 5_000;

impl SpeechConfig {
    /// # Errors
    /// `InvalidConfig`, naming the setting that cannot work.
    pub(super) fn validate(&self) -> Result<()> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidConfig, Stage::Vad, message));
        for (name, value) in [
            ("threshold", self.threshold),
            ("exit_threshold", self.exit_threshold),
            ("pause_threshold", self.pause_threshold),
            ("noise_drop", self.noise_drop),
            ("agent_rise", self.agent_rise),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return invalid(format!("{name} must lie in 0 … 1, not {value}"));
            }
        }
        if self.exit_threshold > self.threshold {
            return invalid(format!(
                "exit_threshold ({}) must not exceed threshold ({})",
                self.exit_threshold, self.threshold
            ));
        }
        if !(0.0..=60.0).contains(&self.voices_margin_db) {
            return invalid(format!("voices_margin_db must lie in 0 … 60, not {}", self.voices_margin_db));
        }
        for (name, value) in [
            ("min_speech_ms", self.min_speech_ms),
            ("pause_ms", self.pause_ms),
            ("min_silence_ms", self.min_silence_ms),
            ("prefix_padding_ms", self.prefix_padding_ms),
        ] {
            if value > LONGEST_MS {
                return invalid(format!("{name} must be at most {LONGEST_MS}, not {value}"));
            }
        }
        Ok(())
    }
}
