//! One reply being spoken: what its stream and the workers share, and the stream itself.

use super::SAMPLE_RATE;
use super::flite::{Listener, Voice};
use super::text::{Piece, pieces};
use super::timing::{TokenTime, word_timings};
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{BoxStream, Stream, StreamExt};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use voice_core::stage::{TtsEvent, TtsInput};
use voice_core::{CancelToken, Error, Result, SentenceId};

/// Samples nobody has fetched at which no further piece is begun: 10 s.
const MOST_UNFETCHED: usize = 10 * SAMPLE_RATE as usize;

/// What the stream of one reply and the workers share.
#[derive(Default)]
pub(super) struct Reply {
    stopped: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    events: VecDeque<Result<TtsEvent>>,
    unfetched: usize,
    speaking: bool,
    /// Samples of the sentence in hand so far.
    sentence_samples: usize,
    waker: Option<Waker>,
}

impl Reply {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Speaks one piece, on a worker.
    pub(super) fn speak(&self, voice: &Voice, sentence: SentenceId, piece: &Piece) {
        let result = if self.stopped.load(Ordering::Relaxed) {
            Ok(())
        } else {
            voice.speak(&piece.spoken, &mut PieceListener { reply: self, sentence, piece })
        };
        let mut state = self.lock();
        state.speaking = false;
        match result {
            Ok(()) => state.wake(),
            Err(error) => state.push(Err(error)),
        }
    }

    /// There is no time for the piece in hand.
    pub(super) fn refuse(&self, error: Error) {
        let mut state = self.lock();
        state.speaking = false;
        state.push(Err(error));
    }

    /// Nothing more is wanted.
    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        *self.lock() = State::default();
    }
}

impl State {
    fn push(&mut self, event: Result<TtsEvent>) {
        self.events.push_back(event);
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn fetch(&mut self) -> Option<Result<TtsEvent>> {
        let event = self.events.pop_front()?;
        if let Ok(TtsEvent::Audio { pcm, .. }) = &event {
            self.unfetched -= pcm.len() / 2;
        }
        Some(event)
    }
}

struct PieceListener<'a> {
    reply: &'a Reply,
    sentence: SentenceId,
    piece: &'a Piece,
}

impl Listener for PieceListener<'_> {
    fn tokens(&mut self, tokens: Vec<TokenTime>) {
        let mut state = self.reply.lock();
        let offset_ms = state.sentence_samples as f32 * 1000.0 / SAMPLE_RATE as f32;
        if let Some(words) = word_timings(&self.piece.words, &tokens, offset_ms) {
            state.push(Ok(TtsEvent::Words { sentence: self.sentence, words }));
        }
    }

    fn samples(&mut self, samples: &[i16]) -> bool {
        if self.reply.stopped.load(Ordering::Relaxed) {
            return false;
        }
        let pcm: Bytes = samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect::<Vec<_>>().into();
        let mut state = self.reply.lock();
        state.unfetched += samples.len();
        state.sentence_samples += samples.len();
        state.push(Ok(TtsEvent::Audio { sentence: self.sentence, pcm }));
        true
    }
}

/// Hears nothing, to the end.
pub(super) struct Nobody;

impl Listener for Nobody {
    fn tokens(&mut self, _tokens: Vec<TokenTime>) {}

    fn samples(&mut self, _samples: &[i16]) -> bool {
        true
    }
}

/// The events of one reply. At most one piece is with the workers at a time, so that sentences keep their order.
pub(super) struct Speech<F> {
    submit: F,
    reply: Arc<Reply>,
    input: Option<BoxStream<'static, TtsInput>>,
    /// The sentence in hand, until its end has been said, and what is left to speak of it.
    sentence: Option<(SentenceId, VecDeque<Piece>)>,
    cancelled: BoxFuture<'static, ()>,
    ended: bool,
}

impl<F: Fn(&Arc<Reply>, SentenceId, Piece) + Unpin> Speech<F> {
    pub(super) fn new(input: BoxStream<'static, TtsInput>, cancel: &CancelToken, submit: F) -> Self {
        let cancelled = cancel.cancelled().boxed();
        Self { submit, reply: Arc::default(), input: Some(input), sentence: None, cancelled, ended: false }
    }

    /// Begins what can be begun: pieces of the sentence in hand, then the next sentence.
    fn advance(&mut self, cx: &mut Context<'_>) {
        loop {
            let mut state = self.reply.lock();
            state.waker = Some(cx.waker().clone());
            if state.speaking || state.unfetched >= MOST_UNFETCHED {
                return;
            }
            match &mut self.sentence {
                Some((sentence, pieces)) => match pieces.pop_front() {
                    Some(piece) => {
                        state.speaking = true;
                        drop(state);
                        (self.submit)(&self.reply, *sentence, piece);
                    }
                    None => {
                        state.events.push_back(Ok(TtsEvent::SentenceEnd { sentence: *sentence }));
                        state.sentence_samples = 0;
                        self.sentence = None;
                    }
                },
                None => {
                    drop(state);
                    let Some(input) = &mut self.input else { return };
                    match input.poll_next_unpin(cx) {
                        Poll::Ready(Some(TtsInput::Text { sentence, text })) => {
                            self.sentence = Some((sentence, pieces(&text).into()));
                        }
                        // Nothing is ever held back.
                        Poll::Ready(Some(TtsInput::Flush)) => {}
                        Poll::Ready(None) => self.input = None,
                        Poll::Pending => return,
                    }
                }
            }
        }
    }

    fn end(&mut self, last: Option<Result<TtsEvent>>) -> Poll<Option<Result<TtsEvent>>> {
        self.ended = true;
        self.input = None;
        self.reply.stop();
        Poll::Ready(last)
    }
}

impl<F: Fn(&Arc<Reply>, SentenceId, Piece) + Unpin> Stream for Speech<F> {
    type Item = Result<TtsEvent>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.cancelled.poll_unpin(cx).is_ready() {
            return self.end(None);
        }
        self.advance(cx);
        let (event, speaking) = {
            let mut state = self.reply.lock();
            (state.fetch(), state.speaking)
        };
        match event {
            Some(Ok(event)) => Poll::Ready(Some(Ok(event))),
            Some(Err(error)) => self.end(Some(Err(error))),
            None if !speaking && self.input.is_none() && self.sentence.is_none() => self.end(None),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Speech<F> {
    fn drop(&mut self) {
        self.reply.stop();
    }
}
