//! From the client to the session.

use super::socket::Incoming;
use futures::StreamExt;
use std::time::Duration;
use tokio_tungstenite::tungstenite::{self, Message};
use voice_core::host::{Connection, NotTaken};
use voice_core::protocol::{Rejection, WireMessage};

/// How long a client may send nothing at all, not even an answer to a ping.
const SILENCE: Duration = Duration::from_secs(45);

/// Why reading ended.
#[derive(Debug)]
pub(super) enum ReadEnd {
    /// The client closed, or its connection broke.
    Lost,
    /// The client broke a rule that ends a connection: the close code.
    Rejected(u16),
}

/// Reads until the connection ends. A session that takes no more audio for now makes this wait, and with it the client.
pub(super) async fn read(incoming: &mut Incoming, connection: &Connection) -> ReadEnd {
    loop {
        let message = match tokio::time::timeout(SILENCE, incoming.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => WireMessage::Text(text.as_str().to_owned()),
            Ok(Some(Ok(Message::Binary(pcm)))) => WireMessage::Binary(pcm),
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => continue,
            Ok(Some(Err(error))) => return read_end(&error),
            Ok(Some(Ok(Message::Close(_))) | None) | Err(_) => return ReadEnd::Lost,
        };
        if let Err(end) = taken(connection.take_message(message).await).await {
            return end;
        }
    }
}

/// What was not taken ends the connection. When the session is over, the writer is saying so and then ends it.
pub(super) async fn taken(result: Result<(), NotTaken>) -> Result<(), ReadEnd> {
    match result {
        Ok(()) => Ok(()),
        Err(NotTaken::Close(code)) => Err(ReadEnd::Rejected(code)),
        Err(_) => std::future::pending().await,
    }
}

/// RFC 6455, section 7.4.1.
fn read_end(error: &tungstenite::Error) -> ReadEnd {
    match error {
        tungstenite::Error::Capacity(_) => ReadEnd::Rejected(Rejection::TOO_BIG),
        tungstenite::Error::Utf8(_) => ReadEnd::Rejected(1007),
        tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => ReadEnd::Lost,
        tungstenite::Error::Protocol(_) => ReadEnd::Rejected(1002),
        _ => ReadEnd::Lost,
    }
}
