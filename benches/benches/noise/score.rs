//! What a detector made of a track.

use crate::speech::{Track, WINDOW};
use std::fmt;
use std::ops::Range;
use voice_core::Result;
use voice_core::stage::Vad;
use voice_core::stream::{SpeechConfig, SpeechDetector, SpeechItem};

const RATE: u32 = 16_000;
/// Windows about a sentence that belong to it: whoever hears it so much early or late has heard it.
const MARGIN: usize = 7;

/// Probabilities computed before, so that several rules can be tried on the same.
struct Known {
    probabilities: Vec<f32>,
    next: usize,
}

impl Vad for Known {
    fn sample_rate(&self) -> u32 {
        RATE
    }
    fn window_len(&self) -> usize {
        WINDOW
    }
    fn speech_probability(&mut self, _: &[f32]) -> Result<f32> {
        self.next += 1;
        Ok(self.probabilities[self.next - 1])
    }
    fn reset(&mut self) {}
}

/// The windows that a detector takes for speech.
///
/// # Errors
/// When the settings cannot work.
pub(crate) fn detect(samples: &[i16], probabilities: &[f32], config: SpeechConfig) -> Result<Vec<Range<usize>>> {
    let known = Known { probabilities: probabilities.to_vec(), next: 0 };
    let mut detector = SpeechDetector::new(Box::new(known), config)?;
    let (mut spans, mut begin) = (Vec::new(), 0);
    let mut take = |item: SpeechItem<'_>| match item {
        SpeechItem::Started { at } => begin = at.as_samples(RATE) as usize / WINDOW,
        SpeechItem::Ended { at, .. } => spans.push(begin..at.as_samples(RATE) as usize / WINDOW),
        SpeechItem::Audio { .. } | SpeechItem::Paused { .. } | SpeechItem::Resumed { .. } => {}
    };
    detector.push(samples, &mut take)?;
    detector.finish(&mut take);
    Ok(spans)
}

/// Figures of one rule in one noise.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Score {
    /// Utterances begun where nobody speaks, a minute of pauses.
    pub(crate) false_starts: f64,
    /// Of the pauses, in percent, what was taken for speech.
    pub(crate) false_speech: f64,
    /// Of the speech that sounds, in percent, what was not.
    pub(crate) missed_speech: f64,
    /// Of the sentences, in percent, those of which nothing was heard.
    pub(crate) missed_sentences: f64,
}

impl Score {
    pub(crate) fn of(track: &Track, spans: &[Range<usize>]) -> Self {
        let windows = track.sounds.len();
        let mut heard = vec![false; windows];
        for span in spans {
            heard[span.start.min(windows)..span.end.min(windows)].fill(true);
        }
        let mut pause = vec![true; windows];
        for sentence in &track.sentences {
            pause[sentence.start.saturating_sub(MARGIN)..(sentence.end + MARGIN).min(windows)].fill(false);
        }
        let count = |wanted: &dyn Fn(usize) -> bool| (0..windows).filter(|&window| wanted(window)).count() as f64;
        let pauses = count(&|window| pause[window]);
        let minutes = pauses * WINDOW as f64 / f64::from(RATE) / 60.0;
        let begun_in_pause = spans.iter().filter(|span| pause[span.start.min(windows - 1)]).count();
        let missed = track.sentences.iter().filter(|sentence| !heard[(*sentence).clone()].contains(&true)).count();
        Self {
            false_starts: begun_in_pause as f64 / minutes,
            false_speech: 100.0 * count(&|window| pause[window] && heard[window]) / pauses,
            missed_speech: 100.0 * count(&|window| track.sounds[window] && !heard[window])
                / count(&|window| track.sounds[window]),
            missed_sentences: 100.0 * missed as f64 / track.sentences.len() as f64,
        }
    }
}

impl Score {
    /// Of the time, in percent, that the detector is wrong where as long is spoken as paused.
    pub(crate) fn wrong(&self) -> f64 {
        (self.false_speech + self.missed_speech) / 2.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:12.1}   {:10.1} %   {:6.1} %   {:7.1} %   {:6.1} %",
            self.false_starts,
            self.false_speech,
            self.missed_speech,
            self.missed_sentences,
            self.wrong()
        )
    }
}
