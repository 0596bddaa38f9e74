//! The native half of the Python package `voice_agent`. It converts and carries, and decides nothing: what users meet is
//! written in Python beside it.

#![deny(unsafe_code)]

mod agent;
mod awaitable;
mod errors;
mod foreign;
mod mailbox;
mod ringer;
mod runtime;
mod session;
mod stages;
mod testing;

use pyo3::prelude::*;

/// Native half of `voice_agent`. Free-threaded Python is not supported.
#[pymodule(gil_used = true)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<agent::Agent>()?;
    module.add_class::<awaitable::Pending>()?;
    module.add_class::<foreign::Call>()?;
    module.add_class::<foreign::Foreign>()?;
    module.add_class::<mailbox::Mailbox>()?;
    module.add_class::<session::Session>()?;
    module.add_class::<stages::Denoiser>()?;
    module.add_class::<stages::Resampler>()?;
    module.add_class::<stages::SileroVad>()?;
    module.add_class::<stages::TurnDetector>()?;
    module.add_function(wrap_pyfunction!(report, module)?)?;
    module.add_function(wrap_pyfunction!(testing::conformance, module)?)?;
    module.add_function(wrap_pyfunction!(testing::run_script, module)?)?;
    module.add_function(wrap_pyfunction!(stages::to_floats, module)?)?;
    module.add_function(wrap_pyfunction!(stages::to_integers, module)?)?;
    runtime::set_up(module)
}

/// Version, features and providers of this build, as JSON: two objects.
#[pyfunction]
fn report() -> (String, String) {
    (voice_core::host::Report::new().json(), voice_providers::catalog::report().to_string())
}
