//! Conversations in simulated time.

use crate::awaitable::{self, Pending};
use crate::foreign::Foreign;
use pyo3::prelude::*;
use voice_core::testing::scripted::{Hosts, run};
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
