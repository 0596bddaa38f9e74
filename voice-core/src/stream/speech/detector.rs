//! The segmenter: windows to the VAD, utterances out.

use super::background::Background;
use super::config::SpeechConfig;
use super::gate::{Edge, Gate, Thresholds};
use super::history::History;
use super::item::SpeechItem;
use crate::audio::{level_dbfs, pcm};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::stage::Vad;
use crate::time::AudioTime;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;

/// The rate of the audio taken, in Hz.
const RATE: u32 = 16_000;
/// No lift takes the threshold beyond this: clear speech must always be able to interrupt.
const HIGHEST_THRESHOLD: f32 = 0.95;
/// No noise takes a threshold below this: silence must always be able to end an utterance.
const LOWEST_THRESHOLD: f32 = 0.1;
/// Inserted silences remembered; each is longer than a window, and few fit into what has not been given out.
const MADE_UP: usize = 64;
/// Silence inserted at a time.
const SILENCE: [i16; 512] = [0; 512];

/// Finds utterances in 16 kHz mono audio, one instance a stream.
///
/// Audio goes in by [`push`](Self::push) in chunks of any size; items come out in order. What they tell depends on the
/// samples alone, never on how they were cut: the audio of an utterance joins to the same. It is given as soon as it is
/// there, without waiting for a window to fill. Nothing is allocated after construction.
pub struct SpeechDetector {
    vad: Box<dyn Vad>,
    config: SpeechConfig,
    gate: Gate,
    history: History,
    background: Background,
    window: Vec<f32>,
    /// Samples of the current window that have arrived.
    filled: usize,
    /// Whether a microphone had a part in the current window.
    heard: bool,
    /// Whether the VAD has heard nothing since it was reset.
    fresh: bool,
    /// End of the audio already given out.
    given: u64,
    /// Where no microphone was heard, in order.
    made_up: VecDeque<Range<u64>>,
    probability: f32,
    agent_speaking: bool,
    turn_open: bool,
    failing: bool,
}

impl SpeechDetector {
    /// A detector over a VAD that listens at 16 kHz.
    ///
    /// # Errors
    /// `InvalidConfig` for a VAD of another rate and for settings that cannot work.
    pub fn new(vad: Box<dyn Vad>, config: SpeechConfig) -> Result<Self> {
        config.validate()?;
        if vad.sample_rate() != RATE || vad.window_len() == 0 {
            let message = format!("the VAD must listen at {RATE} Hz, not at {} Hz", vad.sample_rate());
            return Err(Error::new(ErrorKind::InvalidConfig, Stage::Vad, message));
        }
        let gate = Gate::new(samples(config.min_speech_ms), samples(config.pause_ms), samples(config.min_silence_ms));
        let window = vec![0.0; vad.window_len()];
        let background = Background::new(window.len() as f32 / RATE as f32);
        // Padding, the longest wait for certainty, and the window that brings it.
        let keep = samples(config.prefix_padding_ms) + gate.longest_candidate() + 2 * window.len() as u64;
        Ok(Self {
            vad,
            config,
            gate,
            history: History::new(keep as usize),
            background,
            window,
            filled: 0,
            heard: false,
            fresh: true,
            given: 0,
            made_up: VecDeque::with_capacity(MADE_UP),
            failing: false,
            probability: 0.0,
            agent_speaking: false,
            turn_open: false,
        })
    }

    /// Takes microphone audio and hands what it brings to `sink`.
    ///
    /// # Errors
    /// The first error of the VAD. All audio is taken all the same; a window without an answer counts like the one
    /// before it.
    pub fn push(&mut self, pcm: &[i16], mut sink: impl FnMut(SpeechItem<'_>)) -> Result<()> {
        self.take(pcm, true, &mut sink)
    }

    /// Takes `samples` samples of silence in place of a microphone that stalled. Windows wholly of it are silence by
    /// definition; the VAD, whose stream has a gap now, starts afresh after them. It is never given out: a microphone
    /// that was merely late goes on where it stopped, and a recogniser would hear a hole in the middle of a word.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn insert_silence(&mut self, samples: usize, mut sink: impl FnMut(SpeechItem<'_>)) -> Result<()> {
        let mut result = Ok(());
        let mut left = samples;
        self.make_up(samples as u64);
        while left > 0 {
            let piece = left.min(SILENCE.len());
            result = result.and(self.take(&SILENCE[..piece], false, &mut sink));
            left -= piece;
        }
        result
    }

    fn make_up(&mut self, samples: u64) {
        let start = self.history.end();
        match self.made_up.back_mut() {
            Some(last) if last.end == start => last.end += samples,
            _ => {
                if self.made_up.len() == MADE_UP {
                    self.made_up.pop_front();
                }
                self.made_up.push_back(start..start + samples);
            }
        }
    }

    /// Ends the stream: gives the audio of a running utterance that waits for its window to fill, and ends it.
    /// [`position`](Self::position) goes on counting.
    pub fn finish(&mut self, mut sink: impl FnMut(SpeechItem<'_>)) {
        if self.gate.is_speaking() || self.turn_open {
            self.give(self.history.end() - self.filled as u64, &mut sink);
        }
        if let Some(Edge::End { last_speech }) = self.gate.finish() {
            sink(self.ended(last_speech));
        }
        self.filled = 0;
        self.heard = false;
        self.forget();
    }

    /// While a turn is open, audio is given in pauses too, so that the recogniser hears the turn without gaps. Takes
    /// effect with the window under way.
    pub fn set_turn_open(&mut self, open: bool) {
        self.turn_open = open;
    }

    /// While the agent speaks, an utterance must be more certain to begin. It ends as always.
    pub fn set_agent_speaking(&mut self, speaking: bool) {
        self.agent_speaking = speaking;
    }

    /// The audio received.
    pub fn position(&self) -> AudioTime {
        at(self.history.end())
    }

    /// Whether an utterance runs.
    pub fn is_speaking(&self) -> bool {
        self.gate.is_speaking()
    }

    /// The probability of speech in the last window, 0 … 1.
    pub fn probability(&self) -> f32 {
        self.probability
    }

    /// The probability that would begin an utterance now.
    pub fn threshold(&self) -> f32 {
        let agent = if self.agent_speaking { self.config.agent_rise } else { 0.0 };
        (self.lowered(self.config.threshold) + agent).min(HIGHEST_THRESHOLD.max(self.config.threshold))
    }

    /// A threshold as the noise has it.
    fn lowered(&self, threshold: f32) -> f32 {
        let drop = self.config.noise_drop * self.background.noise();
        (threshold - drop).max(LOWEST_THRESHOLD.min(threshold))
    }

    /// The level of the background, in dBFS.
    pub fn noise_dbfs(&self) -> f32 {
        self.background.dbfs()
    }

    /// The settings.
    pub fn config(&self) -> &SpeechConfig {
        &self.config
    }

    /// The VAD.
    pub fn get_ref(&self) -> &dyn Vad {
        &*self.vad
    }

    /// Whether the VAD failed on the last window it was asked about.
    pub fn is_failing(&self) -> bool {
        self.failing
    }

    /// The VAD, to be changed.
    pub fn get_mut(&mut self) -> &mut dyn Vad {
        &mut *self.vad
    }

    /// The VAD alone.
    pub fn into_inner(self) -> Box<dyn Vad> {
        self.vad
    }

    /// Forgets the stream so far; its position begins at zero again. What was set by the `set_` methods stays.
    pub fn reset(&mut self) {
        self.gate.finish();
        self.history.clear();
        self.background.reset();
        self.filled = 0;
        self.heard = false;
        self.given = 0;
        self.made_up.clear();
        self.forget();
    }

    fn forget(&mut self) {
        self.probability = 0.0;
        if !self.fresh {
            self.vad.reset();
            self.fresh = true;
        }
    }

    fn take(&mut self, mut pcm: &[i16], heard: bool, sink: &mut impl FnMut(SpeechItem<'_>)) -> Result<()> {
        let mut result = Ok(());
        let under_way = self.history.end() - self.filled as u64;
        while !pcm.is_empty() {
            let (piece, rest) = pcm.split_at(pcm.len().min(self.window.len() - self.filled));
            self.history.push(piece);
            self.filled += piece.len();
            self.heard |= heard;
            pcm = rest;
            if self.filled == self.window.len() {
                result = result.and(self.listen());
                self.segment(sink);
                self.filled = 0;
                self.heard = false;
            }
            // What is left joins this piece, unless that makes the audio wait for more than a window.
            if pcm.is_empty() || pcm.len() >= self.window.len() {
                self.give_on(under_way, sink);
            }
        }
        result
    }

    /// Gives the audio from `from` on while an utterance or a turn runs.
    fn give_on(&mut self, from: u64, sink: &mut impl FnMut(SpeechItem<'_>)) {
        if self.gate.is_speaking() || self.turn_open {
            self.give(from, sink);
        }
    }

    /// Asks the VAD about the window that has just filled.
    fn listen(&mut self) -> Result<()> {
        if !self.heard {
            self.forget();
            return Ok(());
        }
        let (_, samples) = self.history.since(self.history.end() - self.window.len() as u64);
        for (float, &sample) in self.window.iter_mut().zip(samples) {
            *float = pcm::to_f32(sample);
        }
        self.fresh = false;
        let answer = self.vad.speech_probability(&self.window);
        self.failing = answer.is_err();
        self.probability = answer?;
        self.background.hear(level_dbfs(&self.window), self.probability);
        Ok(())
    }

    /// Tells what the window that has just filled changes.
    fn segment(&mut self, sink: &mut impl FnMut(SpeechItem<'_>)) {
        let end = self.history.end();
        let start = end - self.window.len() as u64;
        let thresholds = Thresholds {
            enter: self.threshold(),
            exit: self.lowered(self.config.exit_threshold),
            clear: self.config.pause_threshold,
        };
        let was_speaking = self.gate.is_speaking();
        let margin = self.config.voices_margin_db * if was_speaking { 0.5 } else { 1.0 };
        let probability = if self.background.is_outdone(margin) { self.probability } else { 0.0 };
        match self.gate.step(start, end, probability, thresholds) {
            Some(Edge::Start { onset }) => {
                sink(SpeechItem::Started { at: at(onset) });
                self.give(onset.saturating_sub(samples(self.config.prefix_padding_ms)), sink);
            }
            Some(Edge::Pause { last_clear }) => {
                self.give(start, sink);
                sink(SpeechItem::Paused { at: at(last_clear) });
            }
            Some(Edge::Resume { start }) => sink(SpeechItem::Resumed { at: at(start) }),
            Some(Edge::End { last_speech }) => {
                self.give(start, sink);
                sink(self.ended(last_speech));
            }
            None => {}
        }
    }

    /// Gives the audio from `from` to the present, except what was given before and what was made up.
    fn give(&mut self, from: u64, sink: &mut impl FnMut(SpeechItem<'_>)) {
        let (mut from, mut pcm) = self.history.since(from.max(self.given));
        let end = self.history.end();
        self.given = end;
        let mut hand_over = |from: u64, pcm: &[i16]| {
            if !pcm.is_empty() {
                sink(SpeechItem::Audio { at: at(from), pcm: Cow::Borrowed(pcm) });
            }
        };
        for gap in &self.made_up {
            let (start, next) = (gap.start.clamp(from, end), gap.end.clamp(from, end));
            hand_over(from, &pcm[..(start - from) as usize]);
            pcm = &pcm[(next - from) as usize..];
            from = next;
        }
        hand_over(from, pcm);
    }

    fn ended(&self, last_speech: u64) -> SpeechItem<'static> {
        SpeechItem::Ended { at: at(last_speech), silence: self.position().saturating_since(at(last_speech)) }
    }
}

impl fmt::Debug for SpeechDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpeechDetector")
            .field("position", &self.position())
            .field("speaking", &self.is_speaking())
            .field("probability", &self.probability)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn samples(milliseconds: u32) -> u64 {
    u64::from(milliseconds) * u64::from(RATE) / 1_000
}

fn at(samples: u64) -> AudioTime {
    AudioTime::from_samples(samples, RATE)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
