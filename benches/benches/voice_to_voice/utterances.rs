//! The sentences as speech, with the times of their words.

use super::mark::{self, Mark};
use super::sentences::SENTENCES;
use crate::Failure;
use crate::support::service::Dice;
use futures::StreamExt;
use futures::stream;
use voice_core::SentenceId;
use voice_core::audio::pcm;
use voice_core::stage::{CallContext, TtsEvent, TtsInput, TtsProvider, WordTiming};
use voice_providers::local::{LocalTts, LocalTtsConfig};

/// Samples in a millisecond.
pub const PER_MS: usize = 16;
/// What a quiet room leaves on a microphone: −66 dBFS.
const ROOM: u64 = 16;
const VOICES: [&str; 3] = ["slt", "rms", "awb"];

/// A word and where it sounds, in samples of its utterance.
#[derive(Debug, Clone)]
pub struct Word {
    /// As a recogniser writes it that does not know the sentence.
    pub text: String,
    pub begin: usize,
    pub end: usize,
}

/// Something that is said.
#[derive(Debug, Clone)]
pub struct Utterance {
    /// 16 kHz mono, marked; the last word ends before the last sample.
    pub samples: Vec<i16>,
    pub words: Vec<Word>,
    /// The mark that closes it.
    pub closing: char,
}

impl Utterance {
    /// The sample after the last one of the last word.
    pub fn end(&self) -> usize {
        self.words.last().map_or(0, |word| word.end)
    }
}

/// Silence of a room, marked as nothing.
pub fn room(samples: usize, dice: &mut Dice) -> Vec<i16> {
    let mut silence: Vec<i16> = (0..samples).map(|_| dice.below(2 * ROOM + 1) as i16 - ROOM as i16).collect();
    mark::clear(&mut silence);
    silence
}

/// All sentences, by three voices in turn.
///
/// # Errors
/// When a voice is missing or tells no times.
pub async fn all() -> Result<Vec<Utterance>, Failure> {
    let voice = |name: &str| {
        let mut config = LocalTtsConfig::default();
        config.voice = name.to_owned();
        LocalTts::load(config)
    };
    let voices = VOICES.iter().map(|name| voice(name)).collect::<Result<Vec<_>, _>>()?;
    let mut dice = Dice(4);
    let mut utterances = Vec::new();
    for (number, sentence) in SENTENCES.iter().enumerate() {
        let phrases = spoken(&voices[number % VOICES.len()], sentence).await?;
        let mut utterance = joined(&phrases, &mut dice);
        utterance.closing = if sentence.ends_with('?') { '?' } else { '.' };
        for (word, place) in utterance.words.iter().enumerate() {
            mark::write(&mut utterance.samples[..place.end], Mark { utterance: number, word });
        }
        utterances.push(utterance);
    }
    Ok(utterances)
}

/// One stretch of speech between pauses.
#[derive(Default)]
struct Phrase {
    samples: Vec<i16>,
    words: Vec<WordTiming>,
}

async fn spoken(voice: &LocalTts, sentence: &str) -> Result<Vec<Phrase>, Failure> {
    let texts: Vec<String> = sentence.split('|').map(|phrase| phrase.trim().to_owned()).collect();
    let mut phrases: Vec<Phrase> = texts.iter().map(|_| Phrase::default()).collect();
    let text =
        |(index, text): (usize, &String)| TtsInput::Text { sentence: SentenceId(index as u32), text: text.clone() };
    let input: Vec<_> = texts.iter().enumerate().map(text).chain([TtsInput::Flush]).collect();
    let mut events = voice.synthesize(stream::iter(input).boxed(), CallContext::detached());
    while let Some(event) = events.next().await {
        match event? {
            TtsEvent::Audio { sentence, pcm } => phrases[sentence.0 as usize].samples.extend(pcm::from_bytes(&pcm)?),
            TtsEvent::Words { sentence, words } => phrases[sentence.0 as usize].words.extend(words),
            _ => {}
        }
    }
    for (phrase, text) in phrases.iter().zip(&texts) {
        if phrase.words.len() != text.split_whitespace().count() {
            return Err(format!("{text:?} has {:?}", phrase.words).into());
        }
    }
    Ok(phrases)
}

/// The phrases in one piece, in a room: each from its first word on, and after its last word a pause.
fn joined(phrases: &[Phrase], dice: &mut Dice) -> Utterance {
    let mut samples = Vec::new();
    let mut words = Vec::new();
    for (index, phrase) in phrases.iter().enumerate() {
        let at = |ms: f32| ((ms * PER_MS as f32) as usize).min(phrase.samples.len());
        let begin = phrase.words.first().map_or(0, |word| at(word.start_ms));
        let origin = samples.len();
        for timing in &phrase.words {
            let text: String =
                timing.word.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == '\'').collect();
            words.push(Word {
                text,
                begin: origin + at(timing.start_ms) - begin,
                end: origin + at(timing.end_ms) - begin,
            });
        }
        samples.extend_from_slice(&phrase.samples[begin..]);
        if index + 1 < phrases.len() {
            let pause = PER_MS * (300 + dice.below(601) as usize);
            let end = words.last().map_or(origin, |word| word.end) + pause;
            samples.resize(end, 0);
        }
    }
    let noise = room(samples.len(), dice);
    for (sample, noise) in samples.iter_mut().zip(noise) {
        *sample = sample.saturating_add(noise);
    }
    mark::clear(&mut samples);
    Utterance { samples, words, closing: '.' }
}
