//! Conversations in simulated time, and the suite of all providers.

use crate::border::{Settled, settle};
use crate::call::{Begin, NodeHost};
use napi::Env;
use napi_derive::napi;
use std::sync::Arc;
use std::time::Duration;
use voice_core::foreign::ForeignHost;
use voice_core::testing::scripted::{Hosts, run};
use voice_core::testing::{Tried, foreign_conformance};
use voice_core::{Error, ErrorKind, Stage};

/// The stages of a script that JavaScript serves, by the number in their calls; the others are served in Rust.
#[napi(object, object_to_js = false)]
pub struct NativeServed {
    /// The language model.
    pub llm: Option<u32>,
    /// The synthesiser.
    pub tts: Option<u32>,
    /// All tools.
    pub tools: Option<u32>,
}

/// Runs a scripted conversation; gives its log.
#[napi(catch_unwind)]
pub fn run_script<'env>(
    env: &'env Env,
    script: String,
    begin: Begin,
    served: NativeServed,
) -> napi::Result<Settled<'env, Vec<String>>> {
    let begin = Arc::new(begin);
    let host = |number: Option<u32>| {
        number.map(|number| Arc::new(NodeHost { begin: begin.clone(), number }) as Arc<dyn ForeignHost>)
    };
    let mut hosts = Hosts::default();
    (hosts.llm, hosts.tts, hosts.tools) = (host(served.llm), host(served.tts), host(served.tools));
    // It has a runtime of its own, whose clock is simulated.
    let running = napi::bindgen_prelude::spawn_blocking(move || run(&script, &hosts));
    settle(env, async move { running.await.unwrap_or_else(|failure| Err(internal(&failure.to_string()))) })
}

/// Tries a provider with the suite of all providers; gives a report as JSON. `stage` is `stt`, `llm` or `tts`.
#[napi(catch_unwind)]
pub fn conformance<'env>(
    env: &'env Env,
    stage: String,
    begin: Begin,
    patience_ms: u32,
    sample_rate: u32,
) -> napi::Result<Settled<'env, String>> {
    let tried = match stage.as_str() {
        "stt" => Tried::Stt,
        "llm" => Tried::Llm,
        _ => Tried::Tts { sample_rate },
    };
    let host = Arc::new(NodeHost { begin: Arc::new(begin), number: 0 });
    let patience = Duration::from_millis(patience_ms.into());
    settle(env, async move {
        // Its clock is that of the runtime, also for what is polled first.
        tokio::task::yield_now().await;
        Ok(foreign_conformance(tried, host, patience).await)
    })
}

fn internal(message: &str) -> Error {
    Error::new(ErrorKind::Internal, Stage::Session, message)
}
