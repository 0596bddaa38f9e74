//! The WebSocket itself: limits, buffers, sending with a deadline, closing.

use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use voice_core::protocol::{MAX_BINARY_BYTES, ServerFrame, WireMessage};

/// Bytes read at a time, and bytes gathered before a write.
const BUFFER: usize = 4 << 10;
/// How long a close may take, the client's part included.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// What the client sends.
pub(super) type Incoming = SplitStream<Socket>;

/// What goes to the client.
pub(super) struct Outgoing {
    sink: SplitSink<Socket, Message>,
    /// How long a client may take no data before it counts as lost.
    patience: Duration,
}

/// The client takes no more: it is gone, or stands still.
#[derive(Debug)]
pub(super) struct Lost;

/// Takes over a connection whose handshake was answered. A client that takes no data for `patience` counts as lost.
pub(super) async fn accept(upgraded: Upgraded, patience: Duration) -> (Incoming, Outgoing) {
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(Some(MAX_BINARY_BYTES))
        .max_frame_size(Some(MAX_BINARY_BYTES));
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let (sink, stream) = socket.split();
    (stream, Outgoing { sink, patience })
}

impl Outgoing {
    pub(super) async fn frame(&mut self, frame: &ServerFrame) -> Result<(), Lost> {
        self.message(frame.encode()).await
    }

    pub(super) async fn message(&mut self, message: WireMessage) -> Result<(), Lost> {
        self.send(match message {
            WireMessage::Text(text) => Message::text(text),
            WireMessage::Binary(bytes) => Message::binary(bytes),
        })
        .await
    }

    pub(super) async fn ping(&mut self) -> Result<(), Lost> {
        self.send(Message::Ping(Bytes::new())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Lost> {
        match tokio::time::timeout(self.patience, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Lost),
        }
    }
}

/// Says goodbye at the level of the WebSocket, then of TCP.
///
/// What the client still sends is read and dropped until it has closed its side too: a socket closed with unread data
/// is reset, and the client might then never see why.
pub(super) async fn close(incoming: Incoming, outgoing: Outgoing, code: u16, reason: &'static str) {
    let Outgoing { mut sink, .. } = outgoing;
    let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
    let goodbye = async {
        // A client that is gone hears no goodbye, which is as good.
        let _ = sink.send(Message::Close(Some(frame))).await;
        let Ok(mut socket) = incoming.reunite(sink) else { return };
        let stream = socket.get_mut();
        if stream.shutdown().await.is_ok() {
            let mut rest = [0u8; 1024];
            while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
        }
    };
    // Past the deadline the connection is dropped, however it stands.
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await;
}
