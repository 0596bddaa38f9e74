//! Conversations in simulated time, and the suite of all providers.

use crate::awaitable::{self, Pending};
use crate::foreign::Foreign;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::time::Duration;
use voice_core::testing::scripted::{Hosts, run};
use voice_core::testing::{Tried, foreign_conformance};
use voice_core::{Error, ErrorKind, Stage};

/// Runs a scripted conversation and gives its log, a line each. Stages that the script leaves to its host are served by
/// these, on `event_loop`, while the simulated clock stands still.
#[pyfunction]
#[pyo3(signature = (script, event_loop, *, llm, tts, tools))]
pub(crate) fn run_script(
    py: Python<'_>,
    script: String,
    event_loop: Py<PyAny>,
    llm: Option<Py<Foreign>>,
    tts: Option<Py<Foreign>>,
    tools: Option<Py<Foreign>>,
) -> PyResult<Pending> {
    let host = |foreign: Option<Py<Foreign>>| foreign.map(|foreign| foreign.get().on(py, &event_loop));
    let mut hosts = Hosts::default();
    (hosts.llm, hosts.tts, hosts.tools) = (host(llm), host(tts), host(tools));
    awaitable::spawn(py, &event_loop, async move {
        // It has a runtime of its own, whose clock is simulated.
        let log = tokio::task::spawn_blocking(move || run(&script, &hosts)).await;
        log.unwrap_or_else(|failure| Err(Error::new(ErrorKind::Internal, Stage::Session, failure.to_string())))
    })
}

/// Tries a provider written in Python with the suite of all providers and gives a report, as JSON. `stage` is `stt`, `llm` or
/// `tts`.
#[pyfunction]
#[pyo3(signature = (stage, provider, event_loop, *, patience_ms, sample_rate=16_000))]
pub(crate) fn conformance(
    py: Python<'_>,
    stage: &str,
    provider: &Bound<'_, Foreign>,
    event_loop: Py<PyAny>,
    patience_ms: u64,
    sample_rate: u32,
) -> PyResult<Pending> {
    let tried = match stage {
        "stt" => Tried::Stt,
        "llm" => Tried::Llm,
        "tts" => Tried::Tts { sample_rate },
        other => return Err(PyValueError::new_err(format!("a stage is stt, llm or tts, not {other:?}"))),
    };
    let host = provider.get().on(py, &event_loop);
    awaitable::spawn(py, &event_loop, async move {
        Ok(foreign_conformance(tried, host, Duration::from_millis(patience_ms)).await)
    })
}
