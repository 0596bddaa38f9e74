//! Real speech: what the Debian packages alsa-utils and pocketsphinx-testdata hold of people.
//!
//! When their words sound is not known: they are taken to be spread evenly. Each recording is heard as it is, and the
//! longer ones once more with a pause in the middle, where they are quietest.

use crate::Failure;
use crate::sentences::Kind;
use crate::speech::{AFTER_MS, BEFORE_MS, Dice, FADE, PAUSES_MS, RATE, Utterance, Word, faded, millis};
use std::ops::Range;
use std::path::Path;
use voice_core::audio::{Resampler, Wav, pcm};

const ALSA: &str = "/usr/share/sounds/alsa";
const SPHINX: &str = "/usr/share/pocketsphinx/test/data";
/// Words from which on a recording is long enough for a pause.
const WORDS: usize = 4;
/// Parts in 1,000 below the loudest 10 ms that still sound: 30 dB.
const QUIETEST: f32 = 1_000.0;
/// Frames of 10 ms whose energy together makes a place quiet.
const PLACE: usize = 6;

/// All of them.
///
/// # Errors
/// When a file is not what it was.
pub(crate) fn utterances(dice: &mut Dice) -> Result<Vec<Utterance>, Failure> {
    let mut utterances = Vec::new();
    for place in ["Front", "Rear", "Side"] {
        for side in ["Left", "Center", "Right"] {
            let file = Path::new(ALSA).join(format!("{place}_{side}.wav"));
            utterances.extend(of_file("alsa", &file, &format!("{place} {side}").to_lowercase(), dice)?);
        }
    }
    for (speaker, transcripts) in [("cards", "cards.transcription"), ("librivox", "transcription")] {
        let folder = Path::new(SPHINX).join(speaker);
        for line in std::fs::read_to_string(folder.join(transcripts)).unwrap_or_default().lines() {
            // "<s> ten of clubs </s> (001)"
            let Some((text, name)) = line.rsplit_once('(') else { continue };
            let text = text.replace("<s>", "").replace("</s>", "");
            let file = folder.join(format!("{}.wav", name.trim_end_matches(')')));
            utterances.extend(of_file(speaker, &file, text.trim(), dice)?);
        }
    }
    Ok(utterances)
}

fn of_file(speaker: &str, file: &Path, text: &str, dice: &mut Dice) -> Result<Vec<Utterance>, Failure> {
    let Ok(bytes) = std::fs::read(file) else { return Ok(Vec::new()) };
    let wav = Wav::parse(&bytes)?;
    let (mut original, mut floats, mut audio) = (Vec::new(), Vec::new(), Vec::new());
    pcm::extend_f32(&wav.samples, &mut original);
    let mut resampler = Resampler::new(wav.sample_rate, RATE)?;
    resampler.process(&original, &mut floats)?;
    resampler.flush(&mut floats)?;
    pcm::extend_i16(&floats, &mut audio);
    let energy = energy(&audio);
    let sounding = sounding(&energy);
    let audio = &audio[sounding.start * FADE..(sounding.end * FADE).min(audio.len())];
    let mut utterances = vec![recording(speaker, text, audio, None, dice)];
    if text.split_whitespace().count() >= WORDS {
        let place = quietest(&energy[sounding]) * FADE;
        utterances.push(recording(speaker, text, audio, Some(place), dice));
    }
    Ok(utterances)
}

/// The recording in its room, with a pause at this sample.
fn recording(speaker: &str, text: &str, audio: &[i16], place: Option<usize>, dice: &mut Dice) -> Utterance {
    let (before, after) = audio.split_at(place.unwrap_or(audio.len()));
    let mut samples: Vec<i16> = dice.room(millis(BEFORE_MS)).collect();
    let start = samples.len();
    samples.extend(faded(before));
    let mut pause = 0;
    if place.is_some() {
        pause = millis(dice.within(PAUSES_MS));
        samples.extend(dice.room(pause));
        samples.extend(faded(after));
    }
    let end = samples.len();
    samples.extend(dice.room(millis(AFTER_MS)));
    let mut said = 0;
    let words = text.split_whitespace().map(|word| {
        said += word.len() + 1;
        let within = audio.len() * said / (text.len() + 1);
        let end = start + within + if within > before.len() { pause } else { 0 };
        Word { text: word.to_owned(), end }
    });
    let words = words.collect();
    let pauses = usize::from(place.is_some());
    Utterance { speaker: speaker.to_owned(), kind: Kind::Recorded, samples, words, pauses, end }
}

/// Of each 10 ms.
fn energy(audio: &[i16]) -> Vec<f32> {
    audio.chunks(FADE).map(|frame| frame.iter().map(|sample| pcm::to_f32(*sample).powi(2)).sum()).collect()
}

/// From the first to the last frame that is not far below the loudest.
fn sounding(energy: &[f32]) -> Range<usize> {
    let least = energy.iter().copied().fold(0.0, f32::max) / QUIETEST;
    let sounds = |energy: &f32| *energy >= least;
    let (first, last) = (energy.iter().position(sounds), energy.iter().rposition(sounds));
    first.unwrap_or_default()..last.map_or(energy.len(), |last| last + 1)
}

/// The middle of the quietest place in the middle half.
fn quietest(energy: &[f32]) -> usize {
    let from = energy.len() / 4;
    let places = energy[from..energy.len() - from].windows(PLACE).map(|frames| frames.iter().sum::<f32>());
    let quietest = places.enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b));
    from + quietest.map_or(0, |(frame, _)| frame) + PLACE / 2
}
