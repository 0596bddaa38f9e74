//! Silero VAD: the same probabilities as ONNX Runtime gives, one state a stream, and no surprise on bad input.
#![cfg(feature = "silero")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod silero_support;

use std::sync::Arc;

use sha2::{Digest, Sha256};
use silero_support::{Step, WINDOW, expectations, jfk, noise, read_wav, speech_fixture};
use voice_core::ErrorKind;
use voice_core::builtin::{InstructionSet, SileroModel, SileroVad};
use voice_core::stage::Vad;

const MODEL_FILE: &[u8] = include_bytes!("../models/silero_vad_16k_op15.onnx");
const TOLERANCE: f32 = 1e-4;

/// A detector for each instruction set of this CPU.
fn detectors() -> Vec<SileroVad> {
    let sets = [InstructionSet::Portable, InstructionSet::Avx2, InstructionSet::Avx512];
    let models = sets.into_iter().filter_map(|set| match SileroModel::with_instructions(MODEL_FILE, set) {
        Ok(model) => Some(SileroVad::new(Arc::new(model))),
        Err(error) if *error.kind() == ErrorKind::Unsupported => None,
        Err(error) => panic!("{error}"),
    });
    models.collect()
}

fn detector() -> SileroVad {
    SileroVad::new(SileroModel::embedded().unwrap())
}

fn run(vad: &mut impl Vad, audio: &[f32]) -> Vec<f32> {
    audio.chunks_exact(WINDOW).map(|window| vad.speech_probability(window).unwrap()).collect()
}

#[test]
fn the_embedded_file_is_the_published_one() {
    let digest: String = Sha256::digest(MODEL_FILE).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49");
}

#[test]
fn a_stream_costs_at_most_four_kibibytes() {
    assert!(size_of::<SileroVad>() <= 4096, "{} bytes", size_of::<SileroVad>());
}

#[test]
fn agrees_with_onnx_runtime_on_synthetic_speech_with_noise_and_a_reset() {
    let (audio, steps) = speech_fixture();
    for mut vad in detectors() {
        let worst = silero_support::worst_difference(&mut vad, &audio, &steps);
        println!("{vad:?}: largest difference {worst:.1e}");
        assert!(worst <= TOLERANCE, "{vad:?} differs by {worst}");
    }
}

#[test]
fn agrees_with_onnx_runtime_on_a_recorded_voice() {
    let Some((audio, steps)) = jfk() else {
        println!("skipped: ../../shared/audio/jfk.wav is not here");
        return;
    };
    for mut vad in detectors() {
        let worst = silero_support::worst_difference(&mut vad, &audio, &steps);
        println!("{vad:?}: largest difference {worst:.1e}");
        assert!(worst <= TOLERANCE, "{vad:?} differs by {worst}");
    }
}

#[test]
fn all_instruction_sets_agree() {
    let (audio, _) = speech_fixture();
    let all: Vec<Vec<f32>> = detectors().iter_mut().map(|vad| run(vad, &audio)).collect();
    for (a, b) in all[1..].iter().flatten().zip(all[0].iter().cycle()) {
        assert!((a - b).abs() <= 1e-5, "{a} and {b}");
    }
}

#[test]
fn two_streams_on_one_model_do_not_hear_each_other() {
    let (speech, _) = speech_fixture();
    let noise = noise(speech.len(), 0.05);
    let (speech_alone, noise_alone) = (run(&mut detector(), &speech), run(&mut detector(), &noise));

    let (mut first, mut second) = (detector(), detector());
    let windows = speech.chunks_exact(WINDOW).zip(noise.chunks_exact(WINDOW));
    let interleaved =
        windows.map(|(a, b)| (first.speech_probability(a).unwrap(), second.speech_probability(b).unwrap()));
    let (speech_beside, noise_beside): (Vec<f32>, Vec<f32>) = interleaved.unzip();

    assert_eq!(speech_beside, speech_alone);
    assert_eq!(noise_beside, noise_alone);
}

#[test]
fn streams_on_several_threads_share_one_model() {
    let (speech, _) = speech_fixture();
    let alone = run(&mut detector(), &speech);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| run(&mut detector(), &speech))).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), alone);
        }
    });
}

#[test]
fn after_a_reset_it_is_as_new() {
    let (speech, _) = speech_fixture();
    let fresh = run(&mut detector(), &speech);
    let mut used = detector();
    run(&mut used, &speech[..100 * WINDOW]);
    used.reset();
    assert_eq!(run(&mut used, &speech), fresh);
}

#[test]
fn a_clone_continues_where_the_original_was() {
    let (speech, _) = speech_fixture();
    let (head, tail) = speech.split_at(90 * WINDOW);
    let mut original = detector();
    run(&mut original, head);
    let mut clone = original.clone();
    assert_eq!(run(&mut clone, tail), run(&mut original, tail));
}

#[test]
fn digital_silence_is_not_speech() {
    for mut vad in detectors() {
        let probabilities = run(&mut vad, &[0.0; 200 * WINDOW]);
        assert!(probabilities.iter().all(|p| (0.0..0.2).contains(p)), "{vad:?}: {probabilities:?}");
    }
}

#[test]
fn full_scale_noise_gives_probabilities() {
    for mut vad in detectors() {
        let probabilities = run(&mut vad, &noise(200 * WINDOW, 1.0));
        assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)), "{vad:?}: {probabilities:?}");
    }
}

#[test]
fn samples_that_are_no_sound_count_as_silence() {
    let (speech, _) = speech_fixture();
    let mut broken = speech.clone();
    let mut silenced = speech;
    let no_sound = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -1e9];
    for (at, value) in (20_000..).step_by(700).zip(no_sound) {
        (broken[at], silenced[at]) = (value, 0.0);
    }
    for mut vad in detectors() {
        let heard = run(&mut vad, &broken);
        vad.reset();
        assert_eq!(heard, run(&mut vad, &silenced));
        assert!(heard.iter().all(|p| p.is_finite()));
    }
}

#[test]
fn a_window_of_another_length_is_refused_and_leaves_the_stream_as_it_was() {
    let (speech, _) = speech_fixture();
    let mut vad = detector();
    assert_eq!((vad.window_len(), vad.sample_rate()), (512, 16_000));
    for length in [0, 1, 256, 511, 513, 1024] {
        let error = vad.speech_probability(&vec![0.5; length]).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains(&format!("not {length}")), "{error}");
    }
    assert_eq!(run(&mut vad, &speech), run(&mut detector(), &speech));
}

#[test]
fn another_file_is_a_typed_error() {
    let truncated = (0..MODEL_FILE.len()).step_by(9973).map(|length| MODEL_FILE[..length].to_vec());
    let others = [b"".to_vec(), b"RIFF....WAVEfmt ".to_vec(), vec![0xff; 4096], vec![0; 4096], vec![0x3a; 4096]];
    for file in truncated.chain(others) {
        let error = SileroModel::from_onnx(&file).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidConfig, "{error}");
        assert!(error.message().starts_with("not the 16 kHz Silero VAD model: "), "{error}");
    }
}

#[test]
fn a_mutated_file_never_panics() {
    let mut random = 0x9e37_79b9_u32;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        random as usize % below
    };
    // Structure stands before and between the weights: hit the names and lengths more often than the values.
    let names: Vec<usize> = (0..MODEL_FILE.len() - 6).filter(|&at| &MODEL_FILE[at..at + 6] == b"model.").collect();
    let mut refused = 0;
    for _ in 0..120 {
        let mut file = MODEL_FILE.to_vec();
        for _ in 0..4 {
            let near = names[next(names.len())];
            let at = if next(2) == 0 { near.saturating_sub(24) + next(64) } else { next(file.len()) };
            file[at.min(MODEL_FILE.len() - 1)] = next(256) as u8;
        }
        match SileroModel::from_onnx(&file) {
            Err(error) => {
                assert_eq!(*error.kind(), ErrorKind::InvalidConfig);
                refused += 1;
            }
            Ok(model) => {
                SileroVad::new(Arc::new(model)).speech_probability(&[0.1; WINDOW]).unwrap();
            }
        }
    }
    assert!(refused > 20, "only {refused} of 120 mutated files were refused");
}

#[test]
fn the_embedded_model_is_read_once() {
    assert!(Arc::ptr_eq(&SileroModel::embedded().unwrap(), &SileroModel::embedded().unwrap()));
}

#[test]
fn the_fixture_has_a_reset_and_both_speech_and_silence() {
    let steps = expectations(include_str!("fixtures/silero_speech.csv"));
    let above = |low: f32| steps.iter().filter(|step| matches!(step, Step::Expect(p) if *p >= low)).count();
    assert_eq!(steps.iter().filter(|step| matches!(step, Step::Reset)).count(), 1);
    assert!(above(0.9) > 100 && above(0.0) - above(0.1) > 50);
    assert_eq!(read_wav(include_bytes!("fixtures/silero_speech.wav")).len() / WINDOW, above(0.0));
}
