//! What the demo does not know is unclear, what is no speech is nothing, and neither changes what is heard afterwards.

#![cfg(feature = "local")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

use std::path::Path;
use support::{installed, padded, read_audio, recognise, say, stt};
use voice_providers::local::{LocalStt, LocalSttConfig};

const UNKNOWN: [&str; 10] = [
    "the weather is nice in the mountains",
    "my bicycle has a flat tyre",
    "the quick brown fox jumps over the lazy dog",
    "turn on the lights in the kitchen",
    "remind me to call my mother tomorrow",
    "book a flight to london for next friday",
    "who won the football match last night",
    "send an email to the whole team",
    "the children are playing in the garden",
    "translate this into german",
];

/// Read out of a novel, from pocketsphinx-testdata.
const NOVEL: [&str; 5] = ["0870", "0880", "0890", "0920", "0930"];

fn recorded(path: &str) -> Option<Vec<i16>> {
    let path = Path::new(path);
    if !path.exists() {
        println!("SKIPPED: there is no {}", path.display());
        return None;
    }
    Some(padded(&read_audio(path)))
}

fn nothing() -> (String, bool) {
    (String::new(), false)
}

fn unclear() -> (String, bool) {
    (String::new(), true)
}

#[tokio::test]
async fn other_speech_is_unclear() {
    let Some(stt) = stt() else { return };
    for voice in ["slt", "awb", "rms"] {
        for text in UNKNOWN {
            assert_eq!(recognise(&stt, &padded(&say(voice, text))).await, unclear(), "{voice}: {text:?}");
        }
    }
    let book = "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb";
    for page in NOVEL {
        let Some(speech) = recorded(&format!("{book}-{page}.wav")) else { continue };
        assert_eq!(recognise(&stt, &speech).await, unclear(), "{page}");
    }
}

#[tokio::test]
async fn silence_and_noise_are_nothing() {
    let Some(stt) = stt() else { return };
    for audio in [vec![], vec![0; 100], vec![0; 48_000], vec![3; 48_000]] {
        assert_eq!(recognise(&stt, &audio).await, nothing(), "{} samples", audio.len());
    }
    let Some(noise) = recorded("/usr/share/sounds/alsa/Noise.wav") else { return };
    assert_eq!(recognise(&stt, &noise).await, nothing());
}

/// Through one worker, whose decoder is the same for all of them.
#[tokio::test]
async fn what_was_heard_before_changes_nothing() {
    let mut config = LocalSttConfig::default();
    config.threads = Some(1);
    let Some(stt) = installed(LocalStt::load(config)) else { return };
    let mut sounds = vec![padded(&say("awb", "who are you")), padded(&say("slt", "what is two times nine"))];
    sounds.push(padded(&say("kal16", UNKNOWN[0])));
    sounds.extend(recorded("/usr/share/sounds/alsa/Noise.wav"));
    sounds.extend(recorded("/usr/share/sounds/alsa/Side_Left.wav"));
    let mut heard = Vec::new();
    for sound in &sounds {
        heard.push(recognise(&stt, sound).await);
    }
    for (sound, before) in sounds.iter().zip(&heard).rev() {
        assert_eq!(recognise(&stt, sound).await, *before);
    }
}
