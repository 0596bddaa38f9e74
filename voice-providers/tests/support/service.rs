//! A service on this machine that speaks WebSocket, or refuses to, as a test tells it.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::large_enum_variant,
    clippy::result_large_err
)]

use futures::{SinkExt, StreamExt};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use voice_providers::Endpoint;

/// What the service saw, in order; with each the number of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Request {
        address: String,
        authorization: String,
    },
    Text(String),
    Audio(usize),
    Posted {
        address: String,
        authorization: String,
        bytes: usize,
    },
    /// The client is gone.
    Gone,
}

#[derive(Clone, Default)]
pub struct Log {
    seen: Arc<Mutex<Vec<(usize, Seen)>>>,
    changed: Arc<Notify>,
}

impl Log {
    fn add(&self, connection: usize, seen: Seen) {
        self.seen.lock().unwrap().push((connection, seen));
        self.changed.notify_waiters();
    }

    pub fn all(&self) -> Vec<(usize, Seen)> {
        self.seen.lock().unwrap().clone()
    }

    /// The text messages of one connection.
    pub fn texts(&self, of: usize) -> Vec<String> {
        let texts = self.all().into_iter().filter_map(|(connection, seen)| match seen {
            Seen::Text(text) if connection == of => Some(text),
            _ => None,
        });
        texts.collect()
    }

    /// Waits until the service has seen this so many times.
    pub async fn wait(&self, times: usize, what: impl Fn(usize, &Seen) -> bool) {
        let seen = async {
            loop {
                let changed = self.changed.notified();
                let mut changed = std::pin::pin!(changed);
                changed.as_mut().enable();
                if self.all().iter().filter(|(connection, seen)| what(*connection, seen)).count() >= times {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), seen).await.is_err() {
            panic!("never seen: {:?}", self.all());
        }
    }
}

pub struct Service {
    pub endpoint: Endpoint,
    pub log: Log,
    task: JoinHandle<()>,
}

impl Service {
    /// Handles each connection, counted from 0, by `handle`.
    pub async fn start<F: Future<Output = ()> + Send + 'static>(handle: impl Fn(Knock) -> F + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let log = Log::default();
        let shared = log.clone();
        let task = tokio::spawn(async move {
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(handle(Knock { stream, number, log: shared.clone() }));
                number += 1;
            }
        });
        Self { endpoint, log, task }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A client that wants to connect.
pub struct Knock {
    stream: TcpStream,
    pub number: usize,
    log: Log,
}

impl Knock {
    pub async fn accept(self) -> Option<Peer> {
        let Self { stream, number, log } = self;
        let mut address = String::new();
        let note = |request: &Request, response: Response| {
            address = request.uri().to_string();
            let authorization = request.headers().get("authorization").map(|value| value.to_str().unwrap());
            let authorization = authorization.unwrap_or_default().to_owned();
            log.add(number, Seen::Request { address: address.clone(), authorization });
            Ok(response)
        };
        let socket = accept_hdr_async(stream, note).await.ok()?;
        Some(Peer { socket, number, address, log })
    }

    /// A WebSocket, or a request with a body, as the client wants.
    pub async fn accept_any(self) -> Option<Accepted> {
        let mut first = [0];
        self.stream.peek(&mut first).await.ok()?;
        if first != *b"P" {
            return self.accept().await.map(Accepted::Peer);
        }
        let Self { mut stream, number, log } = self;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let mut body = vec![0; header("content-length").unwrap().parse().unwrap()];
        stream.read_exact(&mut body).await.ok()?;
        let address = head.split(' ').nth(1).unwrap().to_owned();
        let authorization = header("authorization").unwrap_or_default();
        log.add(number, Seen::Posted { address, authorization, bytes: body.len() });
        Some(Accepted::Request(Posted { stream, body }))
    }

    pub async fn refuse(mut self, status: &str, headers: &str, body: &str) {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let Ok(byte) = self.stream.read_u8().await else { return };
            request.push(byte);
        }
        self.log.add(self.number, Seen::Request { address: String::new(), authorization: String::new() });
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len());
        let _ = self.stream.write_all(answer.as_bytes()).await;
    }
}

/// What a client wanted.
pub enum Accepted {
    Peer(Peer),
    Request(Posted),
}

/// A request that waits for its answer.
pub struct Posted {
    stream: TcpStream,
    pub body: Vec<u8>,
}

impl Posted {
    pub async fn answer(mut self, status: &str, body: &str) {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        let _ = self.stream.write_all(answer.as_bytes()).await;
        let _ = self.stream.shutdown().await;
    }
}

/// A client that is connected. What fails because it went away is ignored: `receive` then says so.
pub struct Peer {
    socket: WebSocketStream<TcpStream>,
    pub number: usize,
    /// Path and query that it asked for.
    pub address: String,
    log: Log,
}

impl Peer {
    /// The next text or audio; `None` when the client is gone.
    pub async fn receive(&mut self) -> Option<Message> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    self.log.add(self.number, Seen::Text(text.to_string()));
                    return Some(Message::Text(text));
                }
                Some(Ok(Message::Binary(bytes))) => {
                    self.log.add(self.number, Seen::Audio(bytes.len()));
                    return Some(Message::Binary(bytes));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => {
                    self.log.add(self.number, Seen::Gone);
                    return None;
                }
                Some(Ok(_)) => {}
            }
        }
    }

    pub async fn text(&mut self, text: impl Into<String>) {
        let _ = self.socket.send(Message::text(text.into())).await;
    }

    pub async fn binary(&mut self, bytes: Vec<u8>) {
        let _ = self.socket.send(Message::binary(bytes)).await;
    }

    pub async fn close(mut self, code: u16, reason: &'static str) {
        let _ = self.socket.close(Some(CloseFrame { code: code.into(), reason: reason.into() })).await;
        // The client answers, or is gone.
        while self.receive().await.is_some() {}
    }

    /// The beginning of a message, then nothing.
    pub async fn half_a_frame(mut self) {
        let _ = self.socket.get_mut().write_all(&[0x81, 0x7e, 0x01]).await;
    }

    /// Stays connected and does nothing, not even read, until the client is gone or the test is over.
    pub async fn stall(self) {
        let _kept = self;
        std::future::pending::<()>().await;
    }
}

/// The same numbers for the same seed.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
