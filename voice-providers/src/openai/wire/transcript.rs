//! The answer to a transcription.

use serde::Deserialize;

/// A transcript, in the short or the verbose format.
#[derive(Debug, Deserialize)]
pub(in crate::openai) struct Transcript {
    text: String,
    #[serde(default)]
    segments: Vec<Segment>,
}

#[derive(Debug, Deserialize)]
struct Segment {
    #[serde(default)]
    text: String,
    avg_logprob: Option<f64>,
    no_speech_prob: Option<f64>,
}

impl Transcript {
    /// Its words, without those that Whisper invents for silence: segments likely to be none and unlikely in their words.
    pub(in crate::openai) fn words(self, no_speech: f64, log_probability: f64) -> String {
        let is_silence = |segment: &Segment| {
            segment.no_speech_prob.is_some_and(|probability| probability > no_speech)
                && segment.avg_logprob.is_some_and(|probability| probability < log_probability)
        };
        if !self.segments.iter().any(is_silence) {
            return self.text.trim().to_owned();
        }
        let spoken: String = self.segments.iter().filter(|segment| !is_silence(segment)).map(|s| &*s.text).collect();
        spoken.trim().to_owned()
    }
}
