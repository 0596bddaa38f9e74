//! Utterances of which is known when each word sounds, where the pauses are and where it ends.

use crate::Failure;
use crate::sentences::{Kind, SENTENCES};
use futures::{StreamExt, stream};
use std::ops::Range;
use voice_core::SentenceId;
use voice_core::audio::pcm;
use voice_core::stage::{CallContext, TtsEvent, TtsInput, TtsProvider, WordTiming};
use voice_providers::local::{LocalTts, LocalTtsConfig};

/// Samples a second of everything here.
pub(crate) const RATE: u32 = 16_000;
/// Voices that say each sentence.
const VOICES: [&str; 4] = ["slt", "awb", "rms", "kal16"];
/// Pauses, in ms: a breath to a long thought.
pub(crate) const PAUSES_MS: Range<u32> = 300..1_500;
/// What is heard before an utterance and after it, in ms.
pub(crate) const BEFORE_MS: u32 = 500;
pub(crate) const AFTER_MS: u32 = 4_000;
/// Fades at the edges of a pause, in samples: 10 ms.
pub(crate) const FADE: usize = 160;
/// Peak of the noise of the room: −60 dBFS.
const ROOM: f32 = 0.001;

/// A word and the end of its sound, in samples of its utterance.
pub(crate) struct Word {
    pub text: String,
    pub end: usize,
}

/// One turn of somebody.
pub(crate) struct Utterance {
    pub speaker: String,
    pub kind: Kind,
    /// 16 kHz mono, silence before and after it included.
    pub samples: Vec<i16>,
    pub words: Vec<Word>,
    /// Pauses put in.
    pub pauses: usize,
    /// The end of the last word, in samples.
    pub end: usize,
}

impl Utterance {
    /// The words that have been said by then.
    pub(crate) fn text_until(&self, sample: usize) -> String {
        // A little late: the VAD may take the end of a word for the silence after it.
        let slack = millis(100);
        let said = self.words.iter().take_while(|word| word.end <= sample + slack);
        said.map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// Random numbers that are the same every time.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 0 … 1.
    fn throw(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }

    pub(crate) fn within(&mut self, range: Range<u32>) -> u32 {
        range.start + (self.throw() * (range.end - range.start) as f32) as u32
    }

    pub(crate) fn room(&mut self, samples: usize) -> impl Iterator<Item = i16> {
        (0..samples).map(|_| pcm::to_i16(ROOM * (2.0 * self.throw() - 1.0)))
    }
}

/// Samples in so many ms.
pub(crate) fn millis(milliseconds: u32) -> usize {
    (milliseconds * (RATE / 1_000)) as usize
}

/// Every sentence in every voice.
///
/// # Errors
/// When flite is not installed.
pub(crate) async fn synthetic(dice: &mut Dice) -> Result<Vec<Utterance>, Failure> {
    let mut utterances = Vec::new();
    for voice in VOICES {
        let mut config = LocalTtsConfig::default();
        voice.clone_into(&mut config.voice);
        let tts = LocalTts::load(config)?;
        for (kind, sentences) in SENTENCES {
            for sentence in sentences {
                utterances.push(with_pauses(&tts, voice, kind, sentence, dice).await?);
            }
        }
    }
    Ok(utterances)
}

/// Says the sentence in one go, so that it sounds as if it went on at the pauses, and stretches them then.
async fn with_pauses(
    tts: &LocalTts,
    voice: &str,
    kind: Kind,
    sentence: &str,
    dice: &mut Dice,
) -> Result<Utterance, Failure> {
    let parts: Vec<Vec<&str>> = sentence.split('|').map(|part| part.split_whitespace().collect()).collect();
    let (audio, timings) = say(tts, &parts.concat().join(" ")).await?;
    let mut utterance = Utterance {
        speaker: voice.to_owned(),
        kind,
        samples: dice.room(millis(BEFORE_MS)).collect(),
        words: Vec::new(),
        pauses: parts.len() - 1,
        end: 0,
    };
    let mut timings = timings.iter().peekable();
    let mut from = 0;
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            let pause = dice.within(PAUSES_MS);
            utterance.samples.extend(dice.room(millis(pause)));
        }
        let offset = utterance.samples.len();
        for timing in timings.by_ref().take(part.len()) {
            utterance.end = offset + sample_of(timing.end_ms) - from;
            utterance.words.push(Word { text: timing.word.clone(), end: utterance.end });
        }
        let to = (utterance.end - offset + from).min(audio.len());
        utterance.samples.extend(faded(audio.get(from..to).unwrap_or_default()));
        from = timings.peek().map_or(audio.len(), |next| sample_of(next.start_ms)).min(audio.len());
    }
    utterance.samples.extend(dice.room(millis(AFTER_MS)));
    Ok(utterance)
}

async fn say(tts: &LocalTts, text: &str) -> Result<(Vec<i16>, Vec<WordTiming>), Failure> {
    let sentence = SentenceId(0);
    let input = [TtsInput::Text { sentence, text: text.to_owned() }, TtsInput::Flush];
    let mut events = tts.synthesize(stream::iter(input).boxed(), CallContext::detached());
    let (mut audio, mut words) = (Vec::new(), Vec::new());
    while let Some(event) = events.next().await {
        match event? {
            TtsEvent::Audio { pcm, .. } => pcm::extend_from_bytes(&pcm, &mut audio)?,
            TtsEvent::Words { words: more, .. } => words.extend(more),
            _ => {}
        }
    }
    if words.len() != text.split_whitespace().count() {
        return Err(format!("no times for the words of {text:?}").into());
    }
    Ok((audio, words))
}

fn sample_of(ms: f32) -> usize {
    (ms * RATE as f32 / 1_000.0) as usize
}

pub(crate) fn faded(audio: &[i16]) -> impl Iterator<Item = i16> {
    let length = audio.len();
    audio.iter().enumerate().map(move |(n, sample)| {
        let edge = n.min(length - 1 - n).min(FADE);
        (i32::from(*sample) * edge as i32 / FADE as i32) as i16
    })
}
