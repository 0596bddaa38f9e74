//! A call to a provider written in JavaScript.

use crate::border::{Settled, settle};
use crate::errors::thrown;
use bytes::Bytes;
use futures::FutureExt;
use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Uint8Array};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use voice_core::foreign::{ForeignCall, ForeignError, ForeignHost, ForeignInput, ForeignItem, ForeignSink, SendError};
use voice_core::{CancelToken, Error, ErrorKind, Token};

/// Calls of the providers of an agent that may wait for JavaScript; more are refused.
const MOST_CALLS: usize = 1_024;

/// Begins a call in JavaScript. It does not keep the process alive: open sessions do.
pub(crate) type Begin = ThreadsafeFunction<NativeCall, (), NativeCall, napi::Status, false, true, MOST_CALLS>;

/// One provider written in JavaScript: the calls of an agent begin in one place, which tells its providers apart by number.
pub(crate) struct NodeHost {
    pub(crate) begin: Arc<Begin>,
    pub(crate) number: u32,
}

impl ForeignHost for NodeHost {
    fn begin(&self, call: ForeignCall) {
        let sink = call.sink.clone();
        let status = self.begin.call(NativeCall::new(call, self.number), ThreadsafeFunctionCallMode::NonBlocking);
        let reason = match status {
            napi::Status::Ok => return,
            napi::Status::QueueFull => "JavaScript does not keep up with the calls of its providers",
            _ => "JavaScript has ended",
        };
        let failure = ForeignError::new(reason).kind(ErrorKind::Unavailable);
        // Nothing was sent, so there is room: it waits for nothing.
        let _ = sink.finish(Err(failure)).now_or_never();
    }
}

/// What JavaScript threw, kept there under this number.
pub(crate) struct Thrown(pub(crate) u32);

/// One open call: what is asked, what goes in, and what comes out.
#[napi]
pub struct NativeCall {
    provider: u32,
    turn: u32,
    session: String,
    request: String,
    input: Option<ForeignInput>,
    /// `None` when the host is done with it.
    sink: Mutex<Option<ForeignSink>>,
    cancel: CancelToken,
    finished: CancelToken,
}

/// An item of a call's input.
#[napi(object, object_from_js = false)]
pub struct NativeItem {
    /// What it is.
    pub json: String,
    /// The bytes of its audio.
    pub audio: Option<Uint8Array>,
}

/// How a call failed.
#[napi(object, object_to_js = false)]
pub struct NativeFailure {
    /// What can be done about it.
    pub kind: String,
    /// In words.
    pub message: String,
    /// How long to leave it alone.
    pub retry_after_ms: Option<f64>,
    /// The number of what was thrown.
    pub thrown: u32,
}

impl NativeCall {
    fn new(call: ForeignCall, provider: u32) -> Self {
        Self {
            provider,
            turn: call.turn.0,
            session: call.session.to_string(),
            request: call.request,
            input: call.input,
            sink: Mutex::new(Some(call.sink)),
            cancel: call.cancel,
            finished: CancelToken::new(),
        }
    }
}

#[napi]
impl NativeCall {
    /// The number of the provider that is called.
    #[napi(getter)]
    pub fn provider(&self) -> u32 {
        self.provider
    }

    /// The turn that is served.
    #[napi(getter)]
    pub fn turn(&self) -> u32 {
        self.turn
    }

    /// The session that is served.
    #[napi(getter)]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// What is asked, as JSON.
    #[napi(getter)]
    pub fn request(&self) -> &str {
        &self.request
    }

    /// The next item of the input; `null` at its end, and when the call is over.
    // To look whether one is there before waiting for it would count as a wait of its own, and a simulated clock could move
    // between the two.
    #[napi(catch_unwind)]
    pub fn next<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<NativeItem>>> {
        let input = self.input.clone();
        env.spawn_future(async move {
            let item = match input {
                Some(input) => input.next().await,
                None => None,
            };
            Ok(item.map(|item| NativeItem { json: item.json, audio: item.audio.map(|audio| audio.to_vec().into()) }))
        })
    }

    /// Gives an item; false once the call is over.
    #[napi(catch_unwind)]
    pub fn send<'env>(&self, env: &'env Env, json: String, audio: Option<&[u8]>) -> napi::Result<Settled<'env, bool>> {
        let sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(sink) = sink else { return Ok(Settled::A(false)) };
        let item = ForeignItem { json, audio: audio.map(Bytes::copy_from_slice) };
        match sink.try_send(item) {
            Ok(None) => Ok(Settled::A(true)),
            Ok(Some(item)) => {
                let sent = async move { taken(sink.send(item).await).map_err(|error| thrown(&error)) };
                env.spawn_future(sent).map(Settled::B)
            }
            Err(error) => taken(Err(error)).map(Settled::A).map_err(|error| thrown(&error)),
        }
    }

    /// Ends the call, with what went wrong where something did.
    #[napi(catch_unwind)]
    pub fn finish(&self, failure: Option<NativeFailure>) {
        let sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.finished.cancel();
        let Some(sink) = sink else { return };
        let result = failure.map_or(Ok(()), |failure| Err(foreign_error(failure)));
        // It waits where items wait; nobody has to wait for it.
        napi::bindgen_prelude::spawn(async move { sink.finish(result).await });
    }

    /// Resolves with true as soon as nothing more is wanted, with false when the call was finished before.
    #[napi(catch_unwind)]
    pub fn cancelled<'env>(&self, env: &'env Env) -> napi::Result<Settled<'env, bool>> {
        let (cancelled, finished) = (self.cancel.cancelled(), self.finished.cancelled());
        settle(env, async move {
            tokio::select! {
                biased;
                () = cancelled => Ok::<_, Error>(true),
                () = finished => Ok(false),
            }
        })
    }
}

/// Whether an item was taken; a call that is over takes none, and that is no error.
fn taken(sent: Result<(), SendError>) -> Result<bool, Error> {
    match sent {
        Ok(()) => Ok(true),
        Err(SendError::Over(_)) => Ok(false),
        Err(SendError::Refused(error)) => Err(error),
    }
}

fn foreign_error(failure: NativeFailure) -> ForeignError {
    let retry_after = failure.retry_after_ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1_000.0).ok());
    ForeignError::new(failure.message).kind_named(&failure.kind, retry_after).token(Token::new(Thrown(failure.thrown)))
}
