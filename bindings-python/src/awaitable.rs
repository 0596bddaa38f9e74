//! Rust futures that Python awaits: looked at on the thread of the event loop, whenever something has woken them.

use crate::errors::raised;
use crate::mailbox::Letters;
use crate::runtime;
use pyo3::types::{PyBytes, PyList};
use pyo3::{PyTraverseError, PyVisit};
use pyo3::{intern, prelude::*};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use voice_core::Result;
use voice_core::foreign::ForeignItem;

/// What an awaitable gives.
pub(crate) enum Given {
    /// `True` or `False`.
    Truth(bool),
    /// A `str`.
    Text(String),
    /// A list of them.
    Lines(Vec<String>),
    /// What goes into a call, `(json, audio or None)`; `None` at its end.
    Item(Option<ForeignItem>),
}

/// Work that gives it, or an error of the core.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<Given>> + Send>>;

/// Who is told when it is done.
enum Told {
    /// An `asyncio.Future`, which takes what was given.
    Future(Py<PyAny>),
    /// A function without arguments.
    Callback(Py<PyAny>),
}

/// Work under way, and its own waker.
pub(crate) struct Awaited {
    letters: Arc<Letters>,
    /// `None` when it is done or nobody waits any more.
    open: Mutex<Option<(Work, Told)>>,
    /// The loop has been asked to look and has not yet.
    noted: AtomicBool,
}

impl Wake for Awaited {
    fn wake(self: Arc<Self>) {
        if !self.noted.swap(true, Ordering::AcqRel) {
            self.letters.clone().look(self);
        }
    }
}

impl Awaited {
    fn lock(&self) -> MutexGuard<'_, Option<(Work, Told)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on with the work, and tells when it is done.
    pub(crate) fn look(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        // First, or what wakes it while it is looked at would be lost.
        self.noted.store(false, Ordering::Release);
        let _entered = runtime::handle()?.enter();
        let mut open = self.lock();
        let Some((work, _)) = &mut *open else { return Ok(()) };
        let waker = Waker::from(self.clone());
        let Poll::Ready(given) = work.as_mut().poll(&mut Context::from_waker(&waker)) else { return Ok(()) };
        let done = open.take();
        drop(open);
        done.map_or(Ok(()), |(_, told)| told.of(py, given))
    }
}

impl Told {
    fn of(self, py: Python<'_>, given: Result<Given>) -> PyResult<()> {
        let future = match self {
            Self::Future(future) => future.into_bound(py),
            Self::Callback(callback) => return callback.call0(py).map(drop),
        };
        // Cancelled in this moment.
        if future.call_method0(intern!(py, "done"))?.is_truthy()? {
            return Ok(());
        }
        match given {
            Ok(given) => future.call_method1(intern!(py, "set_result"), (given.object(py)?,)),
            Err(error) => future.call_method1(intern!(py, "set_exception"), (raised(py, &error).into_value(py),)),
        }
        .map(drop)
    }
}

/// Holds work under way: with it, the work is dropped.
pub(crate) struct Awaiting(Arc<Awaited>);

impl Awaiting {
    /// Begins `work`; calls `callback` when it is done.
    pub(crate) fn telling(py: Python<'_>, letters: &Arc<Letters>, work: Work, callback: Py<PyAny>) -> PyResult<Self> {
        Self::begin(py, letters, work, Told::Callback(callback))
    }

    fn begin(py: Python<'_>, letters: &Arc<Letters>, work: Work, told: Told) -> PyResult<Self> {
        let open = Mutex::new(Some((work, told)));
        let awaited = Arc::new(Awaited { letters: letters.clone(), open, noted: AtomicBool::new(false) });
        // Held before the first look: it may fail.
        let awaiting = Self(awaited);
        awaiting.0.look(py)?;
        Ok(awaiting)
    }
}

impl Drop for Awaiting {
    fn drop(&mut self) {
        let left = self.0.lock().take();
        drop(left);
    }
}

/// Work under way. Awaited through `future`; a waiter that is cancelled calls `cancel`.
#[pyclass(frozen, module = "voice_agent._native")]
pub(crate) struct Pending {
    /// An `asyncio.Future` of the loop.
    #[pyo3(get)]
    future: Py<PyAny>,
    awaiting: Awaiting,
}

#[pymethods]
impl Pending {
    /// Drops the work.
    fn cancel(&self) {
        let left = self.awaiting.0.lock().take();
        drop(left);
    }

    /// The future knows the task that waits, and the task this: with a loop that was closed early all of them are garbage.
    fn __traverse__(&self, visit: PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        visit.call(&self.future)?;
        match self.awaiting.0.open.try_lock().as_deref() {
            Ok(Some((_, Told::Future(future)))) => visit.call(future),
            _ => Ok(()),
        }
    }
}

/// Begins `work` for the loop of `letters`.
pub(crate) fn begin(
    py: Python<'_>,
    letters: &Arc<Letters>,
    work: impl Future<Output = Result<Given>> + Send + 'static,
) -> PyResult<Pending> {
    let future = letters.event_loop(py)?.call_method0(intern!(py, "create_future"))?.unbind();
    let told = Told::Future(future.clone_ref(py));
    Ok(Pending { future, awaiting: Awaiting::begin(py, letters, Box::pin(work), told)? })
}

impl Given {
    fn object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(match self {
            Self::Truth(truth) => truth.into_pyobject(py)?.to_owned().into_any(),
            Self::Text(text) => text.into_pyobject(py)?.into_any(),
            Self::Lines(lines) => PyList::new(py, lines)?.into_any(),
            Self::Item(None) => py.None().into_bound(py),
            Self::Item(Some(ForeignItem { json, audio, .. })) => {
                (json, audio.map(|audio| PyBytes::new(py, &audio))).into_pyobject(py)?.into_any()
            }
        })
    }
}
