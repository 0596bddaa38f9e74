//! The agent does not interrupt itself: its own voice comes back through the microphone, and the real ears listen.
#![allow(clippy::expect_used, clippy::print_stdout, missing_docs)]

use std::time::Duration;
use voice_benches::echo::{Call, Listener, Outcome, Scene, Speaker, TOPICS};
use voice_benches::{say, voice};
use voice_core::ErrorKind;
use voice_providers::local::LocalTts;

/// A voice, or a printed line where there is none.
fn engine(name: &str) -> Option<LocalTts> {
    match voice(name) {
        Err(error) if *error.kind() == ErrorKind::EngineMissing => {
            println!("SKIPPED: {error}");
            None
        }
        voice => Some(voice.expect("the voice exists")),
    }
}

fn scene(delay_ms: u64, cancel: bool) -> Scene {
    Scene {
        delay: Duration::from_millis(delay_ms),
        gain_db: -12.0,
        cancel,
        reports: true,
        length: Duration::from_secs(40),
        says: Vec::new(),
    }
}

async fn call(scene: Scene, agent: LocalTts) -> Outcome {
    Call::make(scene, Speaker::new(agent), Listener::default(), &TOPICS).await.expect("the session works")
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_hears_itself_keeps_talking() {
    for (delay_ms, reports) in [(40, false), (120, true), (200, false), (200, true)] {
        let Some(agent) = engine("slt") else { return };
        let outcome = call(Scene { reports, ..scene(delay_ms, true) }, agent).await;
        assert_eq!(outcome.self_interruptions(), 0, "{delay_ms} ms: {outcome:?}");
        assert!(outcome.replies.len() >= 2, "it did talk: {outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_echo_cancellation_it_interrupts_itself() {
    let Some(agent) = engine("slt") else { return };
    let outcome = call(scene(120, false), agent).await;
    assert!(outcome.self_interruptions() >= 3, "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_user_who_speaks_up_over_the_echo_stops_it() {
    let (Some(agent), Some(user)) = (engine("slt"), engine("awb")) else { return };
    let words = say(&user, "what did i order").expect("the voice speaks");
    let scene = Scene { says: vec![words; 3], length: Duration::from_secs(120), ..scene(120, true) };
    let outcome = call(scene, agent).await;
    let stopped = outcome.replies.iter().filter_map(|reply| reply.stopped_after);
    // The canceller swallows some of the first syllables, and words take 400 ms of speech to be shown.
    let soon = stopped.filter(|after| *after < Duration::from_millis(1_500)).count();
    assert_eq!((soon, outcome.self_interruptions()), (3, 0), "{outcome:?}");
}
