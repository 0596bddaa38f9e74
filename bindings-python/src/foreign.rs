//! Providers written in Python, as the core calls them. `voice_agent/_bridge.py` is the other half: it runs the user's
//! generator on the event loop.

use crate::awaitable::{self, Pending};
use crate::errors::raised;
use crate::runtime;
use bytes::Bytes;
use futures::FutureExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::AbortHandle;
use voice_core::foreign::{ForeignCall, ForeignError, ForeignHost, ForeignInput, ForeignItem, ForeignSink, SendError};
use voice_core::{CancelToken, ErrorKind, Token};

/// A provider written in Python, before it is bound to a loop.
#[pyclass(frozen, module = "voice_agent._native")]
pub(crate) struct Foreign {
    /// What it says of itself, as JSON; for a tool as `ForeignTool` wants it.
    pub(crate) description: String,
    /// Called on the loop with each `Call`.
    serve: Py<PyAny>,
}

#[pymethods]
impl Foreign {
    #[new]
    fn new(description: String, serve: Py<PyAny>) -> Self {
        Self { description, serve }
    }
}

impl Foreign {
    /// The provider on this loop.
    pub(crate) fn on(&self, py: Python<'_>, event_loop: &Py<PyAny>) -> Arc<dyn ForeignHost> {
        let place = Place { event_loop: event_loop.clone_ref(py), serve: self.serve.clone_ref(py) };
        Arc::new(Host(Arc::new(place)))
    }
}

struct Place {
    event_loop: Py<PyAny>,
    serve: Py<PyAny>,
}

struct Host(Arc<Place>);

impl ForeignHost for Host {
    fn begin(&self, call: ForeignCall) {
        let (place, sink) = (self.0.clone(), call.sink.clone());
        let accepted = runtime::courier().is_some_and(|courier| {
            courier.post_call(Box::new(move |py| {
                let sink = call.sink.clone();
                if let Err(error) = place.begin(py, call) {
                    refuse(sink, format!("the event loop takes no calls: {error}"));
                }
            }))
        });
        if !accepted {
            refuse(sink, "Python does not keep up with the calls of its providers".to_owned());
        }
    }
}

impl Place {
    fn begin(&self, py: Python<'_>, call: ForeignCall) -> PyResult<()> {
        let call = Bound::new(py, Call::new(call, self.event_loop.clone_ref(py)))?;
        self.event_loop.call_method1(py, "call_soon_threadsafe", (&self.serve, call)).map(drop)
    }
}

/// Ends a call that never began.
fn refuse(sink: ForeignSink, message: String) {
    // Without a runtime nobody waits for it.
    if let Ok(handle) = runtime::handle() {
        handle.spawn(async move { sink.finish(Err(ForeignError::new(message).kind(ErrorKind::Unavailable))).await });
    }
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
    event_loop: Py<PyAny>,
    watcher: Mutex<Option<AbortHandle>>,
}

impl Call {
    fn new(call: ForeignCall, event_loop: Py<PyAny>) -> Self {
        Self {
            kind: call.kind.as_str(),
            session: call.session.to_string(),
            turn: call.turn.0,
            request: call.request,
            input: call.input,
            sink: call.sink,
            cancel: call.cancel,
            event_loop,
            watcher: Mutex::default(),
        }
    }

    fn forget_watcher(&self) {
        if let Some(watcher) = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).take() {
            watcher.abort();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.forget_watcher();
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
        let (cancel, event_loop) = (self.cancel.clone(), self.event_loop.clone_ref(py));
        // Ends with the call: aborted when that is finished or dropped.
        let watcher = runtime::handle()?.spawn(async move {
            cancel.cancelled().await;
            let Some(courier) = runtime::courier() else { return };
            courier.post(Box::new(move |py| {
                // Fails when the loop is closed, which ends everything on it anyway.
                let _ = event_loop.call_method1(py, "call_soon_threadsafe", (callback,));
            }));
        });
        *self.watcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(watcher.abort_handle());
        Ok(())
    }

    /// Waits for the next item, `(json, audio or None)`; gives `None` at the end.
    // Looking whether one is there before waiting for it would count as two waits, and a simulated clock would move
    // between them.
    fn next(&self, py: Python<'_>) -> PyResult<Pending> {
        let input = self.input.clone();
        awaitable::spawn(py, &self.event_loop, async move {
            match input {
                Some(input) => Ok(Item(input.next().await)),
                None => Ok(Item(None)),
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
                        Ok(()) => Ok(true),
                        Err(SendError::Over(_)) => Ok(false),
                        Err(SendError::Refused(error)) => Err(error),
                    }
                };
                Ok(Bound::new(py, awaitable::spawn(py, &self.event_loop, work)?)?.into_any())
            }
        }
    }

    /// Ends the call, with an exception or well: `(kind, message, retry after in seconds, exception)`.
    #[pyo3(signature = (failure=None))]
    fn finish(&self, failure: Option<(String, String, Option<f64>, Py<PyAny>)>) -> PyResult<()> {
        self.forget_watcher();
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

/// An item that goes in; `None` in Python at the end.
struct Item(Option<ForeignItem>);

impl<'py> IntoPyObject<'py> for Item {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let Some(ForeignItem { json, audio }) = self.0 else { return Ok(py.None().into_bound(py)) };
        let audio = audio.map(|audio| PyBytes::new(py, &audio));
        Ok((json, audio).into_pyobject(py)?.into_any())
    }
}

/// A field of a description; `null` where it is not there.
pub(crate) fn field(description: &str, name: &str) -> PyResult<serde_json::Value> {
    let value: serde_json::Value =
        serde_json::from_str(description).map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(value.get(name).cloned().unwrap_or_default())
}
