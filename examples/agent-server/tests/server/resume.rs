//! Coming back to a session.

use crate::support::{Client, Frame, TestServer, fakes, settings};
use agent_server::Providers;
use serde_json::{Value, json};
use voice_core::audio::{Wav, pcm};
use voice_core::builtin::SileroModel;

async fn begin(server: &TestServer, start: Value) -> (Client, Value) {
    let mut client = server.connect().await;
    client.send(start).await;
    let ready = client.ready().await;
    (client, ready)
}

#[tokio::test]
async fn a_lost_connection_can_be_continued() {
    let server = TestServer::start(&[]).await;
    let (mut client, ready) = begin(&server, json!({ "type": "start" })).await;
    client.ask("hello").await;
    client.vanish();
    let start = json!({ "type": "start", "resume": ready["resume"], "output_rate": 8000 });
    let (mut again, resumed) = begin(&server, start).await;
    assert_eq!(resumed["session"], ready["session"]);
    assert_eq!(resumed["resume"], ready["resume"]);
    assert_eq!(resumed["output_rate"], 8000);
    again.send(json!({ "type": "text", "text": "and again" })).await;
    let end = again.of_type("reply_end").await;
    assert_eq!(end.json()["turn"], 2);
}

#[tokio::test]
async fn a_second_connection_takes_the_session_over() {
    let server = TestServer::start(&[]).await;
    let (mut first, ready) = begin(&server, json!({ "type": "start" })).await;
    let (mut second, resumed) = begin(&server, json!({ "type": "start", "resume": ready["resume"] })).await;
    assert_eq!(resumed["session"], ready["session"]);
    assert_eq!(first.closed().await, Some(1000));
    assert!(first.seen.iter().all(|frame| frame.kind() != "bye"), "{:?}", first.seen);
    second.ask("hello").await;
    assert_eq!(server.get("/api/sessions").send().await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn taking_over_in_the_middle_of_a_reply_leaves_no_sound_of_it() {
    let server = TestServer::start(&[]).await;
    let (mut first, ready) = begin(&server, json!({ "type": "start" })).await;
    let long = "word ".repeat(200);
    first.send(json!({ "type": "text", "text": long })).await;
    first.of_type("audio").await;
    let (mut second, _) = begin(&server, json!({ "type": "start", "resume": ready["resume"] })).await;
    second.send(json!({ "type": "text", "text": "short" })).await;
    let frames = second.until(|frame| frame.kind() == "reply_end").await;
    // The fake voice writes the number of the turn into every sample.
    let old = frames.iter().filter(|frame| matches!(frame, Frame::Audio(pcm) if pcm[0] == 1)).count();
    assert_eq!(old, 0, "{frames:?}");
    assert_eq!(frames.last().unwrap().json()["turn"], 2);
}

#[tokio::test]
async fn what_was_said_before_the_connection_broke_is_answered_after_it() {
    let providers = Providers { vad: Some(SileroModel::embedded().unwrap()), ..fakes() };
    let server = TestServer::with(&settings(&[]), providers).await;
    let (mut client, ready) = begin(&server, json!({ "type": "start" })).await;
    let speech = include_bytes!("../../../../voice-core/tests/fixtures/silero_speech.wav");
    let speech = pcm::to_bytes(&Wav::parse(speech).unwrap().samples[..40_000]);
    for piece in speech.chunks(6_400) {
        client.send_audio(piece.to_vec()).await;
    }
    let started = client.of_type("speech").await;
    assert_eq!(started.json()["started"], true);
    client.vanish();
    let (mut again, _) = begin(&server, json!({ "type": "start", "resume": ready["resume"] })).await;
    let told = again.until(|frame| frame.kind() == "reply_end").await;
    let finals: Vec<_> = told.iter().filter(|frame| frame.kind() == "transcript").map(Frame::json).collect();
    assert_eq!(finals, [&json!({ "type": "transcript", "turn": 1, "text": "hello", "final": true })]);
    assert_eq!(told.last().unwrap().json()["heard"], "You said hello.");
}

#[tokio::test]
async fn an_unknown_token_gives_a_new_session_and_says_so() {
    let server = TestServer::start(&[]).await;
    let (mut client, _) = begin(&server, json!({ "type": "start", "resume": "0123456789abcdef" })).await;
    let error = client.of_type("error").await;
    assert_eq!(error.json()["code"], "bad_value");
    assert!(error.json()["message"].as_str().unwrap().contains("resume"));
    client.ask("hello").await;
}

#[tokio::test]
async fn a_session_that_was_ended_cannot_be_continued() {
    let server = TestServer::start(&[]).await;
    let (mut client, ready) = begin(&server, json!({ "type": "start" })).await;
    client.send(json!({ "type": "end" })).await;
    client.closed().await;
    let (_, fresh) = begin(&server, json!({ "type": "start", "resume": ready["resume"] })).await;
    assert_ne!(fresh["session"], ready["session"]);
}

#[tokio::test]
async fn coming_back_needs_no_place_on_a_full_server() {
    let server = TestServer::start(&[("MAX_SESSIONS", "1")]).await;
    let (client, ready) = begin(&server, json!({ "type": "start" })).await;
    client.vanish();
    let (_, resumed) = begin(&server, json!({ "type": "start", "resume": ready["resume"] })).await;
    assert_eq!(resumed["session"], ready["session"]);
}
