//! From the session to the client.

use super::socket::{Lost, Outgoing};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use voice_core::agent::{Output, Session};
use voice_core::conversation::{CloseReason, Event};
use voice_core::protocol::{ServerCodec, ServerFrame};

/// How often a client is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(15);

/// Why writing ended.
#[derive(Debug)]
pub(super) enum WriteEnd {
    /// The client takes no more.
    Lost,
    /// The session is over; the client knows.
    Over(CloseReason),
}

/// The way from a session to its client.
pub(super) struct Writer<'a> {
    pub(super) outgoing: &'a mut Outgoing,
    pub(super) codec: &'a Mutex<ServerCodec>,
    pub(super) session: &'a Session,
    pub(super) answers: mpsc::Receiver<ServerFrame>,
}

impl Writer<'_> {
    /// Writes until the session or the connection ends.
    pub(super) async fn run(mut self) -> WriteEnd {
        match self.write().await {
            Ok(reason) => WriteEnd::Over(reason),
            Err(Lost) => WriteEnd::Lost,
        }
    }

    async fn write(&mut self) -> Result<CloseReason, Lost> {
        let mut pings = tokio::time::interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.tick().await;
        let mut answers_open = true;
        // A session that ends without a word was stopped with the server.
        let mut reason = CloseReason::Drain;
        loop {
            tokio::select! {
                answer = self.answers.recv(), if answers_open => match answer {
                    Some(frame) => self.outgoing.frame(&frame).await?,
                    None => answers_open = false,
                },
                output = self.session.next_output() => match output {
                    Some(Output::Audio { pcm, .. }) => self.outgoing.audio(pcm).await?,
                    Some(Output::Event(event)) => {
                        if let Event::Bye { reason: why } = event {
                            reason = why;
                        }
                        if let Some(frame) = self.frame_of(event) {
                            self.outgoing.frame(&frame).await?;
                        }
                    }
                    None => return Ok(reason),
                },
                _ = pings.tick() => self.outgoing.ping().await?,
            }
        }
    }

    fn frame_of(&self, event: Event) -> Option<ServerFrame> {
        self.codec.lock().unwrap_or_else(PoisonError::into_inner).frame_of(event)
    }
}
