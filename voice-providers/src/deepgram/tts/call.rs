//! One reply: its text goes out sentence by sentence, its audio comes in. Driven by whoever polls it; no task.

use super::TTS;
use super::groups::{Groups, letters};
use super::pool::{Pool, Spoken};
use crate::deepgram::config::DeepgramTtsConfig;
use crate::deepgram::wire::{self, Incoming};
use crate::ws::Received;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use tokio_tungstenite::tungstenite::Message;
use voice_core::stage::{TtsEvent, TtsInput};
use voice_core::{Error, ErrorKind, Result};

/// Sentences taken in ahead of what could be sent; more wait where they are.
const AHEAD: usize = 16;

pub(super) struct Call {
    pool: Arc<Pool>,
    /// `None` when it has ended.
    input: Option<BoxStream<'static, TtsInput>>,
    link: Link,
    sample_rate: u32,
    stall_timeout: Duration,
    /// What was sent before any audio came, for one more try.
    said: Vec<TtsInput>,
    to_say: VecDeque<TtsInput>,
    /// The input was left alone for want of room.
    was_full: bool,
    /// Messages for which there was no room yet.
    messages: VecDeque<String>,
    groups: Groups,
    silence: Option<Pin<Box<Sleep>>>,
    /// Nothing has come that could be heard: a loss can be made good.
    unheard: bool,
    tried_again: bool,
}

enum Link {
    Connecting(BoxFuture<'static, Result<Spoken>>),
    Open(Box<Spoken>),
    Ended,
}

impl Call {
    pub(super) fn new(config: &DeepgramTtsConfig, pool: Arc<Pool>, input: BoxStream<'static, TtsInput>) -> Self {
        Self {
            link: Link::Connecting(Self::take_or_connect(pool.clone())),
            pool,
            input: Some(input),
            sample_rate: config.sample_rate,
            stall_timeout: config.stall_timeout,
            said: Vec::new(),
            to_say: VecDeque::new(),
            was_full: false,
            messages: VecDeque::new(),
            groups: Groups::new(config.sample_rate),
            silence: None,
            unheard: true,
            tried_again: false,
        }
    }

    fn take_or_connect(pool: Arc<Pool>) -> BoxFuture<'static, Result<Spoken>> {
        async move {
            match pool.take() {
                Some(spoken) => Ok(spoken),
                None => pool.connect().await,
            }
        }
        .boxed()
    }

    fn poll_input(&mut self, context: &mut Context<'_>) {
        while self.to_say.len() < AHEAD
            && let Some(input) = &mut self.input
        {
            match input.poll_next_unpin(context) {
                Poll::Pending => return,
                Poll::Ready(Some(item)) => self.to_say.push_back(item),
                // Without a flush at its end the reply ends all the same.
                Poll::Ready(None) => {
                    self.input = None;
                    self.to_say.push_back(TtsInput::Flush);
                }
            }
        }
        self.was_full = self.to_say.len() >= AHEAD;
    }

    fn poll_link(&mut self, context: &mut Context<'_>) -> Result<()> {
        loop {
            let result = match &mut self.link {
                Link::Ended => return Ok(()),
                Link::Connecting(connecting) => match connecting.poll_unpin(context) {
                    Poll::Pending => return Ok(()),
                    Poll::Ready(Ok(spoken)) => {
                        self.link = Link::Open(Box::new(spoken));
                        continue;
                    }
                    Poll::Ready(Err(error)) => Err(error),
                },
                Link::Open(_) => self.converse(context),
            };
            let Err(error) = result else { return Ok(()) };
            self.try_again(error)?;
        }
    }

    /// Before anything was heard, a connection that failed is replaced, once.
    fn try_again(&mut self, error: Error) -> Result<()> {
        if self.tried_again || !self.unheard || !error.is_retryable() {
            return Err(error);
        }
        tracing::debug!(%error, "the reply is begun again on another connection");
        self.tried_again = true;
        self.groups = Groups::new(self.sample_rate);
        self.messages.clear();
        self.silence = None;
        for item in self.said.drain(..).rev() {
            self.to_say.push_front(item);
        }
        self.link = Link::Connecting(self.pool.connect());
        Ok(())
    }

    /// Reads, writes and keeps time until there is no more to do now.
    fn converse(&mut self, context: &mut Context<'_>) -> Result<()> {
        let Link::Open(spoken) = &mut self.link else { return Ok(()) };
        // What has come is given on before more is read: the end of a connection must not overtake it.
        while !self.groups.has_events()
            && let Poll::Ready(received) = spoken.line.poll_receive(context)
        {
            self.silence = None;
            match received? {
                Received::Binary(bytes) => {
                    self.unheard = false;
                    self.said.clear();
                    self.groups.audio(bytes);
                }
                Received::Text(text) => match wire::read(&text) {
                    Incoming::Flushed => self.groups.flushed(),
                    Incoming::Error(words) => {
                        let message = format!("Deepgram could not speak ({words})");
                        return Err(Error::new(ErrorKind::Unavailable, TTS.stage, message));
                    }
                    Incoming::Warning(words) => tracing::warn!(words, "Deepgram warns"),
                    Incoming::Results(_) | Incoming::Other => {}
                },
            }
        }
        self.send(context)?;
        self.watch(context)
    }

    fn send(&mut self, context: &mut Context<'_>) -> Result<()> {
        loop {
            while self.messages.is_empty() && !self.to_say.is_empty() {
                self.compose();
            }
            let Link::Open(spoken) = &mut self.link else { return Ok(()) };
            if self.messages.is_empty() {
                return match spoken.line.poll_flush(context) {
                    Poll::Ready(result) => result,
                    Poll::Pending => Ok(()),
                };
            }
            match spoken.line.poll_ready(context) {
                Poll::Pending => return Ok(()),
                Poll::Ready(ready) => ready?,
            }
            if let Some(message) = self.messages.pop_front() {
                spoken.line.send(Message::text(message))?;
            }
        }
    }

    /// Makes messages of the next piece of text.
    fn compose(&mut self) {
        let Link::Open(spoken) = &mut self.link else { return };
        let Some(item) = self.to_say.pop_front() else { return };
        let mut flush = matches!(item, TtsInput::Flush);
        if let TtsInput::Text { sentence, text } = &item {
            let lead = if self.groups.is_open() { " " } else { "" };
            self.groups.add(*sentence, text);
            if letters(text) > 0 {
                self.messages.extend(wire::speak(lead, text));
            }
            flush = spoken.may_flush();
        }
        if flush && self.groups.close() {
            spoken.flushed();
            self.messages.push_back(wire::FLUSH.to_owned());
        }
        if self.unheard {
            self.said.push(item);
        }
    }

    /// A service that owes audio and gives none is not there, whatever the socket says.
    fn watch(&mut self, context: &mut Context<'_>) -> Result<()> {
        if !self.groups.owes() && self.messages.is_empty() {
            self.silence = None;
            return Ok(());
        }
        let silence = self.silence.get_or_insert_with(|| Box::pin(sleep(self.stall_timeout)));
        match silence.poll_unpin(context) {
            Poll::Pending => Ok(()),
            Poll::Ready(()) => Err(Error::new(ErrorKind::Timeout, TTS.stage, "Deepgram gives no audio")),
        }
    }

    fn is_done(&self) -> bool {
        self.input.is_none() && self.to_say.is_empty() && self.messages.is_empty() && self.groups.is_empty()
    }

    /// A clean end: the connection may serve the next reply.
    fn finish(&mut self) -> Poll<Option<Result<TtsEvent>>> {
        if let Link::Open(spoken) = std::mem::replace(&mut self.link, Link::Ended) {
            self.pool.give_back(*spoken);
        }
        Poll::Ready(None)
    }
}

impl Stream for Call {
    type Item = Result<TtsEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(event) = this.groups.event() {
            return Poll::Ready(Some(Ok(event)));
        }
        if matches!(this.link, Link::Ended) {
            return Poll::Ready(None);
        }
        this.poll_input(context);
        if this.is_done() {
            return this.finish();
        }
        if let Err(error) = this.poll_link(context) {
            this.link = Link::Ended;
            this.input = None;
            this.groups = Groups::new(this.sample_rate);
            return Poll::Ready(Some(Err(error)));
        }
        if let Some(event) = this.groups.event() {
            return Poll::Ready(Some(Ok(event)));
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
