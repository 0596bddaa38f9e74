//! From the client to the session.

use super::socket::Incoming;
use futures::StreamExt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::{self, Message};
use voice_core::ErrorKind;
use voice_core::agent::{Control, Session};
use voice_core::conversation::CloseReason;
use voice_core::protocol::{ClientFrame, Rejection, ServerCodec, ServerFrame};

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
        // One timer for all frames: a deadline for each of them would cost more than reading it.
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent = 0;
        loop {
            let message = tokio::select! {
                biased;
                message = self.incoming.next() => message,
                _ = looks.tick() => {
                    silent += 1;
                    if silent > MOST_SILENT {
                        return ReadEnd::Lost;
                    }
                    continue;
                }
            };
            silent = 0;
            let frame = match message {
                Some(Ok(Message::Text(text))) => self.codec().on_text(&text),
                Some(Ok(Message::Binary(pcm))) => self.codec().on_binary(pcm),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(error)) => return read_end(&error),
                Some(Ok(Message::Close(_))) | None => return ReadEnd::Lost,
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
