//! Speech detection in noise: false starts and missed speech of the adaptive rule and of a fixed threshold, over
//! sentences of synthetic voices and of people: `cargo bench --bench noise`. Ends with exit code 1 when the adaptive
//! rule is wrong for longer than the fixed one in any noise.
#![allow(clippy::print_stdout, missing_docs)]

mod score;
mod sounds;
mod speech;

use score::{Score, detect};
use speech::{Track, WINDOW};
use std::process::ExitCode;
use voice_benches::held;
use voice_core::Result;
use voice_core::audio::pcm;
use voice_core::builtin::{SileroModel, SileroVad};
use voice_core::stage::Vad;
use voice_core::stream::SpeechConfig;

/// Speech over noise, in dB.
const RATIOS: [f32; 4] = [20.0, 10.0, 5.0, 0.0];
/// By how much the adaptive rule may be wrong for longer, in percent of the time, before that counts.
const SLACK: f64 = 0.1;

fn rules() -> [(&'static str, SpeechConfig); 2] {
    let fixed = SpeechConfig { noise_drop: 0.0, voices_margin_db: 0.0, ..SpeechConfig::default() };
    [("fixed", fixed), ("adaptive", SpeechConfig::default())]
}

/// What Silero says of each window.
fn probabilities(samples: &[i16]) -> Result<Vec<f32>> {
    let mut vad = SileroVad::new(SileroModel::embedded()?);
    let mut floats = Vec::with_capacity(WINDOW);
    let windows = samples.chunks_exact(WINDOW).map(|window| {
        floats.clear();
        pcm::extend_f32(window, &mut floats);
        vad.speech_probability(&floats)
    });
    windows.collect()
}

/// Both rules on one recording, each with a line of the table.
fn compare(track: &Track, samples: &[i16], name: &str) -> Result<[f64; 2]> {
    let probabilities = probabilities(samples)?;
    let mut wrong = [0.0; 2];
    for ((rule, config), wrong) in rules().into_iter().zip(&mut wrong) {
        let score = Score::of(track, &detect(samples, &probabilities, config)?);
        *wrong = score.wrong();
        println!("{name:12}   {rule:8}   {score}");
    }
    Ok(wrong)
}

fn main() -> Result<ExitCode> {
    let track = Track::record()?;
    let length = track.samples.len();
    println!("{} sentences in {} s of {} Hz", track.sentences.len(), length / 16_000, 16_000);
    println!("                          false starts   pauses taken   speech    sentences   wrong");
    println!("                          a minute       for speech     missed    missed      (mean of both)");
    let mut results = vec![compare(&track, &track.with(&vec![0.0; length], 0.0), "no noise")?];
    for (noise, sound) in [
        ("white", sounds::white(length)),
        ("pink", sounds::pink(length)),
        ("music", sounds::music(length)),
        ("babble", sounds::babble(length)?),
    ] {
        for ratio in RATIOS {
            results.push(compare(&track, &track.with(&sound, ratio), &format!("{noise:6} {ratio:2} dB"))?);
        }
    }
    let mean = |rule: usize| results.iter().map(|wrong| wrong[rule]).sum::<f64>() / results.len() as f64;
    let worse = results.iter().map(|[fixed, adaptive]| adaptive - fixed).fold(f64::MIN, f64::max);
    let met = held("wrong over all, adaptive, beside fixed", mean(1), mean(0), "%")
        & held("where it gains least, adaptive − fixed", worse, SLACK, "%");
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
