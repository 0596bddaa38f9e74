//! The server's side of one connection.

use super::client::ClientFrame;
use super::rejection::{ErrorCode, Rejection};
use super::server::ServerFrame;
use crate::conversation::Event;
use bytes::Bytes;

/// The largest binary message accepted, in bytes.
pub const MAX_BINARY_BYTES: usize = 1 << 20;

/// The largest text message accepted, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 << 10;

/// Reads what one client sends and knows which events it wants to hear of. One per connection.
///
/// `ready` answers the first frame, whatever it is, a rejected one too; where no frame comes for 250 ms the server
/// calls [`begin`](Self::begin) and sends `ready` unasked. Either way a `start` after that is late.
#[derive(Debug, Default)]
pub struct ServerCodec {
    begun: bool,
    pauses: bool,
}

impl ServerCodec {
    /// The codec of a new connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// The codec of a connection whose session has begun, for a client that can hold its audio or not.
    pub fn begun(pauses: bool) -> Self {
        Self { begun: true, pauses }
    }

    /// The session begins now, without waiting for a first frame.
    pub fn begin(&mut self) {
        self.begun = true;
    }

    /// Whether the first frame has come or [`begin`](Self::begin) was called: `ready` is due or was sent.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Reads a text message.
    ///
    /// # Errors
    /// A [`Rejection`]: to be sent as an `error` frame, or to close the connection with.
    pub fn on_text(&mut self, text: &str) -> Result<ClientFrame, Rejection> {
        let first = !std::mem::replace(&mut self.begun, true);
        if text.len() > MAX_TEXT_BYTES {
            return Err(Rejection::Close(Rejection::TOO_BIG));
        }
        let frame = ClientFrame::from_text(text)?;
        if let ClientFrame::Start(start) = &frame {
            if !first {
                return Err(Rejection::error(ErrorCode::LateStart, "`start` is only taken as the first frame"));
            }
            self.pauses = start.pause;
        }
        Ok(frame)
    }

    /// Reads a binary message.
    ///
    /// # Errors
    /// A [`Rejection`], as for [`on_text`](Self::on_text); the message is then dropped whole.
    pub fn on_binary(&mut self, pcm: impl Into<Bytes>) -> Result<ClientFrame, Rejection> {
        self.begun = true;
        let pcm = pcm.into();
        if pcm.len() > MAX_BINARY_BYTES {
            return Err(Rejection::Close(Rejection::TOO_BIG));
        }
        ClientFrame::from_binary(pcm)
    }

    /// The frame that tells this client of `event`; `None` when it did not ask to hear of such events: `pause` and
    /// `resume` go only to clients that said they can hold their audio.
    pub fn frame_of(&self, event: Event) -> Option<ServerFrame> {
        let wanted = self.pauses || !matches!(event, Event::Pause { .. } | Event::Resume { .. });
        wanted.then(|| event.into())
    }
}
