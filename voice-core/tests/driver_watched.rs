//! What whoever watches an agent's sessions can know of them besides their events.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, missing_docs)]

use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use voice_core::agent::{Agent, AgentBuilder, Control, Output, Session, SessionOptions};
use voice_core::builtin::EnergyVad;
use voice_core::conversation::Event;
use voice_core::testing::{FakeLlm, FakeStt, FakeTts};

const MS: Duration = Duration::from_millis(1);
/// 20 ms at 16 kHz.
const FRAME: usize = 640;

fn listening() -> AgentBuilder {
    Agent::builder().stt(Arc::new(FakeStt::new(MS, ["hello"]))).vad(|| Ok(Box::new(EnergyVad::new())))
}

fn open(agent: &Agent) -> Session {
    agent.open(SessionOptions::default()).expect("a session opens")
}

/// Takes what the client gets up to the end of a reply.
async fn hear(session: &Session) {
    let reply_end = async {
        while let Some(output) = session.next_output().await {
            if matches!(output, Output::Event(Event::ReplyEnd { .. })) {
                return;
            }
        }
    };
    tokio::time::timeout(60_000 * MS, reply_end).await.expect("the reply ends");
}

#[tokio::test(start_paused = true)]
async fn a_gap_in_a_reply_is_counted() {
    // Each sentence is begun only when the one before it was written long ago: "One." sounds for 400 ms.
    let llm = FakeLlm::new(Duration::ZERO, 2_000 * MS, "One. Two. Three.");
    let tts = FakeTts::new(10 * MS, 16_000, 100 * MS);
    let agent = Agent::builder().llm(Arc::new(llm)).tts(Arc::new(tts)).build();
    let session = open(&agent);
    session.control(Control::Text("count".into())).expect("the session is open");
    hear(&session).await;
    assert_eq!(agent.counts().late_pieces, 2);
}

#[tokio::test(start_paused = true)]
async fn a_reply_without_gaps_counts_nothing() {
    let llm = FakeLlm::new(Duration::ZERO, MS, "One. Two. Three.");
    let tts = FakeTts::new(10 * MS, 16_000, 100 * MS);
    let agent = Agent::builder().llm(Arc::new(llm)).tts(Arc::new(tts)).build();
    let session = open(&agent);
    session.control(Control::Text("count".into())).expect("the session is open");
    hear(&session).await;
    assert_eq!(agent.counts(), voice_core::agent::AgentCounts::default());
}

#[tokio::test(start_paused = true)]
async fn a_microphone_ahead_of_time_and_one_that_stalls_are_counted() {
    let agent = listening().build();
    let session = open(&agent);
    let silence = Bytes::from(vec![0; FRAME]);
    for _ in 0..150 {
        session.send_audio(silence.clone()).await.expect("the session is open");
    }
    assert_eq!((agent.counts().overruns, agent.counts().stalls), (1, 0));
    let other = open(&agent);
    let buzz: Vec<u8> =
        (0..FRAME / 2).flat_map(|n| (if n % 40 < 20 { 8_000i16 } else { -8_000 }).to_le_bytes()).collect();
    for _ in 0..30 {
        other.send_audio(buzz.clone().into()).await.expect("the session is open");
        tokio::time::sleep(20 * MS).await;
    }
    tokio::time::sleep(2_000 * MS).await;
    assert_eq!(agent.counts().overruns, 1);
    assert!(agent.counts().stalls >= 2, "{:?}", agent.counts());
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_told() {
    let agent = listening().build();
    let session = open(&agent);
    for _ in 0..3 {
        session.send_audio(Bytes::from(vec![0; FRAME])).await.expect("the session is open");
        session.control(Control::Interrupt).expect("the session is open");
    }
    // The session's task has not run yet.
    let queues = session.queues();
    assert_eq!((queues.microphone, queues.controls), (3, 3));
    tokio::time::sleep(MS).await;
    let queues = session.queues();
    assert_eq!((queues.microphone, queues.controls, queues.audio_bytes), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_shows_in_the_queues() {
    let llm = FakeLlm::new(Duration::ZERO, MS, "One. Two. Three.");
    let tts = FakeTts::new(MS, 16_000, 100 * MS);
    let agent = Agent::builder().llm(Arc::new(llm)).tts(Arc::new(tts)).build();
    let session = open(&agent);
    session.control(Control::Text("count".into())).expect("the session is open");
    tokio::time::sleep(500 * MS).await;
    let queues = session.queues();
    assert!(queues.events > 0 && queues.audio_bytes > 0, "{queues:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_next_prompt_holds_is_known() {
    let agent = Agent::builder().build();
    let options = SessionOptions { instructions: Some("be brief".into()), ..SessionOptions::default() };
    let session = agent.open(options).expect("a session opens");
    let known = |session: &Session| (session.status().instructions, session.status().context);
    assert_eq!(known(&session), (Some("be brief".into()), None));
    let change = Control::SetContext { instructions: None, context: Some(Some("it rains".into())) };
    session.control(change).expect("the session is open");
    tokio::time::sleep(MS).await;
    assert_eq!(known(&session), (Some("be brief".into()), Some("it rains".into())));
    let change = Control::SetContext { instructions: Some(None), context: Some(Some(String::new())) };
    session.control(change).expect("the session is open");
    tokio::time::sleep(MS).await;
    assert_eq!(known(&session), (None, None));
}
