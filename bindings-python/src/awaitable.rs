//! Rust futures that Python awaits.

use crate::{errors, runtime};
use pyo3::BoundObject;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::future::Future;
use tokio::task::AbortHandle;

/// What an awaitable gives: a value, made inside Python, or an error of the core.
pub(crate) type Given<T> = voice_core::Result<T>;

/// Work under way. Awaited through `future`; a waiter that is cancelled calls `cancel`.
#[pyclass(frozen, module = "voice_agent._native")]
pub(crate) struct Pending {
    /// An `asyncio.Future` of the loop.
    #[pyo3(get)]
    future: Py<PyAny>,
    abort: AbortHandle,
}

#[pymethods]
impl Pending {
    /// Drops the work.
    fn cancel(&self) {
        self.abort.abort();
    }
}

/// Runs `work` and settles a future of `event_loop` with what it gives.
pub(crate) fn spawn<T>(
    py: Python<'_>,
    event_loop: &Py<PyAny>,
    work: impl Future<Output = Given<T>> + Send + 'static,
) -> PyResult<Pending>
where
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let future = event_loop.call_method0(py, "create_future")?;
    let settled = Settle { event_loop: event_loop.clone_ref(py), future: future.clone_ref(py) };
    // Owned by the runtime, which ends it at the latest; nothing waits for it but Python.
    let task = runtime::handle()?.spawn(async move { settled.with(work.await) });
    Ok(Pending { future, abort: task.abort_handle() })
}

/// A future of a loop, and how it is told.
pub(crate) struct Settle {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
}

impl Settle {
    fn with<T>(self, given: Given<T>)
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
    {
        let Some(courier) = runtime::courier() else { return };
        courier.post(Box::new(move |py| {
            // Fails when the loop is closed: then nobody waits any more.
            let _ = self.tell(py, given);
        }));
    }

    fn tell<T>(self, py: Python<'_>, given: Given<T>) -> PyResult<()>
    where
        T: for<'py> IntoPyObject<'py>,
    {
        let (value, failed) = match given {
            Ok(value) => (value.into_pyobject(py).map_err(Into::into)?.into_any().unbind(), false),
            Err(error) => (errors::raised(py, &error).into_value(py).into_any(), true),
        };
        let settle = settle(py)?;
        self.event_loop.call_method1(py, "call_soon_threadsafe", (settle, self.future, value, failed))?;
        Ok(())
    }
}

/// `voice_agent._bridge.settle`.
fn settle(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static SETTLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    SETTLE.import(py, "voice_agent._bridge", "settle")
}
