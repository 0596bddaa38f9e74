//! A call to a provider written in JavaScript.

use crate::border::{Settled, settle};
use crate::seam::{ForeignCall, ForeignInput, ForeignSink, Host, Item};
use bytes::Bytes;
use napi::Env;
use napi::bindgen_prelude::Int16Array;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};
use voice_core::audio::pcm;
use voice_core::{CancelToken, ErrorKind};

/// Begins a call in JavaScript. An agent does not keep the process alive: its open sessions do.
pub(crate) type Begin = ThreadsafeFunction<NativeCall, (), NativeCall, napi::Status, false, true>;

/// The providers of one agent that are written in JavaScript.
pub(crate) struct NodeHost(pub(crate) Begin);

impl Host for NodeHost {
    fn begin(&self, call: ForeignCall) {
        // Where JavaScript has ended the call is dropped, and the provider seems to end without a word.
        self.0.call(NativeCall::new(call), ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// One open call: what is asked, what goes in, and what comes out.
#[napi]
pub struct NativeCall {
    kind: &'static str,
    request: String,
    input: Arc<tokio::sync::Mutex<Option<ForeignInput>>>,
    sink: Mutex<Option<ForeignSink>>,
    cancel: CancelToken,
}

/// An item of a call's input.
#[napi(object, object_from_js = false)]
pub struct NativeItem {
    /// What it is.
    pub json: String,
    /// Its audio.
    pub pcm: Option<Int16Array>,
}

impl NativeCall {
    fn new(call: ForeignCall) -> Self {
        Self {
            kind: call.kind,
            request: call.request,
            input: Arc::new(tokio::sync::Mutex::new(call.input)),
            sink: Mutex::new(Some(call.sink)),
            cancel: call.cancel,
        }
    }
}

#[derive(Deserialize)]
struct Thrown {
    kind: ErrorKind,
    message: String,
}

#[napi]
impl NativeCall {
    /// The stage that is called.
    #[napi(getter)]
    pub fn kind(&self) -> &str {
        self.kind
    }

    /// What is asked, as JSON.
    #[napi(getter)]
    pub fn request(&self) -> &str {
        &self.request
    }

    /// The next item of the input; `null` at its end.
    #[napi]
    pub fn next<'env>(&self, env: &'env Env) -> napi::Result<Settled<'env, Option<NativeItem>>> {
        let (input, cancelled) = (self.input.clone(), self.cancel.cancelled());
        settle(env, async move {
            let mut input = input.lock().await;
            let Some(input) = input.as_mut() else { return Ok(None) };
            tokio::select! {
                biased;
                () = cancelled => Ok(None),
                item = input.next() => Ok(item.map(native_item)),
            }
        })
    }

    /// Gives an item; false once the call is over.
    #[napi]
    pub fn send<'env>(
        &self,
        env: &'env Env,
        json: String,
        pcm: Option<&[u8]>,
    ) -> napi::Result<Settled<'env, bool>> {
        let sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let item = Item { json, pcm: pcm.map(Bytes::copy_from_slice) };
        settle(env, async move {
            match sink {
                Some(sink) => Ok(sink.send(item).await),
                None => Ok(false),
            }
        })
    }

    /// Ends the call, with an error where there was one.
    #[napi]
    pub fn finish<'env>(&self, env: &'env Env, error: Option<String>) -> napi::Result<Settled<'env, ()>> {
        let sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner).take();
        settle(env, async move {
            if let (Some(sink), Some(error)) = (sink, error) {
                let Thrown { kind, message } = serde_json::from_str(&error)
                    .unwrap_or(Thrown { kind: ErrorKind::Internal, message: "it failed".into() });
                sink.fail(kind, message).await;
            }
            Ok(())
        })
    }

    /// Resolves when the result is no longer wanted, or the call is over.
    #[napi]
    pub fn cancelled<'env>(&self, env: &'env Env) -> napi::Result<Settled<'env, ()>> {
        let cancelled = self.cancel.cancelled();
        settle(env, async move {
            cancelled.await;
            Ok(())
        })
    }
}

fn native_item(item: Item) -> NativeItem {
    let pcm = item.pcm.map(|bytes| Int16Array::new(pcm::from_bytes(&bytes).unwrap_or_default()));
    NativeItem { json: item.json, pcm }
}
