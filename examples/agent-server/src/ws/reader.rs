//! From the client to the session.

use super::socket::Incoming;
use crate::admission::Pace;
use crate::config::Limits;
use futures::StreamExt;
use tokio::time::{MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::{self, Message};
use voice_core::host::{Connection, NotTaken};
use voice_core::protocol::{ErrorCode, Rejection, WireMessage};

/// Looks in a row that may find nothing sent, be it an answer to a ping. So a client is lost when it has been silent for
/// as long as it may, or a third longer.
const MOST_SILENT: u32 = 3;

/// Why reading ended.
#[derive(Debug)]
pub(super) enum ReadEnd {
    /// The client closed, or its connection broke.
    Lost,
    /// The client broke a rule that ends a connection: the close code.
    Rejected(u16),
}

/// Reads until the connection ends. A session that takes no more audio for now makes this wait, and with it the client.
pub(super) async fn read(incoming: &mut Incoming, connection: &Connection, limits: &Limits) -> ReadEnd {
    let pace = Pace::per_second(limits.messages_per_second);
    let mut told = false;
    // One timer for all frames: a deadline for each of them would cost more than reading it.
    let mut looks = interval(limits.silence / MOST_SILENT);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = 0;
    loop {
        let message = tokio::select! {
            biased;
            message = incoming.next() => message,
            _ = looks.tick() => {
                silent += 1;
                if silent > MOST_SILENT {
                    return ReadEnd::Lost;
                }
                continue;
            }
        };
        silent = 0;
        while let Err(wait) = pace.count() {
            if !std::mem::replace(&mut told, true)
                && let Err(end) = taken(connection.take(Err(too_fast())).await).await
            {
                return end;
            }
            tokio::time::sleep(wait).await;
        }
        let message = match message {
            Some(Ok(Message::Text(text))) => WireMessage::Text(text.as_str().to_owned()),
            Some(Ok(Message::Binary(pcm))) => WireMessage::Binary(pcm),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Err(error)) => return read_end(&error),
            Some(Ok(Message::Close(_))) | None => return ReadEnd::Lost,
        };
        if let Err(end) = taken(connection.take_message(message).await).await {
            return end;
        }
    }
}

/// Told once a connection: the answers to a flood would be one as well.
fn too_fast() -> Rejection {
    let message = "messages come faster than they are read: reading pauses";
    Rejection::Error { code: ErrorCode::Overrun, message: message.into() }
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
