//! From the client to the session.

use super::socket::Incoming;
use futures::StreamExt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{self, Message};
use voice_core::ErrorKind;
use voice_core::agent::{Control, Session};
use voice_core::conversation::CloseReason;
use voice_core::protocol::{ClientFrame, Rejection, ServerCodec, ServerFrame};

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

/// The way from one client to its session.
pub(super) struct Reader<'a> {
    pub(super) incoming: &'a mut Incoming,
    pub(super) codec: &'a Mutex<ServerCodec>,
    pub(super) session: &'a Session,
    /// Answers to frames that made no sense. While the client does not take them, nothing more is read from it.
    pub(super) answers: mpsc::Sender<ServerFrame>,
}

impl Reader<'_> {
    /// Reads until the connection ends. A session that takes no more audio for now makes this wait, and with it the
    /// client.
    pub(super) async fn run(mut self) -> ReadEnd {
        loop {
            let frame = match tokio::time::timeout(SILENCE, self.incoming.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => self.codec().on_text(&text),
                Ok(Some(Ok(Message::Binary(pcm)))) => self.codec().on_binary(pcm),
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => continue,
                Ok(Some(Err(error))) => return read_end(&error),
                Ok(Some(Ok(Message::Close(_))) | None) | Err(_) => return ReadEnd::Lost,
            };
            if let Err(end) = self.take(frame).await {
                return end;
            }
        }
    }

    fn codec(&self) -> std::sync::MutexGuard<'_, ServerCodec> {
        self.codec.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a frame to the session.
    pub(super) async fn take(&mut self, frame: Result<ClientFrame, Rejection>) -> Result<(), ReadEnd> {
        let handed = match frame {
            Ok(ClientFrame::Audio(pcm)) => self.session.send_audio(pcm).await,
            Ok(frame) => match control(frame) {
                Some(control) => self.session.control_wait(control).await,
                None => Ok(()),
            },
            Err(Rejection::Close(code)) => return Err(ReadEnd::Rejected(code)),
            Err(rejection) => {
                if let Some(answer) = rejection.into_frame() {
                    // Fails only when the writer has ended, and then this ends too.
                    let _ = self.answers.send(answer).await;
                }
                Ok(())
            }
        };
        if handed.is_err_and(|error| *error.kind() == ErrorKind::Unavailable) {
            // The session is over: the writer is saying so and then ends the connection.
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

fn control(frame: ClientFrame) -> Option<Control> {
    match frame {
        ClientFrame::Played { turn, samples } => Some(Control::Played { turn, samples }),
        ClientFrame::Text { text } => Some(Control::Text(text)),
        ClientFrame::Interrupt => Some(Control::Interrupt),
        ClientFrame::End => Some(Control::Close(CloseReason::End)),
        // A first `start` was taken when the session was opened; later ones never get past the codec.
        _ => None,
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
