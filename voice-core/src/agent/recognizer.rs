//! The session's one call to the recogniser.

use super::serving::Serving;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::id::TurnId;
use crate::stage::{CallContext, FinalizeId, SttEvent, SttInput, SttProvider};
use crate::stream::{HandoffSender, Weighted, handoff};
use crate::time::AudioTime;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Audio kept for a recogniser that falls behind: 60 s of 16 kHz PCM16. Past it the oldest is dropped and reported.
const AUDIO_BOUND: usize = 60 * 16_000 * 2;

impl Weighted for SttInput {
    fn weight(&self) -> usize {
        match self {
            Self::Audio { pcm, .. } => pcm.len(),
            Self::Finalize(_) => 0,
        }
    }
    fn may_be_dropped(&self) -> bool {
        matches!(self, Self::Audio { .. })
    }
}

pub(super) struct Recognizer {
    provider: Arc<dyn SttProvider>,
    cx: CallContext,
    call: Option<Call>,
    /// The turn in which the call failed: another one is begun with the next turn.
    failed_in: Option<TurnId>,
}

struct Call {
    input: HandoffSender<SttInput>,
    /// Something was left for the recogniser since it was last driven.
    left: bool,
    output: BoxStream<'static, Result<SttEvent>>,
    serving: Serving,
}

impl Call {
    /// Leaves something for the recogniser, which is driven next: waking the session's task for it would make that turn
    /// round once more for nothing.
    fn give(&mut self, input: SttInput) -> usize {
        self.left = true;
        self.input.leave(input)
    }
}

impl Recognizer {
    pub(super) fn new(provider: Arc<dyn SttProvider>, cx: CallContext) -> Self {
        let mut recognizer = Self { provider, cx, call: None, failed_in: None };
        recognizer.open();
        recognizer
    }

    fn open(&mut self) {
        let (input, stream) = handoff(AUDIO_BOUND);
        let output = self.provider.transcribe(stream.boxed(), self.cx.clone());
        let serving = Serving::new(self.provider.name());
        self.call = Some(Call { input, left: false, output, serving });
    }

    /// Gives audio of a turn; returns the ms of older audio that had to be dropped.
    pub(super) fn audio(&mut self, turn: TurnId, at: AudioTime, pcm: Bytes) -> u64 {
        if self.call.is_none() && self.failed_in != Some(turn) {
            self.open();
        }
        self.failed_in = self.failed_in.filter(|failed| *failed == turn);
        let Some(call) = &mut self.call else { return 0 };
        call.give(SttInput::Audio { turn, at, pcm }) as u64 / 32
    }

    pub(super) fn finalize(&mut self, id: FinalizeId) {
        if let Some(call) = &mut self.call {
            call.give(SttInput::Finalize(id));
        }
    }

    /// The next event; an error ends the call. Pending while there is none. Cancel-safe.
    pub(super) fn next(&mut self, turn: Option<TurnId>) -> impl Future<Output = Result<SttEvent>> + '_ {
        poll_fn(move |context| self.poll(turn, context))
    }

    fn poll(&mut self, turn: Option<TurnId>, context: &mut Context<'_>) -> Poll<Result<SttEvent>> {
        let Some(call) = &mut self.call else { return Poll::Pending };
        let polled = call.output.poll_next_unpin(context);
        if std::mem::take(&mut call.left) {
            // A call that has a task of its own did not take it just now.
            call.input.wake();
        }
        let result = match polled {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(event))) => return Poll::Ready(Ok(event)),
            Poll::Ready(Some(Err(error))) => error,
            Poll::Ready(None) => {
                Error::new(ErrorKind::Protocol, Stage::Stt, "the recogniser ended before the session did")
            }
        };
        self.call = None;
        self.failed_in = turn;
        Poll::Ready(Err(result))
    }

    /// Whom the event that was just given names as the one who serves, if it is the first to do so.
    pub(super) fn named_by(&mut self, event: &SttEvent) -> Option<Arc<str>> {
        let serving = &mut self.call.as_mut()?.serving;
        match event {
            SttEvent::Notice(notice) => {
                serving.heed(notice);
                None
            }
            _ => serving.result(),
        }
    }

    pub(super) fn stop(&mut self) {
        self.cx.cancel.cancel();
        self.call = None;
    }
}

/// The error that tells how much audio a recogniser that fell behind has missed.
pub(super) fn overrun(milliseconds: u64) -> Error {
    // Of the audio, not of the recogniser: it is still there and answers.
    let message = format!("the recogniser fell behind: {milliseconds} ms of speech were dropped");
    Error::new(ErrorKind::Unavailable, Stage::Audio, message)
}
