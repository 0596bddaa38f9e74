//! Sentences with pauses between them, and where they sound.

use std::path::Path;
use voice_benches::{say, voice};
use voice_core::Result;
use voice_core::audio::{Resampler, Wav, level_dbfs, pcm};
use voice_providers::local::Intents;

/// Samples of the windows in which everything is counted: those of the VAD.
pub(crate) const WINDOW: usize = 512;
const RATE: usize = 16_000;
/// A window sounds that is no more than this below the loudest of its sentence.
const SOUNDING_DB: f32 = 30.0;
/// The level of the windows that sound, in dBFS.
const LEVEL_DBFS: f32 = -23.0;
/// Before the first sentence, so that a noise that begins with it can be learnt.
const LEAD_IN: usize = 5 * RATE;
const PEOPLE: [&str; 8] =
    ["Front_Center", "Front_Left", "Front_Right", "Rear_Center", "Rear_Left", "Rear_Right", "Side_Left", "Side_Right"];

/// A stretch of speech.
#[derive(Debug)]
pub(crate) struct Track {
    /// 16 kHz, without noise.
    pub(crate) samples: Vec<f32>,
    /// The windows of each sentence, from the first that sounds to the last.
    pub(crate) sentences: Vec<std::ops::Range<usize>>,
    /// Whether each window sounds.
    pub(crate) sounds: Vec<bool>,
}

impl Track {
    /// The demo's sentences by two synthetic voices, and the recordings of people that this machine has.
    ///
    /// # Errors
    /// `EngineMissing` where flite is not installed.
    pub(crate) fn record() -> Result<Self> {
        let voices = [voice("slt")?, voice("awb")?];
        let utterances = Intents::builtin()?.utterances();
        let mut track = Self { samples: vec![0.0; LEAD_IN], sentences: Vec::new(), sounds: Vec::new() };
        for (number, utterance) in utterances.iter().enumerate() {
            for voice in &voices {
                track.add(&say(voice, &utterance.say)?, number);
            }
        }
        for (number, name) in PEOPLE.iter().enumerate() {
            if let Some(recording) = recording(name)? {
                track.add(&recording, number);
            }
        }
        Ok(track)
    }

    fn add(&mut self, sentence: &[i16], number: usize) {
        let mut floats: Vec<f32> = sentence.iter().copied().map(pcm::to_f32).collect();
        floats.resize(floats.len().next_multiple_of(WINDOW), 0.0);
        let levels: Vec<f32> = floats.chunks_exact(WINDOW).map(level_dbfs).collect();
        let loudest = levels.iter().copied().fold(f32::MIN, f32::max);
        let sounds: Vec<bool> = levels.iter().map(|level| *level > loudest - SOUNDING_DB).collect();
        let (Some(first), Some(last)) = (sounds.iter().position(|it| *it), sounds.iter().rposition(|it| *it)) else {
            return;
        };
        let active: Vec<f32> = floats
            .chunks_exact(WINDOW)
            .zip(&sounds)
            .filter(|(_, sounds)| **sounds)
            .flat_map(|(it, _)| it.to_vec())
            .collect();
        let gain = 10_f32.powf((LEVEL_DBFS - level_dbfs(&active)) / 20.0);
        self.samples.resize(self.samples.len().next_multiple_of(WINDOW), 0.0);
        let begin = self.samples.len() / WINDOW;
        self.sounds.resize(begin, false);
        self.sentences.push(begin + first..begin + last + 1);
        self.sounds.extend(sounds);
        self.samples.extend(floats.iter().map(|sample| sample * gain));
        // Pauses of 1.5 to 2.9 s.
        let pause = RATE * 3 / 2 + number * 7 % 15 * (RATE / 10);
        self.samples.resize((self.samples.len() + pause).next_multiple_of(WINDOW), 0.0);
        self.sounds.resize(self.samples.len() / WINDOW, false);
    }

    /// The track with a noise, by so many dB below what sounds.
    pub(crate) fn with(&self, noise: &[f32], snr_db: f32) -> Vec<i16> {
        let gain = 10_f32.powf((LEVEL_DBFS - snr_db - level_dbfs(noise)) / 20.0);
        let mixed: Vec<f32> = self.samples.iter().zip(noise).map(|(speech, noise)| speech + gain * noise).collect();
        let mut samples = Vec::with_capacity(mixed.len());
        pcm::extend_i16(&mixed, &mut samples);
        samples
    }
}

/// A recording of alsa-utils, or a printed line where it is not installed.
#[allow(clippy::print_stdout)]
fn recording(name: &str) -> Result<Option<Vec<i16>>> {
    let path = Path::new("/usr/share/sounds/alsa").join(name).with_extension("wav");
    let Ok(file) = std::fs::read(&path) else {
        println!("SKIPPED: there is no {}", path.display());
        return Ok(None);
    };
    let wav = Wav::parse(&file)?;
    let mut resampler = Resampler::new(wav.sample_rate, RATE as u32)?;
    let mut samples = Vec::new();
    resampler.process_i16(&wav.samples, &mut samples)?;
    Ok(Some(samples))
}
