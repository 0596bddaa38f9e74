//! Voice activity detection of the host.

use super::call::{Answer, ForeignHost, ForeignKind, begin, complete};
use super::input::{Deferred, Source};
use super::item::{ForeignItem, Given};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::json::written;
use crate::stage::{CallContext, Vad};
use bytes::Bytes;
use futures::channel::mpsc;
use futures::stream::StreamExt;
use serde::Serialize;
use std::fmt;
use std::task::{Context, Poll, Waker};

/// Audio that may wait for the host, in s: as much as a client may be ahead of real time. More is left out, and it is told.
const QUEUE_S: usize = 2;

/// A detector of the host. A window goes into a bounded queue, and what is given for it is the newest probability that the
/// host has told by then: that of the window before when the host answers within a window (32 ms for windows of 512 samples
/// at 16 kHz), which a session waits for, also where audio comes faster than in real time; an older one when the host takes
/// longer, and 0 before the first. [`lag`](Self::lag) tells how many windows behind it is. Everything that is counted from
/// the detector's word, onsets and ends of speech, comes so much later.
///
/// A host that is 2 s behind misses windows; that is an error of the kind `Unavailable`, once as long as it lasts. A host
/// that fails is asked no more: the error is given for each window, and the session tells it once.
pub struct ForeignVad {
    sample_rate: u32,
    window_len: usize,
    answer: Answer,
    items: mpsc::Sender<Deferred>,
    probability: f32,
    /// Windows given to the host since it forgot the stream, and answered.
    given: u64,
    answered: u64,
    /// Answers to windows from before the host was told to forget.
    void: u64,
    failed: Option<(ErrorKind, String)>,
    /// The error itself, until it is given: it brings the exception of the host.
    untold: Option<Error>,
    ended: bool,
}

#[derive(Serialize)]
struct Request {
    sample_rate: u32,
    window_len: usize,
}

impl ForeignVad {
    /// A detector for one session that `host` serves, for windows of `window_len` samples at `sample_rate` Hz.
    ///
    /// # Errors
    /// `InvalidConfig` for a window or a rate of nothing.
    pub fn new(sample_rate: u32, window_len: usize, host: &dyn ForeignHost) -> Result<Self> {
        if sample_rate == 0 || window_len == 0 {
            let message = format!("windows of {window_len} samples at {sample_rate} Hz");
            return Err(Error::new(ErrorKind::InvalidConfig, Stage::Vad, message));
        }
        // Room for one item more is the sender's own.
        let (items, waiting) = mpsc::channel((QUEUE_S * sample_rate as usize).div_ceil(window_len));
        let request = written(&Request { sample_rate, window_len });
        let answer =
            begin(host, ForeignKind::Vad, request, Source::Queue(waiting), &CallContext::detached(), None, complete());
        Ok(Self {
            sample_rate,
            window_len,
            answer,
            items,
            probability: 0.0,
            given: 0,
            answered: 0,
            void: 0,
            failed: None,
            untold: None,
            ended: false,
        })
    }

    /// Windows given to the host that it has not answered.
    pub fn lag(&self) -> u64 {
        self.given - self.answered
    }

    /// Whether there was room.
    fn send(&mut self, item: ForeignItem) -> bool {
        self.items.try_send(Box::new(move || item)).is_ok()
    }

    /// Takes one thing that the host has told.
    fn take(&mut self, given: Option<Result<Given>>) {
        match given {
            Some(Ok(Given::Vad(_))) if self.void > 0 => self.void -= 1,
            Some(Ok(Given::Vad(probability))) => {
                self.probability = probability;
                self.answered = (self.answered + 1).min(self.given);
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                self.failed = Some((error.kind().clone(), error.message().to_owned()));
                self.untold = Some(error);
            }
            None => self.ended = true,
        }
    }

    fn is_over(&self) -> bool {
        self.ended || self.failed.is_some()
    }

    /// Takes what the host has told by now.
    fn listen(&mut self) -> Result<()> {
        let mut context = Context::from_waker(Waker::noop());
        while !self.is_over()
            && let Poll::Ready(given) = self.answer.poll_next_unpin(&mut context)
        {
            self.take(given);
        }
        if let Some(error) = self.untold.take() {
            return Err(error);
        }
        match &self.failed {
            Some((kind, message)) => Err(Error::new(kind.clone(), Stage::Vad, message.clone())),
            None if self.ended => {
                let message = "the detector ended before the session did";
                Err(Error::new(ErrorKind::Protocol, Stage::Vad, message))
            }
            None => Ok(()),
        }
    }
}

impl Vad for ForeignVad {
    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn window_len(&self) -> usize {
        self.window_len
    }

    fn speech_probability(&mut self, window: &[f32]) -> Result<f32> {
        if window.len() != self.window_len {
            let message = format!("the detector takes windows of {} samples, not {}", self.window_len, window.len());
            return Err(Error::new(ErrorKind::InvalidInput, Stage::Vad, message));
        }
        self.listen()?;
        let samples: Vec<u8> = window.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let item = ForeignItem { json: r#"{"type":"window"}"#.to_owned(), audio: Some(Bytes::from(samples)) };
        if !self.send(item) {
            let message = format!("the detector is {} windows behind and misses some", self.lag());
            return Err(Error::new(ErrorKind::Unavailable, Stage::Vad, message));
        }
        self.given += 1;
        Ok(self.probability)
    }

    fn reset(&mut self) {
        // What is on its way belongs to the stream before. Where there is no room to say so, the host hears a gap.
        self.void += self.lag();
        (self.given, self.answered, self.probability) = (0, 0, 0.0);
        self.send(ForeignItem::json(r#"{"type":"reset"}"#));
    }

    fn answers_later(&self) -> bool {
        true
    }

    fn poll_answered(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // What has failed is told with the next window.
        while !self.is_over() && self.void + self.lag() > 0 {
            let given = std::task::ready!(self.answer.poll_next_unpin(context));
            self.take(given);
        }
        Poll::Ready(())
    }
}

impl fmt::Debug for ForeignVad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignVad").field("lag", &self.lag()).finish_non_exhaustive()
    }
}
