//! Conversations in simulated time, and the suite of all providers.

use crate::awaitable::{self, Given, Pending};
use crate::foreign::Foreign;
use crate::mailbox::Mailbox;
use crate::runtime;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::time::Duration;
use tokio::task::JoinError;
use voice_core::testing::scripted::{Hosts, run};
use voice_core::testing::{Tried, foreign_conformance};
use voice_core::{Error, ErrorKind, Stage};

/// Runs a scripted conversation and gives its log, a line each. Stages that the script leaves to its host are served by
/// these, on the loop of `mailbox`, while the simulated clock stands still.
#[pyfunction]
#[pyo3(signature = (script, mailbox, *, llm, tts, tools))]
pub(crate) fn run_script(
    py: Python<'_>,
    script: String,
    mailbox: &Mailbox,
    llm: Option<Py<Foreign>>,
    tts: Option<Py<Foreign>>,
    tools: Option<Py<Foreign>>,
) -> PyResult<Pending> {
    let letters = mailbox.letters();
    let host = |foreign: Option<Py<Foreign>>| foreign.map(|foreign| foreign.get().on(letters));
    let mut hosts = Hosts::default();
    (hosts.llm, hosts.tts, hosts.tools) = (host(llm), host(tts), host(tools));
    // It has a runtime of its own, whose clock is simulated.
    let running = runtime::handle()?.spawn_blocking(move || run(&script, &hosts));
    awaitable::begin(py, letters, async move { running.await.map_err(lost)?.map(Given::Lines) })
}

/// Tries a provider written in Python with the suite of all providers and gives a report, as JSON. `stage` is `stt`, `llm` or
/// `tts`.
#[pyfunction]
#[pyo3(signature = (stage, provider, mailbox, *, patience_ms, sample_rate=16_000))]
pub(crate) fn conformance(
    py: Python<'_>,
    stage: &str,
    provider: &Bound<'_, Foreign>,
    mailbox: &Mailbox,
    patience_ms: u64,
    sample_rate: u32,
) -> PyResult<Pending> {
    let tried = match stage {
        "stt" => Tried::Stt,
        "llm" => Tried::Llm,
        "tts" => Tried::Tts { sample_rate },
        other => return Err(PyValueError::new_err(format!("a stage is stt, llm or tts, not {other:?}"))),
    };
    let letters = mailbox.letters();
    let (host, patience) = (provider.get().on(letters), Duration::from_millis(patience_ms));
    let trying = runtime::handle()?.spawn(foreign_conformance(tried, host, patience));
    awaitable::begin(py, letters, async move { trying.await.map(Given::Text).map_err(lost) })
}

fn lost(failure: JoinError) -> Error {
    Error::new(ErrorKind::Internal, Stage::Session, failure.to_string())
}
