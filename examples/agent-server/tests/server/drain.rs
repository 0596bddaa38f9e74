//! Shutting down.

use crate::support::{Frame, TestServer};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn open_sessions_get_a_goodbye_and_the_server_returns() {
    let mut server = TestServer::start(&[]).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(server.begin(json!({ "type": "start" })).await);
    }
    let begin = Instant::now();
    server.shut_down();
    for client in &mut clients {
        let frames = client.until(|frame| matches!(frame, Frame::Close(_))).await;
        assert_eq!(frames.last(), Some(&Frame::Close(1001)));
        assert_eq!(frames[frames.len() - 2].json(), &json!({ "type": "bye", "reason": "drain" }));
    }
    server.ended().await;
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

/// The end of the reply that is under way when the server is told to end, which would take so many words.
async fn reply_end(settings: &[(&str, &str)], words: usize) -> serde_json::Value {
    let mut server = TestServer::start(settings).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    client.send(json!({ "type": "text", "text": "word ".repeat(words) })).await;
    client.of_type("audio").await;
    server.shut_down();
    let frames = client.until(|frame| frame.kind() == "bye").await;
    assert_eq!(frames.last().unwrap().json()["reason"], "drain");
    server.ended().await;
    frames.iter().find(|frame| frame.kind() == "reply_end").expect("the reply ends").json().clone()
}

#[tokio::test]
async fn a_reply_under_way_may_end_though_no_other_server_takes_the_session() {
    let end = reply_end(&[], 20).await;
    assert_eq!(end["interrupted"], false, "{end}");
}

#[tokio::test]
async fn a_reply_under_way_does_not_hold_the_shutdown_up_for_longer_than_it_may() {
    for patience in ["0", "300"] {
        let end = reply_end(&[("DRAIN_MS", patience)], 500).await;
        assert_eq!(end["interrupted"], true, "{end}");
    }
}

#[tokio::test]
async fn while_draining_nothing_new_is_taken() {
    // A client that stops reading keeps the server draining for a while.
    let mut server = TestServer::start(&[]).await;
    let stuck = server.begin(json!({ "type": "start" })).await;
    let mut waiting = server.connect().await;
    server.shut_down();
    waiting.send(json!({ "type": "start" })).await;
    let frames = waiting.until(|frame| matches!(frame, Frame::Close(_))).await;
    if frames[0].kind() != "ready" {
        assert_eq!(frames[0].json()["code"], "draining");
        assert_eq!(frames[0].json()["fatal"], true);
    }
    assert_eq!(frames[frames.len() - 2].json(), &json!({ "type": "bye", "reason": "drain" }));
    assert_eq!(frames.last(), Some(&Frame::Close(1001)));
    let answer = server.get("/readyz").send().await;
    assert_eq!((answer.status, answer.json()["status"].clone()), (503, "draining".into()));
    drop(stuck);
    server.ended().await;
}

#[tokio::test]
async fn a_server_without_sessions_returns_at_once() {
    let mut server = TestServer::start(&[]).await;
    let begin = Instant::now();
    server.shut_down();
    server.ended().await;
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}
