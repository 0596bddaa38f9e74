//! Errors of the core as exceptions.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use voice_core::{Error, ErrorKind};

/// The exception for this error: a class for each kind, made by `voice_agent.errors.of_kind`.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error).map_or_else(|failure| failure, PyErr::from_value)
}

/// For `map_err` where Python is attached.
pub(crate) fn raise(error: Error) -> PyErr {
    Python::attach(|py| raised(py, &error))
}

fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    static OF_KIND: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let retry_after = match error.kind() {
        ErrorKind::RateLimited { retry_after } => retry_after.map(|time| time.as_secs_f64()),
        _ => None,
    };
    OF_KIND.import(py, "voice_agent.errors", "of_kind")?.call1((
        error.kind().as_str(),
        error.stage().as_str(),
        error.message(),
        retry_after,
    ))
}
