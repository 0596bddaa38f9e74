//! A client of `/ws`.

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Something from the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// A text frame.
    Json(Value),
    /// A binary frame.
    Audio(Bytes),
    /// The close, with its code.
    Close(u16),
    /// The connection ended, politely or not.
    End,
}

impl Frame {
    /// The `type` of a text frame, else "audio", "close" or "end".
    pub fn kind(&self) -> &str {
        match self {
            Self::Json(frame) => frame["type"].as_str().expect("every frame has a type"),
            Self::Audio(_) => "audio",
            Self::Close(_) => "close",
            Self::End => "end",
        }
    }

    /// A text frame.
    pub fn json(&self) -> &Value {
        match self {
            Self::Json(frame) => frame,
            other => panic!("not a text frame: {other:?}"),
        }
    }
}

/// How fast audio is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// One second a second, as a microphone gives it.
    RealTime,
    /// As fast as the server takes it.
    Fast,
}

pub struct Client {
    socket: WebSocketStream<TcpStream>,
    /// Every frame that came, in order.
    pub seen: Vec<Frame>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address, &[]).await.expect("the server takes the connection")
    }

    /// Connects with further headers; the status where the server refuses.
    pub async fn try_connect(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        Self::try_connect_to(address, "/ws", headers).await
    }

    /// The same at another address than `/ws`.
    pub async fn try_connect_to(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        Self::over(stream, &format!("ws://{address}{path}"), headers).await
    }

    /// Connects with room for only this many bytes on the way to the client.
    pub async fn connect_narrow(address: SocketAddr, bytes: u32) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(bytes).unwrap();
        let stream = socket.connect(address).await.expect("the server listens");
        let url = format!("ws://{address}/ws");
        Self::over(stream, &url, &[]).await.expect("the server takes the connection")
    }

    async fn over(stream: TcpStream, url: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self { socket, seen: Vec::new() }),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("the server reads");
    }

    pub async fn send_audio(&mut self, pcm: impl Into<Bytes>) {
        self.socket.send(Message::binary(pcm.into())).await.expect("the server reads");
    }

    /// Sends without regard to whether the server still reads.
    pub async fn push(&mut self, message: Message) {
        let _ = self.try_send(message).await;
    }

    /// Sends; whether the connection still stands.
    pub async fn try_send(&mut self, message: Message) -> bool {
        self.socket.send(message).await.is_ok()
    }

    /// Streams 16 kHz samples in frames of 20 ms.
    pub async fn speak(&mut self, samples: &[i16], pace: Pace) {
        let mut clock = tokio::time::interval(Duration::from_millis(20));
        for frame in samples.chunks(320) {
            if pace == Pace::RealTime {
                clock.tick().await;
            }
            let bytes: Vec<u8> = frame.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            self.send_audio(bytes).await;
        }
    }

    /// The next frame.
    pub async fn next(&mut self) -> Frame {
        let frame = tokio::time::timeout(PATIENCE, self.receive()).await;
        let frame = frame.unwrap_or_else(|_| panic!("nothing came after {:?}", self.seen));
        self.seen.push(frame.clone());
        frame
    }

    /// The next frame, however long it takes, which is not kept in [`seen`](Self::seen). Cancel-safe.
    pub async fn receive(&mut self) -> Frame {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Frame::Json(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Binary(pcm))) => return Frame::Audio(pcm),
                Some(Ok(Message::Close(frame))) => return Frame::Close(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => return Frame::End,
            }
        }
    }

    /// The first frame, which must be `ready`.
    pub async fn ready(&mut self) -> Value {
        let frame = self.next().await;
        assert_eq!(frame.kind(), "ready", "{frame:?}");
        frame.json().clone()
    }

    /// All frames up to the first for which `wanted` holds, that one last.
    pub async fn until(&mut self, wanted: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        let begin = self.seen.len();
        let deadline = tokio::time::sleep(PATIENCE);
        tokio::pin!(deadline);
        loop {
            let frame = tokio::select! {
                frame = self.receive() => frame,
                () = &mut deadline => panic!("still waiting after {:?}", &self.seen[begin..]),
            };
            self.seen.push(frame.clone());
            if wanted(&frame) {
                return self.seen[begin..].to_vec();
            }
            assert_ne!(frame, Frame::End, "the connection ended after {:?}", &self.seen[begin..]);
        }
    }

    /// The next frame of this type.
    pub async fn of_type(&mut self, kind: &str) -> Frame {
        self.until(|frame| frame.kind() == kind).await.pop().expect("it holds the frame waited for")
    }

    /// The next `error` frame's code.
    pub async fn error(&mut self) -> String {
        self.of_type("error").await.json()["code"].as_str().expect("a code").to_owned()
    }

    /// Types a turn and waits for the end of its answer; the reply's text.
    pub async fn ask(&mut self, text: &str) -> String {
        self.send(json!({ "type": "text", "text": text })).await;
        let frames = self.until(|frame| frame.kind() == "reply_end").await;
        frames
            .iter()
            .filter(|frame| frame.kind() == "reply")
            .map(|frame| frame.json()["text"].as_str().expect("text"))
            .collect()
    }

    /// Everything up to the end of the connection; the close code, if there was a close.
    pub async fn closed(&mut self) -> Option<u16> {
        let mut code = None;
        for frame in self.until(|frame| *frame == Frame::End).await {
            if let Frame::Close(given) = frame {
                code = Some(given);
            }
        }
        code
    }

    /// Loses the connection without a word.
    pub fn vanish(self) {}
}
