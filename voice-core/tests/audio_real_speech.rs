//! Signal processing on eleven seconds of real speech, where the recording is at hand.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of a test may fail it and say why it was skipped"
)]

use std::fs;
use std::path::PathBuf;
use voice_core::AudioTime;
use voice_core::audio::{Resampler, Wav};
use voice_core::builtin::EnergyVad;
use voice_core::stream::{SpeechConfig, SpeechDetector, SpeechItem};

fn shared(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/audio").join(name)
}

/// The recording, or `None` after saying that it is missing.
fn recording() -> Option<Wav> {
    let path = shared("jfk.wav");
    match fs::read(&path) {
        Ok(file) => Some(Wav::parse(&file).unwrap()),
        Err(error) => {
            println!("skipped: no recording at {} ({error})", path.display());
            None
        }
    }
}

/// Signal to error in dB, with `output` late by `delay` samples.
fn match_db(input: &[i16], output: &[i16], delay: usize) -> f64 {
    let (mut signal, mut error) = (0.0, 0.0);
    for (a, b) in input.iter().zip(&output[delay..]) {
        signal += f64::from(*a).powi(2);
        error += (f64::from(*a) - f64::from(*b)).powi(2);
    }
    10.0 * (signal / error).log10()
}

#[test]
fn the_recording_is_read_from_its_data_chunk_on() {
    let Some(wav) = recording() else { return };
    assert_eq!((wav.sample_rate, wav.samples.len()), (16_000, 176_000));
}

#[test]
fn a_round_trip_through_48_khz_keeps_speech() {
    let Some(wav) = recording() else { return };
    let mut up = Resampler::new(16_000, 48_000).unwrap();
    let mut down = Resampler::new(48_000, 16_000).unwrap();
    let (mut high, mut back) = (Vec::new(), Vec::new());
    up.process_i16(&wav.samples, &mut high).unwrap();
    up.flush_i16(&mut high).unwrap();
    down.process_i16(&high, &mut back).unwrap();
    down.flush_i16(&mut back).unwrap();
    let db = match_db(&wav.samples, &back, 32);
    println!("round trip: {db:.1} dB");
    assert!(db > 30.0, "{db} dB");
}

/// Whether a reference VAD hears speech, for each window of 512 samples: `chunk,probability` a line, `#` comments.
fn reference() -> Option<Vec<bool>> {
    let path = shared("jfk.silero.csv");
    let table =
        fs::read_to_string(&path).inspect_err(|error| println!("skipped: {} ({error})", path.display())).ok()?;
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    Some(lines.map(|line| line.split(',').nth(1).unwrap().trim().parse::<f32>().unwrap() >= 0.5).collect())
}

#[test]
fn loudness_alone_misses_no_speech_that_a_model_hears() {
    let (Some(wav), Some(reference)) = (recording(), reference()) else { return };
    let mut detector = SpeechDetector::new(Box::new(EnergyVad::new()), SpeechConfig::default()).unwrap();
    let (mut starts, mut ends, mut given) = (Vec::new(), Vec::new(), vec![false; wav.samples.len()]);
    for chunk in wav.samples.chunks(320) {
        detector
            .push(chunk, |item| match item {
                SpeechItem::Started { at } => starts.push(at.as_millis()),
                SpeechItem::Ended { at, .. } => ends.push(at.as_millis()),
                SpeechItem::Paused { .. } | SpeechItem::Resumed { .. } => {}
                SpeechItem::Audio { at, pcm } => {
                    let from = at.as_samples(16_000) as usize;
                    assert_eq!(pcm, &wav.samples[from..from + pcm.len()]);
                    given[from..from + pcm.len()].fill(true);
                }
            })
            .unwrap();
    }
    assert_eq!(detector.position(), AudioTime::from_millis(11_000));
    let heard = reference.iter().zip(given.chunks_exact(512));
    let (speech, missed) = heard.fold((0, 0), |(speech, missed), (&is_speech, window)| {
        (speech + usize::from(is_speech), missed + usize::from(is_speech && !window[0]))
    });
    println!("starts {starts:?} ms, ends {ends:?} ms; {missed} of {speech} windows of speech missed");
    assert!(speech > 150 && missed * 20 <= speech, "{missed} of {speech}");
    // The long pauses of the speaker separate the utterances.
    assert!((3..=8).contains(&starts.len()), "{starts:?}");
}

#[cfg(feature = "rnnoise")]
#[test]
fn denoised_speech_is_late_by_the_declared_delay() {
    use voice_core::builtin::RnnoiseDenoiser;
    use voice_core::stream::StreamDenoiser;

    let Some(wav) = recording() else { return };
    let mut denoiser = StreamDenoiser::new(Box::new(RnnoiseDenoiser::new()), 16_000).unwrap();
    let mut output = Vec::new();
    for chunk in wav.samples.chunks(512) {
        denoiser.push(chunk, &mut output).unwrap();
    }
    denoiser.flush(&mut output).unwrap();
    let delay = denoiser.delay_samples();
    assert_eq!((delay, output.len()), (192, wav.samples.len() + 192));
    let correlation = |lag: usize| -> f64 {
        wav.samples.iter().zip(&output[lag..]).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let measured = (delay - 40..delay + 40).max_by(|&a, &b| correlation(a).total_cmp(&correlation(b)));
    assert_eq!(measured, Some(delay));
}
