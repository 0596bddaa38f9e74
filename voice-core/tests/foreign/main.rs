//! Providers of a host: what they are told and when, what becomes of their mistakes, and that nobody waits for them.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, missing_docs)]

mod calls;
mod detector;
mod suite;

use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use voice_core::Message;
use voice_core::foreign::{ForeignCall, ForeignHost, ForeignLlm};
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest};

const MS: Duration = Duration::from_millis(1);

/// A host whose calls a test takes one by one.
fn host() -> (Arc<dyn ForeignHost>, mpsc::UnboundedReceiver<ForeignCall>) {
    let (calls, taken) = mpsc::unbounded_channel();
    let host = move |call: ForeignCall| calls.send(call).expect("the test takes its calls");
    (Arc::new(host), taken)
}

/// A host on a thread of its own that serves each call so.
fn serving(serve: fn(ForeignCall) -> BoxFuture<'static, ()>) -> Arc<dyn ForeignHost> {
    let (calls, taken) = futures::channel::mpsc::channel(1_000);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(taken.for_each_concurrent(None, serve));
    });
    let calls = Mutex::new(calls);
    Arc::new(move |call: ForeignCall| calls.lock().expect("nobody panics").try_send(call).expect("there is room"))
}

fn asking(llm: &ForeignLlm) -> (BoxStream<'static, voice_core::Result<LlmEvent>>, CallContext) {
    let cx = CallContext::detached();
    let request = LlmRequest { messages: vec![Message::user("Hello.")], ..LlmRequest::default() };
    (llm.generate(request, cx.clone()), cx)
}
