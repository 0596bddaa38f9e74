//! A listener who makes a sound is not taken for one who interrupts.

use crate::caller::Caller;
use crate::loudspeaker::Listening;
use crate::stage::{RATE, Voice, server};
use crate::support::TestServer;
use std::time::Duration;

/// A cough: noise that rises and falls within 80 ms. The numbers are Knuth's MMIX generator's.
fn cough() -> Vec<i16> {
    let length = RATE * 80 / 1_000;
    let mut state = 1_u64;
    let noise = |position: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let swing = (std::f64::consts::PI * position as f64 / length as f64).sin();
        (f64::from((state >> 48) as i16) * 0.6 * swing) as i16
    };
    (0..length).map(noise).collect()
}

/// Somebody hears a story and makes this sound after two seconds; how often the story was held and whether it ended
/// whole.
async fn told_over(server: &TestServer, listening: Listening, sound: &[i16]) -> (bool, Vec<String>) {
    let mut caller = Caller::call(server, listening).await;
    caller.ask("tell me a story").await;
    caller.listen(Duration::from_secs(2)).await;
    caller.say(sound);
    let end = caller.reply_end(1).await;
    let recording = caller.hang_up().await;
    let replies = recording.turns.values().filter(|turn| !turn.pieces.is_empty()).count();
    assert!(replies == 1 || end["interrupted"] == true, "the listener was answered: {recording:?}");
    let finals = recording.turns.iter().filter(|(turn, _)| **turn > 1).flat_map(|(_, turn)| turn.finals.clone());
    (end["interrupted"] == false, finals.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cough_and_a_yes_leave_a_story_whole_and_a_stop_ends_it() {
    let Some(server) = server().await else { return };
    let voice = Voice::load("awb");
    let (yes, stop) = (voice.say("yes").await, voice.say("stop").await);
    let cough = cough();
    let (coughed, agreed, stopped) = tokio::join!(
        told_over(&server, Listening::Playing, &cough),
        told_over(&server, Listening::Playing, &yes),
        told_over(&server, Listening::Playing, &stop),
    );
    assert!(coughed.0, "a cough stops nobody: {coughed:?}");
    assert_eq!(agreed, (true, vec!["yes".to_owned()]));
    assert!(!stopped.0, "{stopped:?}");
}
