//! WebSockets to services: how one is opened, what its end means, and how long to wait before the next.

use crate::http::{Asked, retry_after};
use crate::tls;
use bytes::Bytes;
use futures::task::noop_waker;
use futures::{SinkExt, StreamExt};
use reqwest::StatusCode;
use std::fmt;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request, Response};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};
use voice_core::{Error, ErrorKind};

/// How long TCP, TLS and the upgrade may take together.
const CONNECT: Duration = Duration::from_secs(5);
/// A session's messages are small, and there are many sessions: the crate's default is 128 KiB each way.
const BUFFER: usize = 8 * 1_024;
/// What may wait to be written before a send fails. The callers wait for room, so this is never reached.
const UNWRITTEN: usize = 1024 * 1_024;
/// A longer message is refused.
const LONGEST_MESSAGE: usize = 16 * 1_024 * 1_024;
/// What is read of an answer that tells a failure.
const LONGEST_FAILURE: usize = 64 * 1_024;

/// What a service said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Received {
    Text(Utf8Bytes),
    Binary(Bytes),
}

/// An open WebSocket. Dropped, it says farewell as far as that needs no waiting, and closes.
pub(crate) struct Line {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    asked: Asked,
    /// The text by which the service knows that the client has ended.
    farewell: Option<&'static str>,
}

impl Line {
    /// Opens `url` with this `Authorization`, within 5 s.
    ///
    /// # Errors
    /// As the service's answer says; `Unavailable` and `Timeout` when there is none.
    pub(crate) async fn open(
        asked: Asked,
        url: String,
        authorization: HeaderValue,
        farewell: Option<&'static str>,
    ) -> Result<Self, Error> {
        let request = request(&url, authorization).map_err(|_| {
            Error::new(ErrorKind::InvalidConfig, asked.stage, format!("the address of {} is unusable", asked.service))
        })?;
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_write_buffer_size(UNWRITTEN)
            .max_message_size(Some(LONGEST_MESSAGE));
        let connector = Connector::Rustls(tls::for_websockets());
        match timeout(CONNECT, connect_async_tls_with_config(request, Some(config), true, Some(connector))).await {
            Ok(Ok((socket, answer))) => {
                let mut ids = ["dg-request-id", "x-request-id"].iter().filter_map(|name| answer.headers().get(*name));
                let id = ids.find_map(|id| id.to_str().ok()).unwrap_or_default();
                tracing::debug!(service = asked.service, request = id, "connected");
                Ok(Self { socket, asked, farewell })
            }
            Ok(Err(error)) => Err(failed(asked, error)),
            Err(_) => {
                let message = format!("{} did not accept a connection in time", asked.service);
                Err(Error::new(ErrorKind::Timeout, asked.stage, message))
            }
        }
    }

    /// The next message; the end of the connection is an error.
    pub(crate) fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Received, Error>> {
        loop {
            return Poll::Ready(match ready!(self.socket.poll_next_unpin(context)) {
                Some(Ok(Message::Text(text))) => Ok(Received::Text(text)),
                Some(Ok(Message::Binary(bytes))) => Ok(Received::Binary(bytes)),
                Some(Ok(Message::Close(frame))) => Err(closed(self.asked, frame.as_ref())),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(error)) => Err(failed(self.asked, error)),
                None => Err(closed(self.asked, None)),
            });
        }
    }

    /// Whether there is room for a message.
    pub(crate) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.socket.poll_ready_unpin(context).map_err(|error| failed(self.asked, error))
    }

    /// Queues a message for which there is room.
    pub(crate) fn send(&mut self, message: Message) -> Result<(), Error> {
        self.socket.start_send_unpin(message).map_err(|error| failed(self.asked, error))
    }

    /// Writes what is queued.
    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.socket.poll_flush_unpin(context).map_err(|error| failed(self.asked, error))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let waker = noop_waker();
        let context = &mut Context::from_waker(&waker);
        let socket = &mut self.socket;
        if matches!(socket.poll_ready_unpin(context), Poll::Ready(Ok(()))) {
            // A service that is gone need not be told.
            if let Some(farewell) = self.farewell {
                let _ = socket.start_send_unpin(Message::text(farewell));
            }
            let _ = socket.start_send_unpin(Message::Close(None));
            let _ = socket.poll_flush_unpin(context);
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("service", &self.asked.service).finish_non_exhaustive()
    }
}

fn request(url: &str, authorization: HeaderValue) -> Result<Request<()>, tungstenite::Error> {
    let mut request = url.into_client_request()?;
    request.headers_mut().insert(AUTHORIZATION, authorization);
    Ok(request)
}

/// What the failure of a connection means. The address is left out: it may be private.
fn failed(asked: Asked, error: tungstenite::Error) -> Error {
    let service = asked.service;
    match error {
        tungstenite::Error::Http(answer) => refused(asked, &answer),
        tungstenite::Error::Io(error) => {
            Error::new(ErrorKind::Unavailable, asked.stage, format!("the connection to {service} failed"))
                .with_source(error)
        }
        tungstenite::Error::Protocol(error) => {
            Error::new(ErrorKind::Unavailable, asked.stage, format!("{service} broke the connection off"))
                .with_source(error)
        }
        tungstenite::Error::Capacity(error) => {
            Error::new(ErrorKind::Protocol, asked.stage, format!("{service} sent too long a message"))
                .with_source(error)
        }
        tungstenite::Error::Url(_) | tungstenite::Error::HttpFormat(_) => {
            Error::new(ErrorKind::InvalidConfig, asked.stage, format!("the address of {service} is unusable"))
        }
        _ => Error::new(ErrorKind::Unavailable, asked.stage, format!("{service} broke the connection off")),
    }
}

fn refused(asked: Asked, answer: &Response<Option<Vec<u8>>>) -> Error {
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    // Of the body there is only what came together with the head: it may be cut off anywhere. A header that says why is
    // there whole.
    let body = answer.body().as_deref().unwrap_or_default();
    let body = &body[..body.len().min(LONGEST_FAILURE)];
    let reason = answer.headers().get("dg-error").map(HeaderValue::as_bytes).filter(|reason| !reason.is_empty());
    asked.refusal(status, retry_after(answer.headers()), reason.unwrap_or(body))
}

/// What the end of a connection means. 1003, 1008 and 1009 say that the same message would fail again; everything else,
/// also no code at all, that another connection may do.
fn closed(asked: Asked, frame: Option<&CloseFrame>) -> Error {
    let Some(frame) = frame else {
        let message = format!("{} closed the connection", asked.service);
        return Error::new(ErrorKind::Unavailable, asked.stage, message);
    };
    let code = u16::from(frame.code);
    let reason: String = frame.reason.chars().take(123).collect();
    let kind = match code {
        // Text for less than a minute: the limit is one of speed.
        1008 if reason.contains("DATA-0001") => ErrorKind::RateLimited { retry_after: None },
        1003 | 1008 | 1009 => ErrorKind::InvalidInput,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, asked.stage, format!("{} closed the connection with {code} {reason}", asked.service))
}

#[cfg(test)]
mod tests {
    use super::*;
    use voice_core::Stage;

    const ASKED: Asked = Asked { service: "Deepgram", stage: Stage::Stt, key: "DEEPGRAM_API_KEY", model: "STT_MODEL" };

    #[test]
    fn a_close_code_says_whether_another_connection_may_do() {
        for (code, reason, retry) in [
            (1000, "", true),
            (1011, "NET-0001", true),
            (1012, "", true),
            (1003, "MESSAGE-0000", false),
            (1008, "DATA-0000", false),
            (1008, "DATA-0001", true),
            (1009, "BIG-0000", false),
        ] {
            let frame = CloseFrame { code: code.into(), reason: reason.into() };
            assert_eq!(closed(ASKED, Some(&frame)).is_retryable(), retry, "{code} {reason}");
        }
        assert!(closed(ASKED, None).is_retryable());
    }
}
