//! Clients that take less than they are given.

use crate::support::{Client, Frame, PATIENCE, TestServer};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_client_that_stops_reading_loses_its_connection_and_not_its_session() {
    let server = TestServer::start(&[("STALLED_S", "2")]).await;
    let mut client = Client::connect_narrow(server.address, 4_096).await;
    client.send(json!({ "type": "start", "output_rate": 48000 })).await;
    let ready = client.ready().await;
    client.send(json!({ "type": "text", "text": "word ".repeat(3_000) })).await;
    client.of_type("audio").await;
    // From here on the client reads nothing. The answer would take minutes, so an agent that listens has given up.
    let path = format!("/api/sessions/{}", ready["session"].as_str().unwrap());
    let given_up = async {
        while server.get(&path).send().await.json()["state"] != "listening" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(3 * PATIENCE, given_up).await.expect("the server gives up");
    // Others are served meanwhile and after.
    server.begin(json!({ "type": "start" })).await.ask("hello").await;
    let rest = client.until(|frame| *frame == Frame::End).await;
    assert!(rest.iter().all(|frame| frame.kind() != "bye"), "the session is not over");
    let mut again = server.connect().await;
    again.send(json!({ "type": "start", "resume": ready["resume"] })).await;
    assert_eq!(again.ready().await["session"], ready["session"]);
    assert_eq!(again.ask("hello").await.trim(), "You said hello.");
}

#[tokio::test]
async fn what_was_sent_ahead_of_the_listener_is_bounded() {
    let server = TestServer::start(&[]).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    // Reports that nothing was played yet, so the server has to wait after 600 ms of audio.
    client.send(json!({ "type": "text", "text": "word ".repeat(300) })).await;
    client.of_type("audio").await;
    client.send(json!({ "type": "played", "turn": 1, "samples": 0 })).await;
    let mut bytes = client.seen.iter().map(size).sum::<usize>();
    while let Ok(frame) = tokio::time::timeout(Duration::from_secs(1), client.next()).await {
        bytes += size(&frame);
    }
    let ahead_ms = bytes / 32;
    assert!((400..=700).contains(&ahead_ms), "{ahead_ms} ms");
    client.send(json!({ "type": "played", "turn": 1, "samples": 16_000 })).await;
    client.of_type("audio").await;
}

fn size(frame: &Frame) -> usize {
    if let Frame::Audio(pcm) = frame { pcm.len() } else { 0 }
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_closed() {
    let server = TestServer::start(&[("REQUEST_S", "1")]).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await.unwrap();
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    for stream in [&mut silent, &mut slow, &mut idle] {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(2 * PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "still open after {:?}", String::from_utf8_lossy(&rest));
    }
}
