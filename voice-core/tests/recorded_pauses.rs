//! A recorded speaker who pauses, before everything that decides together when a turn is over: the VAD, Smart Turn, the
//! words and the silence. Runs where the recording lies beside the project and `make models` has been run.
#![cfg(feature = "ort")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

mod onnx_support;
mod silero_support;

use std::sync::Arc;
use std::time::Duration;
use voice_core::AudioTime;
use voice_core::audio::pcm;
use voice_core::builtin::{SileroModel, SileroVad, SmartTurn};
use voice_core::conversation::{Command, ConversationConfig, Input};
use voice_core::stage::{TurnDetector, TurnSnapshot};
use voice_core::stream::{SpeechConfig, SpeechDetector, SpeechItem};
use voice_core::testing::Script;

const RATE: u32 = 16_000;
/// A recogniser's final transcript comes so much later than it is asked for, in ms.
const TRANSCRIPT_MS: u64 = 100;
/// An estimate comes so much later than it is asked for, in ms.
const ESTIMATE_MS: u64 = 45;
/// What is said up to each silence, as a recogniser without punctuation writes it.
const SAID: [&str; 4] = [
    "and so my fellow americans",
    "ask not",
    "what your country can do for you",
    "ask what you can do for your country",
];

/// What the ears tell, and when, in ms.
enum Ear {
    Started(AudioTime),
    Ended { at: AudioTime, silence: Duration, heard: Arc<[i16]> },
}

fn ears(audio: &[i16]) -> Vec<(u64, Ear)> {
    let vad = Box::new(SileroVad::new(SileroModel::embedded().unwrap()));
    let mut detector = SpeechDetector::new(vad, SpeechConfig::default()).unwrap();
    detector.set_turn_open(true);
    let (mut told, mut heard) = (Vec::new(), Vec::new());
    for (index, chunk) in audio.chunks(320).enumerate() {
        let now = (index as u64 + 1) * 20;
        detector
            .push(chunk, |item| match item {
                SpeechItem::Started { at } => told.push((now, Ear::Started(at))),
                SpeechItem::Audio { pcm, .. } => heard.extend_from_slice(&pcm),
                SpeechItem::Ended { at, silence } => {
                    told.push((now, Ear::Ended { at, silence, heard: heard.as_slice().into() }));
                }
                SpeechItem::Paused { .. } | SpeechItem::Resumed { .. } => {}
            })
            .unwrap();
    }
    told
}

/// The silences after which a turn ended, as numbers of [`SAID`], with the ms between the last sound and that end.
fn turns(told: Vec<(u64, Ear)>, detector: &SmartTurn) -> Vec<(usize, f64)> {
    let mut script = Script::new(ConversationConfig::default()).at(0, Input::Start { output_rate: RATE });
    let (mut silences, mut words, mut turn, mut attempt, mut ends) = (0, String::new(), None, 0, Vec::new());
    let mut last_sound = Vec::new();
    for (now, ear) in told {
        match ear {
            Ear::Started(at) => script = script.at(now, Input::SpeechStarted { at }),
            Ear::Ended { at, silence, heard } => {
                script = script.at(now, Input::SpeechEnded { at, silence });
                let Some(open) = script.conversation().open_turn() else { continue };
                if turn.replace(open) != Some(open) {
                    (words, attempt) = (String::new(), 0);
                }
                if let Some(said) = SAID.get(silences) {
                    words = format!("{words} {said}").trim().to_owned();
                }
                let snapshot = TurnSnapshot { turn: open, audio: heard, transcript: words.clone(), silence };
                let probability = detector.end_of_turn(Arc::new(snapshot)).unwrap();
                println!("{words:?} until {:.2} s: {probability:.2}", at.as_millis() as f64 / 1_000.0);
                let transcript = Input::FinalTranscript { turn: open, attempt, text: words.clone(), unclear: false };
                script = script
                    .at(now + ESTIMATE_MS, Input::TurnEstimate { turn: open, probability })
                    .at(now + TRANSCRIPT_MS, transcript);
                last_sound.push((silences, at));
                (silences, attempt) = (silences + 1, attempt + 1);
            }
        }
    }
    for moment in script.run_until(20_000).moments() {
        if moment.commands.iter().any(|command| matches!(command, Command::CommitUser { .. })) {
            let now = moment.at.as_millis_f64();
            let before = last_sound.iter().rev().find(|(_, at)| (at.as_millis() as f64) < now).unwrap();
            ends.push((before.0, now - before.1.as_millis() as f64));
        }
    }
    ends
}

/// The model takes "and so, my fellow Americans" for a turn (0.9), and an address can be one. The pauses after "ask not" and
/// "for you", of half a second and more, end nothing; the real end is found at once.
#[test]
fn a_speaker_who_pauses_is_heard_out_and_answered_soon_after_the_end() {
    let Some((model, library)) = onnx_support::smart_turn() else { return };
    let Some((audio, _)) = silero_support::jfk() else { return };
    let mut audio: Vec<i16> = audio.into_iter().map(pcm::to_i16).collect();
    audio.extend([0; 3 * RATE as usize]);
    let ends = turns(ears(&audio), &SmartTurn::load(&model, Some(&library)).unwrap());
    println!("turns end after {ends:?}");
    let after: Vec<usize> = ends.iter().map(|(silence, _)| *silence).collect();
    assert_eq!(after, [0, 3], "{ends:?}");
    assert!(ends.iter().all(|(_, delay)| *delay <= 600.0), "{ends:?}");
}
