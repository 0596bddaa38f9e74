//! What one client may take up: requests, connections, messages, time.

use crate::support::{Client, Frame, PATIENCE, TestServer};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn an_address_may_ask_so_often_and_others_are_not_touched() {
    let server = TestServer::start(&[("REQUESTS_PER_MINUTE", "3"), ("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let ask = |from: &str| server.get("/api/examples").header("x-forwarded-for", from).send();
    for _ in 0..3 {
        assert_eq!(ask("9.9.9.9").await.status, 200);
    }
    let refused = ask("9.9.9.9").await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_requests"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(ask("9.9.9.8").await.status, 200);
    assert_eq!(ask("6.6.6.6, 9.9.9.9").await.status, 429, "what a client forges stands further left");
    assert_eq!(ask("2001:db8:1:2::1").await.status, 200);
    for last in 2..4 {
        assert_eq!(ask(&format!("2001:db8:1:2:{last}::1")).await.status, 200);
    }
    assert_eq!(ask("2001:db8:1:2:ffff::1").await.status, 429, "a customer's addresses are one client");
    for path in ["/", "/healthz", "/readyz"] {
        assert_eq!(server.get(path).header("x-forwarded-for", "9.9.9.9").send().await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn without_a_trusted_proxy_nobody_says_who_it_is() {
    let server = TestServer::start(&[("REQUESTS_PER_MINUTE", "2")]).await;
    let statuses = futures::future::join_all(
        (0..3).map(|last| server.get("/api/examples").header("x-forwarded-for", &format!("9.9.9.{last}")).send()),
    )
    .await;
    assert_eq!(statuses.iter().filter(|answer| answer.status == 429).count(), 1);
}

#[tokio::test]
async fn an_address_may_open_so_many_sessions_a_minute() {
    let server = TestServer::start(&[("UPGRADES_PER_MINUTE", "2")]).await;
    let mut first = server.begin(json!({ "type": "start" })).await;
    server.begin(json!({ "type": "start" })).await;
    let refused = server.handshake().send().await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_requests"));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(first.ask("hello").await.trim(), "You said hello.");
    assert_eq!(server.get("/api/examples").send().await.status, 200, "requests are counted apart");
}

#[tokio::test]
async fn four_hundred_sessions_from_one_machine_are_within_the_usual_limits() {
    let server = TestServer::start(&[]).await;
    let clients = futures::future::join_all((0..400).map(|_| Client::try_connect(server.address, &[]))).await;
    assert_eq!(clients.iter().filter(|client| client.is_err()).count(), 0);
}

async fn connect_from(source: &str, server: &TestServer) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{source}:0").parse().unwrap()).unwrap();
    socket.connect(server.address).await.unwrap()
}

#[tokio::test]
async fn an_address_may_have_so_many_sessions_those_that_wait_for_their_client_included() {
    let server = TestServer::start(&[("CONNECTIONS_PER_ADDRESS", "2"), ("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let connect = async |from: &str, path: &str, start: serde_json::Value| {
        let mut client = Client::try_connect_to(server.address, path, &[("x-forwarded-for", from)]).await.ok()?;
        client.send(start).await;
        let first = client.next().await.json().clone();
        Some((client, first))
    };
    let start = json!({ "type": "start" });
    let mut readies = Vec::new();
    for _ in 0..2 {
        let (client, ready) = connect("9.9.9.9", "/ws", start.clone()).await.unwrap();
        readies.push(ready);
        client.vanish();
    }
    // Until the server knows that they are gone, there is no room for their connections either.
    let told = async {
        loop {
            if let Some((_, told)) = connect("9.9.9.9", "/ws", start.clone()).await {
                return told;
            }
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await.expect("it is their sessions in the end");
    assert_eq!(told, json!({ "type": "bye", "reason": "limit" }));
    let (_, other) = connect("9.9.9.8", "/ws", start.clone()).await.unwrap();
    assert_eq!(other["type"], "ready", "others are not touched");

    let resume = json!({ "type": "start", "resume": readies[0]["resume"] });
    let (mut again, resumed) = connect("9.9.9.9", "/ws", resume).await.unwrap();
    assert_eq!(resumed["session"], readies[0]["session"], "whoever comes back needs no place");
    again.send(json!({ "type": "end" })).await;
    again.closed().await;
    let free = async {
        while connect("9.9.9.9", "/ws", start.clone()).await.is_none_or(|(_, told)| told["type"] != "ready") {}
    };
    tokio::time::timeout(PATIENCE, free).await.expect("a session that ended counts no more");
}

/// Whether the server takes requests on this connection.
async fn is_served(stream: &mut TcpStream) -> bool {
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut answer = [0u8; 12];
    let answered = stream.write_all(request).await.is_ok() && stream.read_exact(&mut answer).await.is_ok();
    answered && answer.ends_with(b" 200")
}

#[tokio::test]
async fn a_client_that_takes_no_answer_loses_its_connection() {
    let server = TestServer::start(&[("STALLED_S", "1"), ("REQUEST_S", "1")]).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    // Asks again and again, so that no buffer holds all the answers, and reads none of them.
    let asking = async {
        loop {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
        }
    };
    let lost: std::io::Result<()> = tokio::time::timeout(2 * PATIENCE, asking).await.expect("it is given up");
    assert!(lost.is_err());
    assert_eq!(server.get("/healthz").send().await.status, 200);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn an_address_may_have_so_many_connections_at_once() {
    let server = TestServer::start(&[("CONNECTIONS_PER_ADDRESS", "2")]).await;
    let mut first = connect_from("127.0.0.2", &server).await;
    let mut second = connect_from("127.0.0.2", &server).await;
    assert!(is_served(&mut first).await && is_served(&mut second).await);
    for request in ["", "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"] {
        let mut third = connect_from("127.0.0.2", &server).await;
        third.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        third.read_to_string(&mut answer).await.expect("an answer, and then an end in order");
        assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
        assert!(answer.contains("\r\nretry-after: 10\r\n") && answer.contains(r#""too_many_connections""#), "{answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{answer}");
    }
    let mut other = connect_from("127.0.0.3", &server).await;
    assert!(is_served(&mut other).await);
    drop(first);
    let free = async { while !is_served(&mut connect_from("127.0.0.2", &server).await).await {} };
    tokio::time::timeout(PATIENCE, free).await.expect("a connection that ended counts no more");
}

#[tokio::test]
async fn behind_a_proxy_those_who_sent_it_are_counted() {
    let server = TestServer::start(&[("CONNECTIONS_PER_ADDRESS", "1"), ("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let address = server.address;
    let join = |from: &'static str| async move { Client::try_connect(address, &[("x-forwarded-for", from)]).await };
    let first = join("9.9.9.9").await.unwrap();
    assert_eq!(join("9.9.9.9").await.map(drop), Err(429));
    let _other = join("9.9.9.8").await.unwrap();
    first.vanish();
    let free = async { while join("9.9.9.9").await.is_err() {} };
    tokio::time::timeout(PATIENCE, free).await.expect("a connection that ended counts no more");
}

#[tokio::test]
async fn a_flood_of_tiny_messages_is_read_slowly_and_starves_nobody() {
    let server = TestServer::start(&[("MESSAGES_PER_SECOND", "50")]).await;
    let mut flood = server.begin(json!({ "type": "start" })).await;
    let mut other = server.begin(json!({ "type": "start" })).await;
    let begin = Instant::now();
    for _ in 0..300 {
        flood.push(Message::text(r#"{"type":"played","turn":9,"samples":1}"#)).await;
    }
    other.ask("hello").await;
    let answered = begin.elapsed();
    let error = flood.of_type("error").await;
    assert_eq!(error.json()["code"], "overrun");
    // Five seconds of messages pass at once, the sixth takes its time, and what follows is not lost.
    flood.ask("still there").await;
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(900), "{took:?}");
    assert!(answered < took, "{answered:?}");
    assert_eq!(flood.seen.iter().filter(|frame| frame.kind() == "error").count(), 1, "told once");
}

#[tokio::test]
async fn a_session_in_which_nothing_happens_ends() {
    let server = TestServer::start(&[("IDLE_S", "1")]).await;
    let mut idle = server.begin(json!({ "type": "start" })).await;
    let mut busy = server.begin(json!({ "type": "start" })).await;
    let begin = Instant::now();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        busy.ask("hello").await;
    }
    assert!(begin.elapsed() > Duration::from_millis(1_500));
    let frames = idle.until(|frame| matches!(frame, Frame::Close(_))).await;
    assert_eq!(frames[frames.len() - 2].json(), &json!({ "type": "bye", "reason": "idle" }));
    assert_eq!(frames.last(), Some(&Frame::Close(1000)));
    assert_eq!(busy.of_type("bye").await.json()["reason"], "idle");
}

#[tokio::test]
async fn a_session_may_last_for_so_long_whatever_happens_in_it() {
    let server = TestServer::start(&[("MAX_SESSION_S", "1")]).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    client.send(json!({ "type": "text", "text": "word ".repeat(500) })).await;
    assert_eq!(client.of_type("bye").await.json()["reason"], "limit");
    assert_eq!(client.closed().await, Some(1000));
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_lost_and_its_session_waits() {
    let server = TestServer::start(&[("PING_S", "1"), ("SILENCE_S", "3")]).await;
    let mut deaf = server.connect().await;
    deaf.send(json!({ "type": "start" })).await;
    let ready = deaf.ready().await;
    // A client that does not read answers no ping either; one that does is asked and stays.
    let mut well = server.begin(json!({ "type": "start" })).await;
    let stays = tokio::time::timeout(Duration::from_secs(5), well.receive()).await;
    assert!(stays.is_err(), "{stays:?}");
    assert_eq!(deaf.until(|frame| *frame == Frame::End || matches!(frame, Frame::Close(_))).await.len(), 1);
    let mut again = server.connect().await;
    again.send(json!({ "type": "start", "resume": ready["resume"] })).await;
    assert_eq!(again.ready().await["session"], ready["session"]);
}

#[tokio::test]
async fn a_head_or_body_that_never_ends_is_given_up() {
    let server = TestServer::start(&[("REQUEST_S", "1")]).await;
    let mut client = server.connect().await;
    client.send(json!({ "type": "start" })).await;
    let path = format!("/api/sessions/{}/context", client.ready().await["session"].as_str().unwrap());
    let head = "GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ".to_owned();
    let body = format!("PUT {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{{");
    let chunks = format!("PUT {path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{{\r\n");
    for (request, status) in [(head, None), (body, Some("408")), (chunks, Some("408"))] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // A byte now and then buys no time.
        let (mut reading, mut writing) = stream.split();
        let drip = async {
            loop {
                tokio::time::sleep(Duration::from_millis(200)).await;
                let _ = writing.write_all(b"1").await;
            }
        };
        let mut answer = Vec::new();
        let ended = async {
            let read = tokio::time::timeout(PATIENCE, reading.read_to_end(&mut answer)).await;
            read.expect("the server ends the connection")
        };
        tokio::select! {
            _ = ended => {}
            () = drip => {}
        }
        let answer = String::from_utf8(answer).unwrap();
        assert_eq!(answer.split(' ').nth(1), status, "{request:?}: {answer}");
    }
}
