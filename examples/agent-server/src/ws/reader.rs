//! From the client to the session.

use super::socket::Incoming;
use futures::StreamExt;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::{self, Message};
use voice_core::host::{Connection, NotTaken};
use voice_core::protocol::{Rejection, WireMessage};

/// How often it is looked whether the client has sent anything, be it an answer to a ping.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Looks in a row that may find nothing: a client that is silent for 45 to 60 s is lost.
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
pub(super) async fn read(incoming: &mut Incoming, connection: &Connection) -> ReadEnd {
    // One timer for all frames: a deadline for each of them would cost more than reading it.
    let mut looks = interval(LOOK_EVERY);
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
