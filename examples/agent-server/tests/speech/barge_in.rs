//! Whoever interrupts is obeyed at once, and the agent remembers what was heard.

use crate::caller::Caller;
use crate::loudspeaker::Listening;
use crate::stage::{AT_ONCE, Voice, is_full, server};
use crate::support::TestServer;
use futures::{StreamExt, stream};
use std::time::Duration;

const QUESTION: &str = "what did i order";
const ANSWER: &str = "You have not ordered a pizza yet.";
/// 300 ms of 16 kHz: three pieces of audio, or the reports that a busy machine delays.
const SLACK: u64 = 4_800;

/// How somebody interrupts.
#[derive(Debug, Clone, Copy)]
enum Means {
    Speech,
    Frame,
    Typing,
}

struct Sounds {
    question: Vec<i16>,
}

/// Numbers that look random and are the same every time (Knuth's MMIX generator).
fn scattered(seed: usize) -> u64 {
    let mut state = seed as u64 + 1;
    for _ in 0..4 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    }
    state >> 33
}

async fn interruption(server: &TestServer, sounds: &Sounds, number: usize) {
    let listening = [Listening::Playing, Listening::PlayingOn, Listening::Silent][number % 3];
    let means = [Means::Speech, Means::Frame, Means::Speech, Means::Typing][number % 4];
    let mut caller = Caller::call(server, listening).await;
    caller.ask("tell me a story").await;
    caller.listen(Duration::from_millis(scattered(number) % 4_000)).await;
    match means {
        Means::Speech => caller.say(&sounds.question),
        Means::Frame => caller.send(serde_json::json!({ "type": "interrupt" })).await,
        Means::Typing => caller.ask(QUESTION).await,
    }
    let cut = caller.reply_end(1).await;
    assert_eq!(cut["interrupted"], true, "{means:?}: {:?}", caller.recording);
    let session = server.get(&format!("/api/sessions/{}", caller.id)).send().await;
    assert_eq!((session.status, session.json()["id"].as_str()), (200, Some(caller.id.as_str())));
    if let Means::Frame = means {
        caller.ask(QUESTION).await;
    }
    let answer = caller.reply_end(2).await;
    assert_eq!(
        (answer["heard"].as_str(), &answer["interrupted"]),
        (Some(ANSWER), &false.into()),
        "{means:?}: {:?}",
        caller.recording
    );
    let recording = caller.hang_up().await;
    if listening != Listening::Silent {
        assert!(recording.turns[&1].heard_fits(SLACK), "{means:?} {listening:?}: {recording:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_stops_at_any_moment_and_the_next_question_is_answered() {
    let Some(server) = server().await else { return };
    let voice = Voice::load("awb");
    let sounds = Sounds { question: voice.say(QUESTION).await };
    let (server, sounds) = (&server, &sounds);
    let interruptions = if is_full() { 200 } else { 48 };
    let all = stream::iter(0..interruptions).map(|number| interruption(server, sounds, number));
    assert_eq!(all.buffer_unordered(AT_ONCE).count().await, interruptions);
}
