//! Silero VAD through ONNX Runtime. The tests that need the library run where `make models` has been run, or where
//! `ORT_DYLIB_PATH` names it.
#![cfg(feature = "ort")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

mod onnx_support;
mod silero_support;

use std::path::Path;

use silero_support::{WINDOW, speech_fixture, worst_difference};
use voice_core::ErrorKind;
use voice_core::builtin::{OrtSilero, SileroModel, SileroVad};
use voice_core::stage::Vad;

fn detector() -> Option<OrtSilero> {
    let library = onnx_support::library()?;
    Some(OrtSilero::new(Some(&library)).unwrap())
}

#[test]
fn a_library_that_is_not_there_is_a_typed_error_that_says_what_to_do() {
    let error = OrtSilero::new(Some(Path::new("/nowhere/libonnxruntime.so"))).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::EngineMissing);
    let says = |words| error.message().contains(words);
    assert!(says("/nowhere/libonnxruntime.so") && says("install onnxruntime") && says("ORT_DYLIB_PATH"), "{error}");
}

#[test]
fn another_library_is_a_typed_error() {
    if detector().is_some() {
        // The process holds ONNX Runtime already; a second library is refused whatever it is.
        let error = OrtSilero::new(Some(&std::env::current_exe().unwrap())).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidConfig, "{error}");
        return;
    }
    let error = OrtSilero::new(Some(&std::env::current_exe().unwrap())).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::EngineMissing, "{error}");
}

#[test]
fn agrees_with_the_fixture_and_with_our_own_forward_pass() {
    let Some(mut vad) = detector() else { return };
    let (audio, steps) = speech_fixture();
    let worst = worst_difference(&mut vad, &audio, &steps);
    println!("largest difference {worst:.1e}");
    assert!(worst <= 1e-5, "differs from the fixture by {worst}");

    vad.reset();
    let mut own = SileroVad::new(SileroModel::embedded().unwrap());
    for window in audio.chunks_exact(WINDOW) {
        let (a, b) = (vad.speech_probability(window).unwrap(), own.speech_probability(window).unwrap());
        assert!((a - b).abs() <= 1e-4, "{a} and {b}");
    }
}

#[test]
fn streams_on_several_threads_do_not_hear_each_other() {
    let Some(vad) = detector() else { return };
    let (audio, _) = speech_fixture();
    let run = |mut vad: OrtSilero| -> Vec<f32> {
        audio.chunks_exact(WINDOW).take(100).map(|window| vad.speech_probability(window).unwrap()).collect()
    };
    let alone = run(vad.clone());
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| run(vad.clone()))).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), alone);
        }
    });
}

#[test]
fn a_window_of_another_length_is_refused_and_a_broken_sample_is_silence() {
    let Some(mut vad) = detector() else { return };
    assert_eq!(*vad.speech_probability(&[0.0; 480]).unwrap_err().kind(), ErrorKind::InvalidInput);
    let broken = vad.speech_probability(&[f32::NAN; WINDOW]).unwrap();
    vad.reset();
    assert_eq!(broken, vad.speech_probability(&[0.0; WINDOW]).unwrap());
    assert!(size_of::<OrtSilero>() <= 4096);
}
