//! The Tokio runtime: made with the first use, ended before the interpreter is.

use crate::ringer;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

/// How long work on the runtime may take to end with the process.
const PATIENCE: Duration = Duration::from_secs(2);
/// Threads of the runtime. A session needs little of one; what takes long has threads of its own.
const MOST_WORKERS: usize = 4;

static BORDER: OnceLock<Border> = OnceLock::new();
static ENDED: AtomicBool = AtomicBool::new(false);
static FORKED: AtomicBool = AtomicBool::new(false);

struct Border {
    runtime: Mutex<Option<Runtime>>,
    handle: Handle,
}

impl Border {
    fn start() -> std::io::Result<Self> {
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS);
        let runtime =
            Builder::new_multi_thread().worker_threads(workers).thread_name("voice-agent").enable_all().build()?;
        let handle = runtime.handle().clone();
        Ok(Self { runtime: Mutex::new(Some(runtime)), handle })
    }
}

fn border() -> PyResult<&'static Border> {
    if FORKED.load(Ordering::Acquire) {
        let message = "voice_agent does not survive a fork: start the process with multiprocessing's method \"spawn\"";
        return Err(PyRuntimeError::new_err(message));
    }
    if ENDED.load(Ordering::Acquire) {
        return Err(PyRuntimeError::new_err("voice_agent has ended with the interpreter"));
    }
    if let Some(border) = BORDER.get() {
        return Ok(border);
    }
    // Two that begin at the same moment: the second one's threads end again.
    let made = Border::start()?;
    Ok(BORDER.get_or_init(|| made))
}

/// The runtime on which everything runs.
///
/// # Errors
/// `RuntimeError` in a forked child and after the end.
pub(crate) fn handle() -> PyResult<&'static Handle> {
    border().map(|border| &border.handle)
}

/// Ends all native work. Called by `atexit`, while the interpreter is whole.
#[pyfunction]
fn shut_down(py: Python<'_>) {
    if ENDED.swap(true, Ordering::AcqRel) || FORKED.load(Ordering::Acquire) {
        return;
    }
    let Some(border) = BORDER.get() else { return };
    py.detach(|| {
        ringer::stop();
        let runtime = border.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(PATIENCE);
        }
    });
}

/// The threads of the parent are not here. Called in a forked child.
#[pyfunction]
fn forked() {
    if BORDER.get().is_some() {
        FORKED.store(true, Ordering::Release);
    }
}

/// Sees to the end and to forks.
pub(crate) fn set_up(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let shut_down = wrap_pyfunction!(shut_down, module)?;
    module.add_function(shut_down.clone())?;
    py.import("atexit")?.call_method1("register", (shut_down,))?;
    let os = py.import("os")?;
    // Not on Windows.
    if os.hasattr("register_at_fork")? {
        let arguments = pyo3::types::PyDict::new(py);
        arguments.set_item("after_in_child", wrap_pyfunction!(forked, module)?)?;
        os.call_method("register_at_fork", (), Some(&arguments))?;
    }
    Ok(())
}
