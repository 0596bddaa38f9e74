//! Requests that make no sense: each is answered as documented, and the server lives on.

use crate::support::{Client, PATIENCE, TestServer};
use serde_json::json;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// All that `docs/security.md` lists, and what goes well.
const DOCUMENTED: [u16; 20] =
    [101, 200, 201, 204, 303, 304, 400, 401, 403, 404, 405, 408, 411, 413, 414, 426, 429, 431, 501, 503];

/// Numbers that are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.roll() as u8).collect()
    }
}

const PATHS: [&str; 18] = [
    "/",
    "/ws",
    "/ws?resume=1",
    "/healthz",
    "/readyz",
    "/metrics",
    "/login",
    "/logout",
    "/dashboard",
    "/api/sessions",
    "/api/sessions/x",
    "/api/sessions/x/context",
    "/api/tokens",
    "/api/examples",
    "/v1/realtime",
    "/webrtc",
    "*",
    "//",
];
const METHODS: [&str; 9] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "B\u{0}R"];
const NAMES: [&str; 14] = [
    "host",
    "origin",
    "authorization",
    "cookie",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "sec-websocket-version",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "x-forwarded-for",
    "expect",
    "if-none-match",
];
const VALUES: [&str; 16] = [
    "",
    "localhost",
    "null",
    "Bearer x",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "voice_agent_operator=x",
    "5",
    "-1",
    "99999999999999999999",
    "chunked",
    "upgrade, keep-alive",
    "websocket",
    "13",
    "dGhlIHNhbXBsZSBub25jZQ==",
    "voice-agent, token.a.b.c",
    "9.9.9.9, ::1, x",
];

fn request(dice: &mut Dice) -> Vec<u8> {
    let mut bytes =
        format!("{} {} HTTP/1.{}\r\n", dice.one_of(&METHODS), dice.one_of(&PATHS), dice.below(3)).into_bytes();
    if dice.below(8) > 0 {
        bytes.extend(b"host: localhost\r\n");
    }
    for _ in 0..dice.below(8) {
        bytes.extend(dice.one_of(&NAMES).as_bytes());
        bytes.extend(b": ");
        match dice.below(4) {
            0 => bytes.extend(dice.bytes(40)),
            _ => bytes.extend(dice.one_of(&VALUES).as_bytes()),
        }
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"connection: close\r\n\r\n");
    bytes.extend(dice.bytes(200));
    // Some of them with bytes changed anywhere, or cut off.
    for _ in 0..dice.below(3) {
        let place = dice.below(bytes.len());
        bytes[place] = dice.roll() as u8;
    }
    if dice.below(6) == 0 {
        bytes.truncate(dice.below(bytes.len()));
    }
    bytes
}

/// The status of the first answer; `None` when the connection was closed without one.
async fn answer(address: SocketAddr, request: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(request).await;
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "still open after {:?}", String::from_utf8_lossy(request));
    let text = String::from_utf8_lossy(&bytes);
    text.starts_with("HTTP/1.").then(|| text[9..12].parse().unwrap_or_else(|_| panic!("{text}")))
}

#[tokio::test]
async fn no_head_and_no_body_brings_the_server_down() {
    let settings = [
        ("REQUEST_S", "1"),
        ("SILENCE_S", "3"),
        ("ADMIN_TOKEN", "s3cret"),
        ("TOKEN_SECRET", "a-secret-of-thirty-two-bytes-or-more"),
        ("REQUESTS_PER_MINUTE", "0"),
    ];
    let server = TestServer::start(&settings).await;
    let mut dice = Dice(6);
    for _ in 0..12 {
        let requests: Vec<_> = (0..50).map(|_| request(&mut dice)).collect();
        let answers = futures::future::join_all(requests.iter().map(|request| answer(server.address, request))).await;
        for (request, status) in requests.iter().zip(answers) {
            let documented = status.is_none_or(|status| DOCUMENTED.contains(&status));
            assert!(documented, "{status:?} to {:?}", String::from_utf8_lossy(request));
        }
    }
    server.begin(json!({ "type": "start" })).await.ask("hello").await;
}

#[tokio::test]
async fn no_json_brings_the_server_down() {
    let server =
        TestServer::start(&[("TOKEN_SECRET", "a-secret-of-thirty-two-bytes-or-more"), ("REQUESTS_PER_MINUTE", "0")])
            .await;
    let mut client = server.connect().await;
    client.send(json!({ "type": "start" })).await;
    let context = format!("/api/sessions/{}/context", client.ready().await["session"].as_str().unwrap());
    let mut dice = Dice(66);
    for _ in 0..300 {
        let body = json(&mut dice, 4);
        for (method, path) in [("PUT", context.as_str()), ("POST", "/api/tokens")] {
            let answer = server.request(method, path).body(body.clone()).send().await;
            assert!(
                [201, 204, 400].contains(&answer.status),
                "{} to {:?}",
                answer.status,
                String::from_utf8_lossy(&body)
            );
        }
        // Whatever happens to end a session is no part of the game.
        let said = String::from_utf8_lossy(&body).replace("end", "und");
        client.push(Message::text(said)).await;
    }
    let deep = "[".repeat(30_000);
    assert_eq!(server.request("PUT", &context).body(deep.clone()).send().await.status, 400);
    client.push(Message::text(deep)).await;
    client.ask("hello").await;
}

/// Something like JSON, with the names that mean something here.
fn json(dice: &mut Dice, depth: usize) -> Vec<u8> {
    const WORDS: [&str; 14] = [
        "type",
        "start",
        "text",
        "played",
        "turn",
        "samples",
        "context",
        "instructions",
        "user",
        "ttl_s",
        "max_sessions",
        "origin",
        "interrupt",
        "resume",
    ];
    let leaf = |dice: &mut Dice| match dice.below(8) {
        0 => b"null".to_vec(),
        1 => b"true".to_vec(),
        2 => b"-1e999".to_vec(),
        3 => dice.roll().to_string().into_bytes(),
        4 => dice.bytes(12),
        5 => b"\"\\ud800\"".to_vec(),
        _ => format!("\"{}\"", dice.one_of(&WORDS)).into_bytes(),
    };
    if depth == 0 {
        return leaf(dice);
    }
    match dice.below(4) {
        0 => leaf(dice),
        1 => {
            let items: Vec<_> = (0..dice.below(4)).map(|_| json(dice, depth - 1)).collect();
            [b"[".to_vec(), items.join(&b","[..]), b"]".to_vec()].concat()
        }
        _ => {
            let pairs: Vec<_> = (0..dice.below(5))
                .map(|_| [format!("\"{}\":", dice.one_of(&WORDS)).into_bytes(), json(dice, depth - 1)].concat())
                .collect();
            [b"{".to_vec(), pairs.join(&b","[..]), b"}".to_vec()].concat()
        }
    }
}

#[tokio::test]
async fn what_is_too_big_is_refused_unread() {
    let server = TestServer::start(&[("REQUEST_S", "2")]).await;
    let long = "x".repeat(20_000);
    let header = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {long}\r\n\r\n");
    assert_eq!(answer(server.address, header.as_bytes()).await, Some(431));
    let many = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "a: b\r\n".repeat(500));
    assert_eq!(answer(server.address, many.as_bytes()).await, Some(431));
    let path = format!("GET /{long}{long}{long}{long} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert!([414, 431].contains(&answer(server.address, path.as_bytes()).await.unwrap()));
    let declared = "POST /login HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999\r\n\r\nx";
    let refused = answer(server.address, declared.as_bytes()).await;
    assert_eq!(refused, Some(413), "by what it says of itself");
    let chunk = format!("1000\r\n{}\r\n", "y".repeat(0x1000));
    let endless = "POST /login HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    let endless = endless.to_owned() + &chunk.repeat(20);
    assert_eq!(answer(server.address, endless.as_bytes()).await, Some(413));
    for both in ["content-length: 1\r\ncontent-length: 2\r\n", "content-length: x\r\n"] {
        let request = format!("POST /login HTTP/1.1\r\nhost: localhost\r\n{both}\r\nx");
        assert_eq!(answer(server.address, request.as_bytes()).await, Some(400), "{both}");
    }
}

#[tokio::test]
async fn a_message_that_is_too_big_costs_the_connection_and_not_the_session() {
    let server = TestServer::start(&[]).await;
    let mut client = server.connect().await;
    client.send(json!({ "type": "start" })).await;
    let ready = client.ready().await;
    client.push(Message::text("x".repeat(70_000))).await;
    assert_eq!(client.closed().await, Some(1009));
    let mut again = Client::connect(server.address).await;
    again.send(json!({ "type": "start", "resume": ready["resume"] })).await;
    assert_eq!(again.ready().await["session"], ready["session"]);
    again.ask("hello").await;
}
