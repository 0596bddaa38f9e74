//! Smart Turn through ONNX Runtime. The tests that need the model run where `make models` has been run, or where
//! `TURN_MODEL` and `ORT_DYLIB_PATH` name the model and the library.
#![cfg(feature = "ort")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

mod onnx_support;
mod silero_support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use voice_core::audio::{Wav, pcm};
use voice_core::builtin::{SileroModel, SileroVad, SmartTurn};
use voice_core::stage::{TurnDetector, TurnSnapshot};
use voice_core::stream::{SpeechConfig, SpeechDetector, SpeechItem};
use voice_core::{ErrorKind, TurnId};

const RATE: u32 = 16_000;

fn detector() -> Option<SmartTurn> {
    let (model, library) = onnx_support::smart_turn()?;
    Some(SmartTurn::load(&model, Some(&library)).unwrap())
}

fn turn(audio: &[i16]) -> Arc<TurnSnapshot> {
    let (turn, silence) = (TurnId(1), Duration::from_millis(192));
    Arc::new(TurnSnapshot { turn, audio: audio.into(), transcript: String::new(), silence })
}

fn speech() -> Vec<i16> {
    Wav::parse(include_bytes!("fixtures/silero_speech.wav")).unwrap().samples
}

#[test]
fn a_model_that_is_not_there_is_a_typed_error_that_names_it() {
    let error = SmartTurn::load(Path::new("/nowhere/turn.onnx"), None).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidConfig);
    assert!(error.message().contains("/nowhere/turn.onnx"), "{error}");
}

#[test]
fn a_file_that_is_another_model_or_none_is_refused() {
    let Some(library) = onnx_support::library() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["models/silero_vad_16k_op15.onnx", "Cargo.toml"] {
        let error = SmartTurn::load(&root.join(file), Some(&library)).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidConfig, "{error}");
        assert!(error.message().contains("Smart Turn v3: "), "{error}");
    }
}

/// The figures are those of Python's ONNX Runtime on the features of Whisper's own extractor. The model counts in whole
/// numbers of 8 bits, which versions of ONNX Runtime and CPUs round differently: 0.09 between 1.22 and 1.32.
#[test]
fn answers_as_the_model_does_on_whispers_own_features() {
    let Some(detector) = detector() else { return };
    let (speech, mut compared) = (speech(), 0);
    for line in include_str!("fixtures/smart_turn_answers.csv").lines().filter(|line| !line.starts_with('#')) {
        let [from, to, expected] = <[&str; 3]>::try_from(line.split(',').collect::<Vec<_>>()).unwrap();
        let clip = from.parse().unwrap()..to.parse().unwrap();
        let expected: f32 = expected.parse().unwrap();
        let answer = detector.end_of_turn(turn(&speech[clip.clone()])).unwrap();
        println!("{clip:?}: {answer:.4}, expected {expected:.4}");
        assert!((answer - expected).abs() <= 0.15, "{clip:?}: {answer} instead of {expected}");
        compared += 1;
    }
    assert!(compared >= 6);
}

#[test]
fn the_same_audio_gets_the_same_answer_from_any_thread() {
    let Some(detector) = detector() else { return };
    let speech = speech();
    let clips = [&speech[48_000..92_000], &speech[90_000..144_000], &speech[..24_000]];
    let alone = clips.map(|clip| detector.end_of_turn(turn(clip)).unwrap());
    std::thread::scope(|scope| {
        let threads = clips.map(|clip| scope.spawn(|| detector.end_of_turn(turn(clip))));
        for (thread, expected) in threads.into_iter().zip(alone) {
            // On a machine that is busy a question may be too old by the time it has its turn.
            match thread.join().unwrap() {
                Ok(answer) => assert_eq!(answer, expected),
                Err(error) => assert_eq!(*error.kind(), ErrorKind::Timeout, "{error}"),
            }
        }
    });
}

#[test]
fn a_turn_without_audio_is_no_question() {
    let Some(detector) = detector() else { return };
    assert_eq!(*detector.end_of_turn(turn(&[])).unwrap_err().kind(), ErrorKind::InvalidInput);
}

/// What the model says each time the VAD hears the speech end, asked as an agent asks it.
fn said_at_each_silence(detector: &SmartTurn, audio: &[i16]) -> Vec<(f64, f32)> {
    let vad = Box::new(SileroVad::new(SileroModel::embedded().unwrap()));
    let mut speech = SpeechDetector::new(vad, SpeechConfig::default()).unwrap();
    speech.set_turn_open(true);
    let (mut heard, mut said) = (Vec::new(), Vec::new());
    for chunk in audio.chunks(320) {
        speech
            .push(chunk, |item| match item {
                SpeechItem::Started { .. } | SpeechItem::Paused { .. } | SpeechItem::Resumed { .. } => {}
                SpeechItem::Audio { pcm, .. } => heard.extend_from_slice(&pcm),
                SpeechItem::Ended { at, .. } => {
                    let answer = detector.end_of_turn(turn(&heard)).unwrap();
                    said.push((at.as_samples(RATE) as f64 / f64::from(RATE), answer));
                }
            })
            .unwrap();
    }
    said
}

/// "And so, my fellow Americans: | ask not | what your country can do for you; | ask what you can do for your country."
/// with half a second or more at each mark, and a last breath after the end. The model takes the first pause for the
/// end, since an address can be a whole turn: one more reason not to answer at once when it says so.
#[test]
fn in_a_recorded_speech_it_knows_the_end_and_two_of_three_pauses() {
    let (Some(detector), Some((audio, _))) = (detector(), silero_support::jfk()) else { return };
    let mut audio: Vec<i16> = audio.into_iter().map(pcm::to_i16).collect();
    audio.extend([0; RATE as usize]);
    let said = said_at_each_silence(&detector, &audio);
    for (end, answer) in &said {
        println!("speech until {end:.2} s: {answer:.3}");
    }
    let complete: Vec<_> = said.iter().map(|(_, answer)| *answer >= 0.5).collect();
    assert_eq!(complete, [true, false, false, true, true], "{said:?}");
}
