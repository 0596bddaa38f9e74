//! A listener who makes a sound is not taken for one who interrupts.

use crate::caller::Caller;
use crate::loudspeaker::Listening;
use crate::recording::Recording;
use crate::stage::{RATE, Voice, server};
use crate::support::{Scrape, TestServer};
use std::time::Duration;

/// The loudest part of a sound that is so many ms long: what is left of a word that got stuck in the throat.
fn loudest(samples: &[i16], milliseconds: usize) -> Vec<i16> {
    let energy = |piece: &[i16]| piece.iter().map(|sample| i64::from(*sample).pow(2)).sum::<i64>();
    let pieces = samples.windows(RATE * milliseconds / 1_000).step_by(RATE / 100);
    pieces.max_by_key(|piece| energy(piece)).expect("the sound is longer").to_vec()
}

/// Somebody hears a story and makes this sound after two seconds.
async fn told_over(server: &TestServer, sound: &[i16]) -> Recording {
    let mut caller = Caller::call(server, Listening::Playing).await;
    caller.ask("tell me a story").await;
    caller.listen(Duration::from_secs(2)).await;
    caller.say(sound);
    caller.listen(Duration::from_secs(4)).await;
    caller.hang_up().await
}

fn was_cut(recording: &Recording) -> bool {
    recording.turns.keys().any(|turn| *turn > 1 && !recording.turns[turn].pieces.is_empty())
}

fn finals(recording: &Recording) -> Vec<&str> {
    recording.turns.range(2..).flat_map(|(_, turn)| turn.finals.iter().map(String::as_str)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cough_and_a_yes_do_not_end_a_story_and_a_stop_does() {
    let Some(server) = server().await else { return };
    let voice = Voice::load("slt");
    let (yes, stop) = (voice.say("yes").await, voice.say("stop").await);
    let cough = loudest(&yes, 80);
    let (coughed, agreed, stopped) =
        tokio::join!(told_over(&server, &cough), told_over(&server, &yes), told_over(&server, &stop));
    assert!(!was_cut(&coughed), "{coughed:?}");
    assert_eq!((was_cut(&agreed), finals(&agreed)), (false, vec!["yes"]), "{agreed:?}");
    assert_eq!((was_cut(&stopped), finals(&stopped)), (true, vec!["stop"]), "{stopped:?}");
    let counted = Scrape::of(&server).await;
    assert!(counted.get("false_interruptions_total") >= 2.0, "{counted:?}");
    assert!(counted.get("interruptions_total") >= 1.0, "{counted:?}");
}
