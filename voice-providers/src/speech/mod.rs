//! Replies spoken over WebSockets, whatever the service: text goes out sentence by sentence, audio comes in, and a
//! connection that is lost before a sentence was heard is replaced.
//!
//! A service adds its [`Voice`]: how one reply is put into messages, and what those that come mean.

mod call;
mod groups;
mod pool;

pub(crate) use call::Call;
pub(crate) use groups::{Groups, letters};
pub(crate) use pool::{Lifetime, Pool};

use crate::http::Asked;
use crate::ws::Received;
use std::collections::VecDeque;
use voice_core::Result;
use voice_core::stage::{TtsEvent, TtsInput};

/// One reply in the protocol of a service. Pure, but for what it remembers of the connection's time.
pub(crate) trait Voice: Send + Unpin + 'static {
    /// What is remembered of a connection beyond one reply.
    type Memory: Default + Send + Unpin + 'static;

    /// The service, for the words of errors.
    const ASKED: Asked;
    /// By which the service knows that the client has ended, if it wants to be told.
    const FAREWELL: Option<&'static str>;
    /// Whether a connection is as good as before when a reply on it has failed.
    const OUTLIVES_ERRORS: bool;

    /// The messages that ask for the next piece of text.
    fn say(&mut self, item: TtsInput, memory: &mut Self::Memory, messages: &mut VecDeque<String>);

    /// The messages that say that no more text follows.
    fn end(&mut self, memory: &mut Self::Memory, messages: &mut VecDeque<String>);

    /// Takes in what the service said; gives what became of it.
    ///
    /// # Errors
    /// The reply has failed.
    fn hear(&mut self, received: Received, memory: &mut Self::Memory) -> Result<Heard>;

    /// The sentences and their audio.
    fn groups(&mut self) -> &mut Groups;

    /// Whether the service owes something.
    fn owes(&self) -> bool;

    /// Forgets the connection and gives what has to be said again on another one; `None` when a sentence has been heard
    /// in part, which would be heard twice.
    fn begin_again(&mut self) -> Option<Vec<TtsInput>>;

    /// What stops an unfinished reply and leaves the connection as good as before. Without, it is closed.
    fn cancel(&mut self, memory: &mut Self::Memory) -> Cancel;

    /// Whether a connection of which this is remembered may serve another reply.
    fn may_serve_again(_memory: &mut Self::Memory) -> bool {
        true
    }

    /// The next event for the listener.
    fn event(&mut self) -> Option<TtsEvent> {
        self.groups().event()
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It shows that the service is at work on this reply.
    Progress,
    /// It was of no consequence.
    Nothing,
}

/// How an unfinished reply is stopped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cancel {
    /// By this message; the connection may be used again.
    Message(String),
    /// Nothing was begun: the connection is as it was.
    Unneeded,
    /// By closing the connection.
    Close,
}
