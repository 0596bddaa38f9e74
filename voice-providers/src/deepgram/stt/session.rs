//! One session: its input, its transcript, and the connection of the moment. Driven by whoever polls it; no task.

use super::Shared;
use super::connection::{Connection, Timer};
use super::tape::{BOUND, RATE};
use super::transcript::Transcript;
use crate::backoff::Backoff;
use crate::ws::Line;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::{Sleep, sleep};
use voice_core::stage::{FinalizeId, SttEvent, SttInput};
use voice_core::{Error, Result};

pub(super) struct Session {
    shared: Arc<Shared>,
    /// `None` when it has ended.
    input: Option<BoxStream<'static, SttInput>>,
    transcript: Transcript,
    link: Link,
    backoff: Backoff,
    /// The request that is being waited for, since it was sent.
    patience: Option<(FinalizeId, Timer)>,
    /// Why it ended, to be told after what was heard before.
    failed: Option<Error>,
}

enum Link {
    /// Lost while nothing was said: made again when something is.
    Idle,
    /// Until the next attempt.
    Waiting(Pin<Box<Sleep>>),
    Connecting(BoxFuture<'static, Result<Line>>),
    Open(Box<Connection>),
    Ended,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, input: BoxStream<'static, SttInput>, seed: u64) -> Self {
        let backoff = Backoff::new(shared.config.first_pause, seed);
        let link = Link::Connecting(shared.connect());
        Self {
            shared,
            input: Some(input),
            transcript: Transcript::default(),
            link,
            backoff,
            patience: None,
            failed: None,
        }
    }

    /// Takes what has come. While a connection cannot keep up, input waits where it is; while there is none, the oldest
    /// audio goes.
    fn poll_input(&mut self, context: &mut Context<'_>) {
        while !(self.transcript.waiting() >= BOUND && matches!(self.link, Link::Open(_))) {
            let Some(input) = &mut self.input else { return };
            match input.poll_next_unpin(context) {
                Poll::Pending => return,
                Poll::Ready(None) => self.input = None,
                Poll::Ready(Some(SttInput::Finalize(id))) => self.transcript.finalize(id),
                Poll::Ready(Some(SttInput::Audio { turn, pcm, .. })) => {
                    let dropped = self.transcript.audio(turn, pcm);
                    if dropped > 0 {
                        let milliseconds = dropped * 1_000 / RATE;
                        tracing::warn!(milliseconds, "no connection to Deepgram for a minute: speech was dropped");
                    }
                }
            }
        }
    }

    /// Brings the connection on. An error ends the session.
    fn poll_link(&mut self, context: &mut Context<'_>) -> Result<()> {
        loop {
            match &mut self.link {
                Link::Idle if self.transcript.wants_to_send() => self.link = Link::Connecting(self.shared.connect()),
                Link::Idle | Link::Ended => return Ok(()),
                Link::Waiting(pause) => match pause.poll_unpin(context) {
                    Poll::Pending => return Ok(()),
                    Poll::Ready(()) => self.link = Link::Connecting(self.shared.connect()),
                },
                Link::Connecting(connecting) => match connecting.poll_unpin(context) {
                    Poll::Pending => return Ok(()),
                    Poll::Ready(Ok(line)) => {
                        self.transcript.reconnect();
                        self.link = Link::Open(Box::new(Connection::new(line, &self.shared)));
                    }
                    Poll::Ready(Err(error)) => self.lost(error)?,
                },
                Link::Open(connection) => match connection.poll(&mut self.transcript, context) {
                    Ok(()) => return Ok(()),
                    Err(error) => {
                        if connection.worked() {
                            self.backoff.succeeded();
                        }
                        self.lost(error)?;
                    }
                },
            }
        }
    }

    /// What comes after a loss: another attempt, unless it is hopeless.
    fn lost(&mut self, error: Error) -> Result<()> {
        self.patience = None;
        // What was sent counts as unsent from now on, so that it shows whether there is anything to send.
        self.transcript.reconnect();
        if !error.is_retryable() {
            return Err(error);
        }
        let was_open = matches!(self.link, Link::Open(_));
        let pause = self.backoff.failed(&error);
        if self.backoff.failures() >= self.shared.config.give_up_after.max(1) {
            return Err(error);
        }
        self.link = if was_open && !self.transcript.wants_to_send() {
            tracing::debug!(%error, "an idle connection was closed");
            Link::Idle
        } else {
            tracing::warn!(%error, ?pause, "connecting again");
            Link::Waiting(Box::pin(sleep(pause)))
        };
        Ok(())
    }

    /// Watches over the oldest request that was sent.
    fn poll_patience(&mut self, context: &mut Context<'_>) {
        while let Some((id, true)) = self.transcript.owes() {
            let timeout = self.shared.config.finalize_timeout;
            let (_, timer) = match &mut self.patience {
                Some(patience) if patience.0 == id => patience,
                patience => patience.insert((id, Timer::new(timeout))),
            };
            if timer.poll(context).is_pending() {
                return;
            }
            tracing::debug!(?timeout, "Deepgram did not answer a request for a final transcript");
            self.transcript.out_of_patience();
        }
    }
}

impl Stream for Session {
    type Item = Result<SttEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if !matches!(this.link, Link::Ended) {
            this.poll_input(context);
            if let Err(error) = this.poll_link(context) {
                this.link = Link::Ended;
                this.failed = Some(error);
            } else {
                this.poll_patience(context);
            }
        }
        if let Some(event) = this.transcript.event() {
            return Poll::Ready(Some(Ok(event)));
        }
        let is_done = this.input.is_none() && this.transcript.owes().is_none();
        if is_done || matches!(this.link, Link::Ended) {
            this.link = Link::Ended;
            this.input = None;
            return Poll::Ready(this.failed.take().filter(|_| !is_done).map(Err));
        }
        Poll::Pending
    }
}
