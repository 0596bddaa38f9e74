//! The rules of `/ws` that hold whatever is said.

use crate::support::{Client, Frame, TestServer, fakes, settings};
use agent_server::MissingEngine;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;
use voice_core::Stage;
use voice_core::builtin::SileroModel;

#[tokio::test]
async fn ready_answers_the_first_frame_whatever_it_is() {
    let server = TestServer::start(&[]).await;
    let firsts = [
        Message::text(r#"{"type":"start"}"#),
        Message::text(r#"{"type":"start","input_rate":8000,"output_rate":48000}"#),
        Message::text(r#"{"type":"interrupt"}"#),
        Message::text(r#"{"type":"text","text":"hello"}"#),
        Message::text("nonsense"),
        Message::binary(vec![0; 640]),
        Message::binary(vec![0; 3]),
        Message::text(r#"{"type":"end"}"#),
    ];
    for first in firsts {
        let mut client = server.connect().await;
        client.push(first.clone()).await;
        let ready = client.ready().await;
        let rates =
            if first.to_text().is_ok_and(|text| text.contains("8000")) { (8000, 48000) } else { (16000, 16000) };
        assert_eq!((ready["input_rate"].clone(), ready["output_rate"].clone()), (rates.0.into(), rates.1.into()));
        assert_eq!(ready["providers"], json!({ "stt": "fake", "llm": "fake", "tts": "fake" }));
        assert_eq!(ready["session"].as_str().unwrap().len(), 32);
        assert_ne!(ready["resume"], ready["session"]);
    }
}

#[tokio::test]
async fn ready_comes_unasked_after_a_quarter_of_a_second() {
    let server = TestServer::start(&[]).await;
    let begin = Instant::now();
    let mut client = server.connect().await;
    client.ready().await;
    let waited = begin.elapsed();
    assert!(waited >= Duration::from_millis(240), "{waited:?}");
    client.send(json!({ "type": "start" })).await;
    assert_eq!(client.error().await, "late_start");
}

#[tokio::test]
async fn frames_without_sense_get_an_error_and_the_session_lives_on() {
    let server = TestServer::start(&[]).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    let frames = [
        (Message::text("{"), "bad_json"),
        (Message::text("[1]"), "bad_json"),
        (Message::text(r#"{"type":"sing"}"#), "unknown_type"),
        (Message::text(r#"{"type":"start"}"#), "late_start"),
        (Message::text(r#"{"type":"text"}"#), "bad_value"),
        (Message::text(r#"{"type":"text","text":"  "}"#), "bad_value"),
        (Message::text(r#"{"type":"played","turn":-1,"samples":0}"#), "bad_value"),
        (Message::text(r#"{"type":"played","turn":1,"samples":"many"}"#), "bad_value"),
        (Message::binary(vec![0; 641]), "odd_length"),
    ];
    for (message, code) in frames {
        client.push(message.clone()).await;
        let error = client.of_type("error").await;
        assert_eq!(error.json()["code"], code, "{message:?}");
        assert_eq!(error.json()["fatal"], false, "{message:?}");
    }
    assert_eq!(client.ask("still there").await.trim(), "You said still there.");
}

#[tokio::test]
async fn a_start_with_a_wrong_value_still_gives_a_session() {
    let server = TestServer::start(&[]).await;
    let mut client = server.begin(json!({ "type": "start", "input_rate": 12345 })).await;
    let error = client.of_type("error").await;
    assert_eq!(error.json()["code"], "bad_value");
    assert!(error.json()["message"].as_str().unwrap().contains("input_rate"));
    client.ask("hello").await;
}

#[tokio::test]
async fn messages_that_are_too_big_close_the_connection() {
    let server = TestServer::start(&[]).await;
    let text = |length: usize| Message::text(format!("{{\"type\":\"text\",\"text\":\"{}\"}}", "x".repeat(length - 25)));
    for begun in [false, true] {
        for too_big in [Message::binary(vec![0; (1 << 20) + 2]), text((64 << 10) + 1)] {
            let mut client = server.connect().await;
            if begun {
                client.send(json!({ "type": "start" })).await;
                client.ready().await;
            }
            client.push(too_big).await;
            assert_eq!(client.closed().await, Some(1009));
        }
    }
    let mut client = server.begin(json!({ "type": "start" })).await;
    client.push(Message::binary(vec![0; 64 << 10])).await;
    client.push(text(64 << 10)).await;
    client.of_type("reply").await;
}

#[tokio::test]
async fn a_typed_turn_is_answered_in_text_and_sound_and_in_order() {
    let server = TestServer::start(&[]).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    client.send(json!({ "type": "text", "text": "hello" })).await;
    let frames = client.until(|frame| frame.kind() == "reply_end").await;
    let first = |kind: &str| {
        frames.iter().position(|frame| frame.kind() == kind).unwrap_or_else(|| panic!("{kind}: {frames:?}"))
    };
    assert!(first("transcript") < first("reply"));
    assert!(first("reply") < first("audio"));
    assert!(first("metrics") < first("reply_end"));
    let end = frames[first("reply_end")].json();
    assert_eq!((end["interrupted"].clone(), end["heard"].clone()), (false.into(), "You said hello.".into()));
    let bytes: usize = frames.iter().map(|frame| if let Frame::Audio(pcm) = frame { pcm.len() } else { 0 }).sum();
    // 15 characters of 10 ms at 16 kHz.
    assert_eq!(bytes, 15 * 160 * 2);
}

#[tokio::test]
async fn the_end_of_a_session_is_said_and_then_the_connection_closes() {
    let server = TestServer::start(&[]).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    client.send(json!({ "type": "end" })).await;
    let frames = client.until(|frame| *frame == Frame::Close(1000)).await;
    assert_eq!(frames[frames.len() - 2].json(), &json!({ "type": "bye", "reason": "end" }));
    assert_eq!(client.next().await, Frame::End);
    assert_eq!(server.get("/api/sessions").send().await.json(), json!([]));
}

#[tokio::test]
async fn missing_engines_are_told_and_text_still_works() {
    let mut providers = fakes();
    (providers.stt, providers.tts) = (None, None);
    let missing = |stage, package: &str| MissingEngine { stage, message: format!("install {package}") };
    providers.missing = vec![missing(Stage::Stt, "libpocketsphinx3"), missing(Stage::Tts, "libflite1")];
    let server = TestServer::with(&settings(&[]), providers).await;
    let mut client = server.connect().await;
    client.send(json!({ "type": "start" })).await;
    let ready = client.ready().await;
    assert_eq!(ready["providers"], json!({ "stt": "none", "llm": "fake", "tts": "none" }));
    for (stage, package) in [("stt", "libpocketsphinx3"), ("tts", "libflite1")] {
        let error = client.of_type("error").await.json().clone();
        assert_eq!((error["code"].clone(), error["stage"].clone()), ("engine_missing".into(), stage.into()));
        assert!(error["message"].as_str().unwrap().contains(package));
        assert_eq!(error["fatal"], false);
    }
    assert_eq!(client.ask("hello").await.trim(), "You said hello.");
}

#[tokio::test]
async fn a_wish_for_echo_cancellation_is_fulfilled() {
    let mut providers = fakes();
    providers.echo_cancellation = true;
    providers.vad = Some(SileroModel::embedded().unwrap());
    let server = TestServer::with(&settings(&[]), providers).await;
    let mut client = server.begin(json!({ "type": "start", "echo_cancellation": true })).await;
    client.push(Message::binary(vec![0; 640])).await;
    client.ask("hello").await;
    assert!(client.seen.iter().all(|frame| frame.kind() != "error"), "{:?}", client.seen);
}

#[tokio::test]
async fn a_server_without_echo_cancellation_says_so_and_goes_on() {
    let mut providers = fakes();
    providers.echo_cancellation = false;
    let server = TestServer::with(&settings(&[]), providers).await;
    let mut client = server.begin(json!({ "type": "start", "echo_cancellation": true })).await;
    let error = client.of_type("error").await.json().clone();
    assert_eq!((error["code"].clone(), error["stage"].clone()), ("engine_missing".into(), "echo".into()));
    assert!(error["message"].as_str().unwrap().contains("echo_cancellation"));
    client.ask("hello").await;
}

#[tokio::test]
async fn audio_ahead_of_real_time_is_taken_slowly_and_said_to_be() {
    let server = TestServer::start(&[]).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    let begin = Instant::now();
    // 3 s of silence at once.
    client.push(Message::binary(vec![0; 96_000])).await;
    client.send(json!({ "type": "text", "text": "after it" })).await;
    assert_eq!(client.error().await, "overrun");
    client.push(Message::binary(vec![0; 64])).await;
    client.send(json!({ "type": "text", "text": "later" })).await;
    client.until(|frame| is_user(frame, "later")).await;
    assert!(begin.elapsed() < Duration::from_secs(8));
}

fn is_user(frame: &Frame, text: &str) -> bool {
    matches!(frame, Frame::Json(frame) if frame["type"] == "transcript" && frame["text"] == text)
}

#[tokio::test]
async fn sessions_know_nothing_of_each_other() {
    let server = TestServer::start(&[]).await;
    let mut clients: Vec<(Client, String)> = Vec::new();
    for number in 0..20 {
        clients.push((server.begin(json!({ "type": "start" })).await, format!("number {number}")));
    }
    for (client, words) in &mut clients {
        client.send(json!({ "type": "text", "text": words })).await;
    }
    let mut ids = std::collections::BTreeSet::new();
    for (client, words) in &mut clients {
        client.of_type("reply_end").await;
        let replies: Vec<&Value> =
            client.seen.iter().filter(|frame| frame.kind() == "reply").map(Frame::json).collect();
        assert!(replies.iter().any(|reply| reply["text"].as_str().unwrap().contains(words.as_str())), "{replies:?}");
        ids.insert(client.seen[0].json()["session"].to_string());
    }
    assert_eq!(ids.len(), clients.len());
}
