//! What people talk against.

use std::f32::consts::TAU;
use voice_benches::echo::TOPICS;
use voice_benches::{say, voice};
use voice_core::Result;

const RATE: usize = 16_000;

/// Numbers between −1 and 1 that look random and are the same in every run.
struct Random(u32);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// A hiss.
pub(crate) fn white(samples: usize) -> Vec<f32> {
    let mut random = Random(7);
    (0..samples).map(|_| random.next()).collect()
}

/// Equal power in every octave, like wind and traffic: white noise through Paul Kellet's economy filter.
pub(crate) fn pink(samples: usize) -> Vec<f32> {
    let mut poles = [0.0_f32; 3];
    let filter = |white: f32| {
        poles[0] = 0.997_65 * poles[0] + 0.099_046 * white;
        poles[1] = 0.963 * poles[1] + 0.296_516_4 * white;
        poles[2] = 0.57 * poles[2] + 1.052_691_3 * white;
        poles.iter().sum::<f32>() + 0.184_8 * white
    };
    white(samples).into_iter().map(filter).collect()
}

/// Semitones above A at 110 Hz of four chords.
const CHORDS: [[i32; 3]; 4] = [[0, 4, 7], [-3, 0, 4], [5, 9, 12], [7, 11, 14]];
/// The tune over them, a note for each eighth of a bar.
const TUNE: [i32; 16] = [24, 26, 28, 31, 28, 26, 24, 19, 21, 24, 28, 33, 31, 29, 28, 26];

/// Plucked chords, a tune with vibrato and a drum, at 120 beats a minute.
pub(crate) fn music(samples: usize) -> Vec<f32> {
    let mut random = Random(11);
    let pitch = |semitones: i32| 110.0 * 2_f32.powf(semitones as f32 / 12.0);
    let tone = |hz: f32, time: f32| (1..=6).map(|k| (TAU * hz * k as f32 * time).sin() / k as f32).sum::<f32>();
    let (beat, eighth) = (RATE / 2, RATE / 4);
    (0..samples)
        .map(|n| {
            let time = n as f32 / RATE as f32;
            let since_beat = (n % beat) as f32 / RATE as f32;
            let chord = CHORDS[n / (4 * beat) % CHORDS.len()];
            let plucked = chord.iter().map(|&note| tone(pitch(note), time)).sum::<f32>() * (-4.0 * since_beat).exp();
            let since_note = (n % eighth) as f32 / RATE as f32;
            let vibrato = time + 0.000_4 * (TAU * 5.5 * time).sin();
            let tune = tone(pitch(TUNE[n / eighth % TUNE.len()]), vibrato) * (-2.0 * since_note).exp();
            0.3 * plucked + 0.6 * tune + 0.5 * random.next() * (-40.0 * since_beat).exp()
        })
        .collect()
}

/// Six people who talk at the next tables, with voices that none of the speakers has.
pub(crate) fn babble(samples: usize) -> Result<Vec<f32>> {
    let mut mixed = vec![0.0; samples];
    for (person, name) in ["rms", "kal16"].iter().cycle().take(6).enumerate() {
        let voice = voice(name)?;
        let mut said = Vec::new();
        for topic in 0..TOPICS.len() {
            said.extend(say(&voice, TOPICS[(topic + person) % TOPICS.len()])?);
        }
        let begin = person * 3 * RATE;
        for (mixed, &sample) in mixed.iter_mut().zip(said.iter().cycle().skip(begin)) {
            *mixed += f32::from(sample);
        }
    }
    Ok(mixed)
}
