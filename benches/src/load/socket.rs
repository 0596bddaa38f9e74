//! One WebSocket of a load generator, from any address of this machine.

use super::wire::{self, Message};
use bytes::{Bytes, BytesMut};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// How long the handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Bytes read at a time.
const BUFFER: usize = 4 << 10;
/// Bytes of an answer to the handshake.
const LONGEST_ANSWER: usize = 16 << 10;

/// A connection that is open.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    read: BytesMut,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum Refused {
    /// The server answered the handshake with this status and, where it said so, how many seconds to wait.
    Status(u16, Option<u64>),
    /// There was no answer.
    Failed(io::Error),
}

/// How to connect.
#[derive(Debug, Clone, Default)]
pub struct Connecting {
    /// The address to come from; the system's choice when absent.
    pub from: Option<IpAddr>,
    /// Bytes that may wait on the way to this client; the system's choice when absent.
    pub receive_buffer: Option<u32>,
    /// Further lines of the request's head, each with its line end.
    pub headers: String,
}

impl Socket {
    /// Connects and asks for `path` as a WebSocket.
    ///
    /// # Errors
    /// The server refuses, or cannot be reached within 10 s.
    pub async fn connect(server: SocketAddr, path: &str, connecting: &Connecting) -> Result<Self, Refused> {
        let connect = async {
            let socket = if server.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            if let Some(bytes) = connecting.receive_buffer {
                socket.set_recv_buffer_size(bytes)?;
            }
            if let Some(from) = connecting.from {
                socket.bind(SocketAddr::new(from, 0))?;
            }
            let stream = socket.connect(server).await?;
            stream.set_nodelay(true)?;
            Self { stream, read: BytesMut::with_capacity(BUFFER) }.shake_hands(server, path, &connecting.headers).await
        };
        match tokio::time::timeout(HANDSHAKE, connect).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Err(Refused::Failed(error)),
            Err(_) => Err(Refused::Failed(io::ErrorKind::TimedOut.into())),
        }
    }

    async fn shake_hands(mut self, server: SocketAddr, path: &str, headers: &str) -> io::Result<Result<Self, Refused>> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{headers}\r\n"
        );
        self.stream.write_all(request.as_bytes()).await?;
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if self.read.len() > LONGEST_ANSWER || self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let head = self.read.split_to(end);
        let head = String::from_utf8_lossy(&head);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Ok(if status == 101 { Ok(self) } else { Err(Refused::Status(status, retry_after(&head))) })
    }

    /// Writes a frame. Waits while the server does not read.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn send(&mut self, frame: &Bytes) -> io::Result<()> {
        // Nearly always there is room, and then there is nothing to wait for.
        let written = match self.stream.try_write(frame) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        if written < frame.len() { self.stream.write_all(&frame[written..]).await } else { Ok(()) }
    }

    /// The next message; `None` when the connection has ended. Cancel-safe.
    ///
    /// # Errors
    /// The connection is lost, or holds what is no WebSocket.
    pub async fn receive(&mut self) -> io::Result<Option<Message>> {
        loop {
            if let Some(message) = wire::next_message(&mut self.read)? {
                return Ok(Some(message));
            }
            self.read.reserve(BUFFER);
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Loses the connection without a word: the server is told by a reset, or, gently, by an end.
    pub fn vanish(self, gently: bool) {
        if !gently {
            // Where this cannot be set the server sees the other way of vanishing.
            let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

fn retry_after(head: &str) -> Option<u64> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?.1.trim().parse().ok()
}
