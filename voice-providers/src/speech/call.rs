//! One reply: its text goes out sentence by sentence, its audio comes in. Driven by whoever polls it; no task.

use super::pool::{Connection, Pool};
use super::{Cancel, Heard, Voice};
use crate::backoff::Backoff;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use voice_core::stage::{CallContext, TtsEvent, TtsInput};
use voice_core::{Error, ErrorKind, Result};

/// Sentences taken in ahead of what could be sent; more wait where they are.
const AHEAD: usize = 16;
/// The longest pause before the first other attempt: a listener is waiting.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// A service that wants to be left alone for longer is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Call<V: Voice> {
    pool: Arc<Pool<V>>,
    voice: V,
    /// `None` when it has ended.
    input: Option<BoxStream<'static, TtsInput>>,
    link: Link<V>,
    stall_timeout: Duration,
    to_say: VecDeque<TtsInput>,
    /// The input was left alone for want of room.
    was_full: bool,
    /// Something was said, and that no more follows.
    has_begun: bool,
    has_ended: bool,
    /// Messages for which there was no room yet.
    messages: VecDeque<String>,
    /// Since the service last did something, while it owes something.
    silence: Option<Pin<Box<Sleep>>>,
    backoff: Backoff,
    /// Why it ended, to be told after what was heard before.
    failed: Option<Error>,
}

enum Link<V: Voice> {
    /// Until the next attempt.
    Waiting(Pin<Box<Sleep>>),
    Connecting(BoxFuture<'static, Result<Connection<V>>>),
    Open(Box<Connection<V>>),
    Ended,
}

/// What failed.
enum Loss {
    Connection(Error),
    Reply(Error),
}

impl<V: Voice> Call<V> {
    pub(crate) fn new(
        voice: V,
        pool: Arc<Pool<V>>,
        stall_timeout: Duration,
        input: BoxStream<'static, TtsInput>,
        cx: &CallContext,
    ) -> Self {
        let mut seed = DefaultHasher::new();
        (&cx.session, cx.turn).hash(&mut seed);
        Self {
            link: Link::Connecting(pool.take_or_connect()),
            pool,
            voice,
            input: Some(input),
            stall_timeout,
            to_say: VecDeque::new(),
            was_full: false,
            has_begun: false,
            has_ended: false,
            messages: VecDeque::new(),
            silence: None,
            backoff: Backoff::new(FIRST_PAUSE, seed.finish()),
            failed: None,
        }
    }

    fn poll_input(&mut self, context: &mut Context<'_>) {
        while self.to_say.len() < AHEAD
            && let Some(input) = &mut self.input
        {
            match input.poll_next_unpin(context) {
                Poll::Pending => return,
                Poll::Ready(Some(item)) => {
                    self.has_begun = true;
                    self.to_say.push_back(item);
                }
                Poll::Ready(None) => self.input = None,
            }
        }
        self.was_full = self.to_say.len() >= AHEAD;
    }

    fn poll_link(&mut self, context: &mut Context<'_>) -> Result<()> {
        loop {
            let result = match &mut self.link {
                Link::Ended => return Ok(()),
                Link::Waiting(pause) => match pause.poll_unpin(context) {
                    Poll::Pending => return Ok(()),
                    Poll::Ready(()) => {
                        self.link = Link::Connecting(self.pool.take_or_connect());
                        continue;
                    }
                },
                Link::Connecting(connecting) => match connecting.poll_unpin(context) {
                    Poll::Pending => return Ok(()),
                    Poll::Ready(Ok(connection)) => {
                        self.link = Link::Open(Box::new(connection));
                        continue;
                    }
                    Poll::Ready(Err(error)) => Err(Loss::Connection(error)),
                },
                Link::Open(_) => self.converse(context),
            };
            let Err(loss) = result else { return Ok(()) };
            self.try_again(loss)?;
        }
    }

    /// What was not heard is said again on another connection; once, until there is audio again.
    fn try_again(&mut self, loss: Loss) -> Result<()> {
        let link = std::mem::replace(&mut self.link, Link::Ended);
        let (error, was_used) = match (loss, link) {
            (Loss::Reply(error), Link::Open(connection)) => {
                if V::OUTLIVES_ERRORS {
                    self.pool.give_back(*connection);
                }
                (error, false)
            }
            (Loss::Connection(error), Link::Open(connection)) => (error, connection.is_used),
            (Loss::Connection(error) | Loss::Reply(error), _) => (error, false),
        };
        if !error.is_retryable() || (!was_used && self.backoff.failures() > 0) {
            return Err(error);
        }
        // One that had waited says nothing of the service: it is replaced at once.
        let pause = if was_used { None } else { Some(self.backoff.failed(&error)) };
        if pause.is_some_and(|pause| pause > LONGEST_PAUSE) {
            return Err(error);
        }
        let Some(unspoken) = self.voice.begin_again() else { return Err(error) };
        tracing::debug!(%error, ?pause, "what was not heard of the reply is said again");
        self.messages.clear();
        self.silence = None;
        self.has_ended = false;
        for item in unspoken.into_iter().rev() {
            self.to_say.push_front(item);
        }
        self.link = match pause {
            None => Link::Connecting(self.pool.connect()),
            Some(pause) => Link::Waiting(Box::pin(sleep(pause))),
        };
        Ok(())
    }

    /// Reads, writes and keeps time until there is no more to do now.
    fn converse(&mut self, context: &mut Context<'_>) -> Result<(), Loss> {
        let Link::Open(connection) = &mut self.link else { return Ok(()) };
        // What has come is given on before more is read: the end of a connection must not overtake it.
        while !self.voice.groups().has_events()
            && let Poll::Ready(received) = connection.line.poll_receive(context)
        {
            let received = received.map_err(Loss::Connection)?;
            if self.voice.hear(received, &mut connection.memory).map_err(Loss::Reply)? == Heard::Progress {
                self.silence = None;
            }
        }
        if self.voice.groups().take_progress() {
            self.backoff.succeeded();
        }
        self.send(context).map_err(Loss::Connection)?;
        self.watch(context).map_err(Loss::Connection)
    }

    fn send(&mut self, context: &mut Context<'_>) -> Result<()> {
        loop {
            while self.messages.is_empty() && self.compose() {}
            let Link::Open(connection) = &mut self.link else { return Ok(()) };
            if self.messages.is_empty() {
                return match connection.line.poll_flush(context) {
                    Poll::Ready(result) => result,
                    Poll::Pending => Ok(()),
                };
            }
            match connection.line.poll_ready(context) {
                Poll::Pending => return Ok(()),
                Poll::Ready(ready) => ready?,
            }
            if let Some(message) = self.messages.pop_front() {
                connection.send(message)?;
            }
        }
    }

    /// Makes messages of the next piece of text, or of its end; `false` when there is nothing to be said.
    fn compose(&mut self) -> bool {
        let Link::Open(connection) = &mut self.link else { return false };
        if let Some(item) = self.to_say.pop_front() {
            self.voice.say(item, &mut connection.memory, &mut self.messages);
            return true;
        }
        if self.input.is_some() || self.has_ended {
            return false;
        }
        self.has_ended = true;
        self.voice.end(&mut connection.memory, &mut self.messages);
        true
    }

    /// A service that owes audio and gives none is not there, whatever the socket says.
    fn watch(&mut self, context: &mut Context<'_>) -> Result<()> {
        if !self.voice.owes() && self.messages.is_empty() {
            self.silence = None;
            return Ok(());
        }
        let silence = self.silence.get_or_insert_with(|| Box::pin(sleep(self.stall_timeout)));
        match silence.poll_unpin(context) {
            Poll::Pending => Ok(()),
            Poll::Ready(()) => {
                let message = format!("{} gives no audio", V::ASKED.service);
                Err(Error::new(ErrorKind::Timeout, V::ASKED.stage, message))
            }
        }
    }

    fn is_done(&mut self) -> bool {
        self.input.is_none()
            && self.to_say.is_empty()
            && (self.has_ended || !self.has_begun)
            && self.messages.is_empty()
            && !self.voice.owes()
            && self.voice.groups().is_empty()
    }

    /// A clean end: the connection may serve the next reply.
    fn finish(&mut self) -> Poll<Option<Result<TtsEvent>>> {
        if let Link::Open(connection) = std::mem::replace(&mut self.link, Link::Ended) {
            self.pool.give_back(*connection);
        }
        Poll::Ready(None)
    }
}

impl<V: Voice> Stream for Call<V> {
    type Item = Result<TtsEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(event) = this.voice.event() {
            return Poll::Ready(Some(Ok(event)));
        }
        if matches!(this.link, Link::Ended) {
            return Poll::Ready(this.failed.take().map(Err));
        }
        this.poll_input(context);
        if this.is_done() {
            return this.finish();
        }
        if let Err(error) = this.poll_link(context) {
            this.link = Link::Ended;
            this.input = None;
            this.failed = Some(error);
        }
        if let Some(event) = this.voice.event() {
            return Poll::Ready(Some(Ok(event)));
        }
        if let Some(error) = this.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if this.input.is_some() && this.was_full && this.to_say.len() < AHEAD {
            this.was_full = false;
            context.waker().wake_by_ref();
        }
        if this.is_done() {
            return this.finish();
        }
        Poll::Pending
    }
}

impl<V: Voice> Drop for Call<V> {
    /// The service hears at once that the rest is not wanted.
    fn drop(&mut self) {
        let Link::Open(mut connection) = std::mem::replace(&mut self.link, Link::Ended) else { return };
        let is_clean = match self.voice.cancel(&mut connection.memory) {
            Cancel::Message(message) => connection.send_now(message),
            Cancel::Unneeded => true,
            Cancel::Close => false,
        };
        if is_clean {
            self.pool.give_back(*connection);
        }
    }
}
