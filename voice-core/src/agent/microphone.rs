//! The way of the microphone's audio into the session: pieces as they were sent, cut smaller where the ears ask for it.

use bytes::Bytes;
use tokio::sync::mpsc;

pub(super) struct Microphone {
    pieces: mpsc::Receiver<Bytes>,
    /// What is left of the piece taken last.
    rest: Bytes,
}

impl Microphone {
    pub(super) fn new(pieces: mpsc::Receiver<Bytes>) -> Self {
        Self { pieces, rest: Bytes::new() }
    }

    /// The next audio, at most `longest` bytes of it; `None` when every handle is gone. Cancel-safe.
    pub(super) async fn next(&mut self, longest: usize) -> Option<Bytes> {
        if self.rest.is_empty() {
            self.rest = self.pieces.recv().await?;
        }
        Some(self.rest.split_to(self.rest.len().min(longest)))
    }

    /// What is there without waiting, in whole pieces.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        if self.rest.is_empty() {
            return self.pieces.try_recv().ok();
        }
        Some(std::mem::take(&mut self.rest))
    }
}
