//! Providers written in Python, as the core calls them. `voice_agent/_bridge.py` is the other half: it runs the user's
//! generator on the event loop.

use crate::awaitable::{self, Awaiting, Given, Pending};
use crate::errors::raised;
use crate::mailbox::Letters;
use crate::runtime;
use bytes::Bytes;
use futures::FutureExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use voice_core::foreign::{ForeignCall, ForeignError, ForeignHost, ForeignInput, ForeignItem, ForeignSink, SendError};
use voice_core::{CancelToken, ErrorKind, Token};

/// A provider written in Python, before it is bound to a loop.
#[pyclass(frozen, module = "voice_agent._native")]
pub(crate) struct Foreign {
    /// What it says of itself, as JSON; for a tool as `ForeignTool` wants it.
    pub(crate) description: String,
    /// Called on the loop with each `Call`.
    serve: Arc<Py<PyAny>>,
}

#[pymethods]
impl Foreign {
    #[new]
    fn new(description: String, serve: Py<PyAny>) -> Self {
        Self { description, serve: Arc::new(serve) }
    }
}

impl Foreign {
    /// The provider on this loop.
    pub(crate) fn on(&self, letters: &Arc<Letters>) -> Arc<dyn ForeignHost> {
        Arc::new(Host { serve: self.serve.clone(), letters: letters.clone() })
    }
}

struct Host {
    serve: Arc<Py<PyAny>>,
    letters: Arc<Letters>,
}

impl ForeignHost for Host {
    fn begin(&self, call: ForeignCall) {
        if let Err((calling, reason)) = self.letters.call(Calling { serve: self.serve.clone(), call }) {
            calling.refuse(reason);
        }
    }
}

/// A call that is to begin on the loop.
pub(crate) struct Calling {
    serve: Arc<Py<PyAny>>,
    call: ForeignCall,
}

impl Calling {
    /// Begins it. To be called on the loop.
    pub(crate) fn begin(self, py: Python<'_>, letters: &Arc<Letters>) -> PyResult<()> {
        let Self { serve, call } = self;
        let sink = call.sink.clone();
        let begun = Bound::new(py, Call::new(call, letters.clone())).and_then(|call| serve.call1(py, (call,)));
        begun.map(drop).inspect_err(|error| refuse(&sink, format!("the event loop takes no calls: {error}")))
    }

    /// Ends it before it began.
    pub(crate) fn refuse(self, reason: &str) {
        refuse(&self.call.sink, reason.to_owned());
    }
}

fn refuse(sink: &ForeignSink, message: String) {
    let failure = ForeignError::new(message).kind(ErrorKind::Unavailable);
    // Nothing was sent, so there is room: it waits for nothing.
    let _ = sink.finish(Err(failure)).now_or_never();
}

/// One call to a provider written in Python.
#[pyclass(frozen, module = "voice_agent._native")]
pub(crate) struct Call {
    /// `llm`, `stt`, `tts`, `tool` or `vad`.
    #[pyo3(get)]
    kind: &'static str,
    /// The session's name.
    #[pyo3(get)]
    session: String,
    /// The turn served.
    #[pyo3(get)]
    turn: u32,
    /// What is asked, as JSON.
    #[pyo3(get)]
    request: String,
    input: Option<ForeignInput>,
    sink: ForeignSink,
    cancel: CancelToken,
    letters: Arc<Letters>,
    watcher: Mutex<Option<Awaiting>>,
}

impl Call {
    fn new(call: ForeignCall, letters: Arc<Letters>) -> Self {
        Self {
            kind: call.kind.as_str(),
            session: call.session.to_string(),
            turn: call.turn.0,
            request: call.request,
            input: call.input,
            sink: call.sink,
            cancel: call.cancel,
            letters,
            watcher: Mutex::default(),
        }
    }

    fn watch(&self, watcher: Option<Awaiting>) {
        let before = std::mem::replace(&mut *self.watcher.lock().unwrap_or_else(PoisonError::into_inner), watcher);
        drop(before);
    }
}

#[pymethods]
impl Call {
    /// Whether nothing more is wanted.
    #[getter]
    fn is_over(&self) -> bool {
        self.sink.is_over()
    }

    /// Has `callback` called on the loop as soon as nothing more is wanted: not by the call's own end.
    fn on_cancel(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<()> {
        let cancelled = self.cancel.cancelled();
        let work = Box::pin(async move {
            cancelled.await;
            Ok(Given::Truth(true))
        });
        self.watch(Some(Awaiting::telling(py, &self.letters, work, callback)?));
        Ok(())
    }

    /// Waits for the next item, `(json, audio or None)`; gives `None` at the end.
    // Looking whether one is there before waiting for it would count as two waits, and a simulated clock would move
    // between them.
    fn next(&self, py: Python<'_>) -> PyResult<Pending> {
        let input = self.input.clone();
        awaitable::begin(py, &self.letters, async move {
            match input {
                Some(input) => Ok(Given::Item(input.next().await)),
                None => Ok(Given::Item(None)),
            }
        })
    }

    /// Gives an item. True when it was taken, false when the call is over, something to wait for when there is no room.
    #[pyo3(signature = (json, audio=None))]
    fn send<'py>(&self, py: Python<'py>, json: String, audio: Option<&[u8]>) -> PyResult<Bound<'py, PyAny>> {
        let item = item_of(json, audio);
        match self.sink.try_send(item) {
            Ok(None) => Ok(true.into_pyobject(py)?.to_owned().into_any()),
            Err(SendError::Over(_)) => Ok(false.into_pyobject(py)?.to_owned().into_any()),
            Err(SendError::Refused(error)) => Err(raised(py, &error)),
            Ok(Some(item)) => {
                let sink = self.sink.clone();
                let work = async move {
                    match sink.send(item).await {
                        Ok(()) => Ok(Given::Truth(true)),
                        Err(SendError::Over(_)) => Ok(Given::Truth(false)),
                        Err(SendError::Refused(error)) => Err(error),
                    }
                };
                Ok(Bound::new(py, awaitable::begin(py, &self.letters, work)?)?.into_any())
            }
        }
    }

    /// Ends the call, with an exception or well: `(kind, message, retry after in seconds, exception)`.
    #[pyo3(signature = (failure=None))]
    fn finish(&self, failure: Option<(String, String, Option<f64>, Py<PyAny>)>) -> PyResult<()> {
        self.watch(None);
        let result = failure.map_or(Ok(()), |(kind, message, retry_after, exception)| {
            let retry_after = retry_after.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            Err(ForeignError::new(message).kind_named(&kind, retry_after).token(Token::new(exception)))
        });
        let sink = self.sink.clone();
        // Waits while the core has not taken the last items; ends with the call at the latest.
        let mut work = Box::pin(async move { sink.finish(result).await });
        if work.as_mut().now_or_never().is_none() {
            runtime::handle()?.spawn(work);
        }
        Ok(())
    }
}

fn item_of(json: String, audio: Option<&[u8]>) -> ForeignItem {
    match audio {
        Some(audio) if json.is_empty() => ForeignItem::audio(Bytes::copy_from_slice(audio)),
        audio => ForeignItem { json, audio: audio.map(Bytes::copy_from_slice) },
    }
}

/// A field of a description; `null` where it is not there.
pub(crate) fn field(description: &str, name: &str) -> PyResult<serde_json::Value> {
    let value: serde_json::Value =
        serde_json::from_str(description).map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(value.get(name).cloned().unwrap_or_default())
}
