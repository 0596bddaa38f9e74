//! Speech detection in noise: false starts and missed speech of the adaptive rule and of a fixed threshold, over
//! sentences of synthetic voices and of people: `cargo bench --bench noise`.
#![allow(clippy::print_stdout, missing_docs)]

mod score;
mod sounds;
mod speech;

use score::{Score, detect};
use speech::{Track, WINDOW};
use std::process::ExitCode;
use voice_core::Result;
use voice_core::audio::pcm;
use voice_core::builtin::{SileroModel, SileroVad};
use voice_core::stage::Vad;
use voice_core::stream::SpeechConfig;

const SNRS: [f32; 4] = [20.0, 10.0, 5.0, 0.0];

fn rules() -> [(&'static str, SpeechConfig); 2] {
    let fixed = SpeechConfig { noise_rise: 0.0, ..SpeechConfig::default() };
    [("fixed", fixed), ("adaptive", SpeechConfig::default())]
}

fn probabilities(samples: &[i16]) -> Result<Vec<f32>> {
    let mut vad = SileroVad::new(SileroModel::embedded()?);
    let mut window = Vec::with_capacity(WINDOW);
    samples
        .chunks_exact(WINDOW)
        .map(|samples| {
            window.clear();
            pcm::extend_f32(samples, &mut window);
            vad.speech_probability(&window)
        })
        .collect()
}

fn main() -> Result<ExitCode> {
    let track = Track::record()?;
    let length = track.samples.len();
    let noises = [
        ("none", vec![0.0; length]),
        ("white", sounds::white(length)),
        ("pink", sounds::pink(length)),
        ("music", sounds::music(length)),
        ("babble", sounds::babble(length)?),
    ];
    println!("{} sentences in {} s", track.sentences.len(), length / 16_000);
    println!("noise    SNR   rule       false starts/min   pauses as speech   missed speech   missed sentences");
    let mut sums = [Score::default(); 2];
    for (noise, sound) in &noises {
        for snr in if *noise == "none" { &SNRS[..1] } else { &SNRS[..] } {
            let samples = track.with(sound, *snr);
            let probabilities = probabilities(&samples)?;
            for ((rule, config), sum) in rules().into_iter().zip(&mut sums) {
                let score = Score::of(&track, &detect(&samples, &probabilities, config)?);
                println!(
                    "{noise:7} {snr:4}   {rule:9} {:17.1} {:16.1} % {:13.1} % {:16.1} %",
                    score.false_starts, score.false_speech, score.missed_speech, score.missed_sentences
                );
                sum.add(score);
            }
        }
    }
    let [fixed, adaptive] = sums;
    println!("sums: fixed {fixed:?}\n   adaptive {adaptive:?}");
    Ok(ExitCode::SUCCESS)
}
