//! One session: its input, its transcript, and the connection of the moment. Driven by whoever polls it; no task.

use super::connection::Connection;
use super::tape::{BOUND, RATE};
use super::transcript::Transcript;
use super::{Shared, prerecorded};
use crate::backoff::Backoff;
use crate::deepgram::STT;
use crate::deepgram::wire::Word;
use crate::timer::Timer;
use crate::ws::Line;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::{Sleep, sleep};
use voice_core::stage::{FinalizeId, SttEvent, SttInput};
use voice_core::{Error, ErrorKind, Result};

/// By how much the live audio overlaps a backlog: more than a word is long, and no more than is sent at once.
const OVERLAP: u64 = RATE;

pub(super) struct Session {
    shared: Arc<Shared>,
    /// `None` when it has ended.
    input: Option<BoxStream<'static, SttInput>>,
    transcript: Transcript,
    link: Link,
    backoff: Backoff,
    /// How long the requests may take in all, those without an answer.
    deadlines: VecDeque<(FinalizeId, Timer)>,
    /// The words of a backlog, and where its audio began. Not tried again once it has failed.
    backlog: Option<(BoxFuture<'static, Result<Vec<Word>>>, u64)>,
    backlog_failed: bool,
    /// The request that is being waited for, since it was sent or the service last got on.
    patience: Option<Patience>,
    /// Why it ended, to be told after what was heard before.
    failed: Option<Error>,
}

struct Patience {
    id: FinalizeId,
    timer: Timer,
    /// How far the service had come.
    heard: u64,
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
            deadlines: VecDeque::new(),
            backlog: None,
            backlog_failed: false,
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
                Poll::Ready(Some(SttInput::Finalize(id))) => {
                    self.deadlines.push_back((id, Timer::new(self.shared.config.recovery_timeout)));
                    self.transcript.finalize(id);
                }
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
                        self.split_off_backlog();
                        self.link = Link::Open(Box::new(Connection::new(line, &self.shared)));
                    }
                    Poll::Ready(Err(error)) => self.lost(error)?,
                },
                Link::Open(connection) => match connection.poll(&mut self.transcript, context) {
                    Ok(()) => return Ok(()),
                    Err(error) => self.lost(error)?,
                },
            }
        }
    }

    /// What comes after a loss: another attempt, unless it is hopeless.
    fn lost(&mut self, error: Error) -> Result<()> {
        self.patience = None;
        self.backlog = None;
        let was_open = if let Link::Open(connection) = &mut self.link {
            if connection.worked() {
                self.backoff.succeeded();
            }
            true
        } else {
            false
        };
        // What was sent counts as unsent from now on, so that it shows whether there is anything to send.
        self.transcript.reconnect();
        if !error.is_retryable() {
            return Err(error);
        }
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

    /// Watches over the oldest request. One whose audio the service has not got through is not answered in part: where it
    /// no longer gets on, its connection counts as lost. Gives whether that was so.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Result<bool> {
        while let Some((id, was_sent)) = self.transcript.owes() {
            if self.is_over(id, context) {
                tracing::warn!("a final transcript could not be recovered in time and may lack words");
                self.transcript.out_of_patience();
                continue;
            }
            if !was_sent || self.backlog.is_some() {
                return Ok(false);
            }
            let (timeout, heard) = (self.shared.config.finalize_timeout, self.transcript.heard_until());
            let patience = match &mut self.patience {
                Some(patience) if patience.id == id => patience,
                patience => patience.insert(Patience { id, timer: Timer::new(timeout), heard }),
            };
            if heard > patience.heard {
                patience.heard = heard;
                patience.timer.restart();
            }
            if patience.timer.poll(context).is_pending() {
                return Ok(false);
            }
            if self.transcript.is_heard_out() {
                tracing::debug!(?timeout, "Deepgram did not answer a request for a final transcript");
                self.transcript.out_of_patience();
            } else {
                self.lost(Error::new(ErrorKind::Timeout, STT.stage, "Deepgram does not get on with what was said"))?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What waits when a connection begins is transcribed in one request, if it is much: live it would stay late.
    fn split_off_backlog(&mut self) {
        let config = &self.shared.config;
        let longest = config.longest_live_backlog.as_secs_f64() * RATE as f64;
        // Flux has no such request.
        if config.is_flux() || self.backlog_failed || self.transcript.waiting() as f64 <= longest {
            return;
        }
        let origin = self.transcript.next_sample();
        let audio = self.transcript.split_off_backlog(OVERLAP);
        self.backlog = Some((prerecorded::transcribe(&self.shared, audio, config.recovery_timeout), origin));
    }

    /// Takes in the words of a backlog. Without them everything is sent live after all.
    fn poll_backlog(&mut self, context: &mut Context<'_>) -> Result<()> {
        let Some((backlog, origin)) = &mut self.backlog else { return Ok(()) };
        let origin = *origin;
        let Poll::Ready(result) = backlog.poll_unpin(context) else { return Ok(()) };
        self.backlog = None;
        match result {
            Ok(words) => self.transcript.recovered(words, origin),
            Err(error) => {
                self.backlog_failed = true;
                self.lost(Error::new(ErrorKind::Unavailable, STT.stage, error.message()))?;
            }
        }
        Ok(())
    }

    /// Whether a request has taken as long as it may.
    fn is_over(&mut self, id: FinalizeId, context: &mut Context<'_>) -> bool {
        while self.deadlines.pop_front_if(|(older, _)| *older != id).is_some() {}
        self.deadlines.front_mut().is_some_and(|(_, deadline)| deadline.poll(context).is_ready())
    }

    /// Brings the connection and the requests on.
    fn poll_work(&mut self, context: &mut Context<'_>) -> Result<()> {
        self.poll_backlog(context)?;
        self.poll_link(context)?;
        // One that was begun just now is to be polled once.
        self.poll_backlog(context)?;
        while self.poll_patience(context)? {
            self.poll_link(context)?;
        }
        Ok(())
    }
}

impl Stream for Session {
    type Item = Result<SttEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if !matches!(this.link, Link::Ended) {
            this.poll_input(context);
            if let Err(error) = this.poll_work(context) {
                this.link = Link::Ended;
                this.failed = Some(error);
            }
        }
        if let Some(event) = this.transcript.event() {
            // The next turn may have better luck with its backlog.
            this.backlog_failed &= !matches!(event, SttEvent::Final { .. });
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
