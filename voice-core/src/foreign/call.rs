//! One call to a provider of the host, seen from both sides.

use super::hold::{Activity, ClockHold};
use super::input::{Feed, ForeignInput, Source};
use super::item::Given;
use super::sink::{FillIn, ForeignSink, Outlet};
use crate::cancel::CancelToken;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::id::{SessionId, TurnId};
use crate::stage::CallContext;
use futures::stream::Stream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tokio_util::sync::WaitForCancellationFutureOwned;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ForeignKind {
    /// A recogniser: audio in, transcripts out; one call a session.
    Stt,
    /// A language model: a request, pieces of text and calls to tools out.
    Llm,
    /// A synthesiser: sentences in, audio out; one call a reply.
    Tts,
    /// A tool: arguments, one output.
    Tool,
    /// Voice activity detection: windows in, probabilities out; one call a session.
    Vad,
}

impl ForeignKind {
    /// The kind as one lower-case word.
    pub fn as_str(self) -> &'static str {
        self.stage().as_str()
    }

    /// The stage it serves.
    pub fn stage(self) -> Stage {
        match self {
            Self::Stt => Stage::Stt,
            Self::Llm => Stage::Llm,
            Self::Tts => Stage::Tts,
            Self::Tool => Stage::Tool,
            Self::Vad => Stage::Vad,
        }
    }
}

/// What serves calls in the language of the host.
pub trait ForeignHost: Send + Sync {
    /// Begins a call. Must hand it on, to an event loop or a thread, and return at once: it runs on the session's task.
    fn begin(&self, call: ForeignCall);
}

impl<F: Fn(ForeignCall) + Send + Sync> ForeignHost for F {
    fn begin(&self, call: ForeignCall) {
        self(call);
    }
}

/// One call, as the host gets it.
#[derive(Debug)]
#[non_exhaustive]
pub struct ForeignCall {
    /// What it is for.
    pub kind: ForeignKind,
    /// The session served.
    pub session: SessionId,
    /// The turn served; for recognisers and detectors, the one in which the call began.
    pub turn: TurnId,
    /// What is asked, as JSON; [`item`](super::item) shows it.
    pub request: String,
    /// What comes in while the call lasts; `None` where the request says all.
    pub input: Option<ForeignInput>,
    /// Where the answer goes.
    pub sink: ForeignSink,
    /// Cancelled as soon as nothing more is wanted: the call was cancelled or dropped. Not by its own end.
    pub cancel: CancelToken,
}

/// Items that may wait for the core; then the host waits.
const QUEUE: usize = 16;

/// What becomes of a call: its items, then its end. Dropping it ends the call.
pub(super) struct Answer {
    kind: ForeignKind,
    items: mpsc::Receiver<Result<Given>>,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    cancel: CancelToken,
    /// Also cancelled by the end of the call: what the host waits for will not come.
    over: CancelToken,
    feed: Option<Feed>,
    activity: Arc<Activity>,
    ended: bool,
}

/// Nothing is left open.
pub(super) fn complete() -> FillIn {
    FillIn(Box::new(|_| ()))
}

/// Begins a call.
pub(super) fn begin(
    host: &dyn ForeignHost,
    kind: ForeignKind,
    request: String,
    source: Source,
    cx: &CallContext,
    hold: Option<ClockHold>,
    fill_in: FillIn,
) -> Answer {
    let cancel = cx.cancel.child();
    let (sender, answers) = mpsc::channel(QUEUE);
    let activity = Activity::begin(hold);
    let over = cancel.child();
    let (feed, input) = source.open(&activity, &over);
    let sink = ForeignSink::new(Outlet::new(kind, sender, activity.clone(), over.clone(), fill_in));
    let call =
        ForeignCall { kind, session: cx.session.clone(), turn: cx.turn, request, input, sink, cancel: cancel.clone() };
    // Nobody wants what was cancelled before it began.
    if !cancel.is_cancelled() {
        host.begin(call);
    }
    let cancelled = Box::pin(cancel.cancelled());
    Answer { kind, items: answers, cancelled, cancel, over, feed, activity, ended: false }
}

impl Answer {
    /// Nothing more is wanted, or nothing more will come: both sides let go.
    fn end(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            self.activity.end();
            self.over.cancel();
            self.items.close();
            self.feed = None;
        }
    }
}

impl Stream for Answer {
    type Item = Result<Given>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Given>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.cancelled.as_mut().poll(context).is_ready() {
            self.end();
            return Poll::Ready(None);
        }
        if self.feed.as_mut().is_some_and(|feed| feed.poll(context).is_ready()) {
            self.feed = None;
        }
        let item = std::task::ready!(self.items.poll_recv(context));
        let item = match item {
            Some(Ok(Given::End)) => None,
            None => {
                let message = "the host let go of the call without an end";
                Some(Err(Error::new(ErrorKind::Internal, self.kind.stage(), message)))
            }
            item => item,
        };
        if !matches!(item, Some(Ok(_))) {
            self.end();
        }
        Poll::Ready(item)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.ended {
            self.cancel.cancel();
        }
        self.end();
    }
}
