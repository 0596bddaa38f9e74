//! The native half of the Python package `voice_agent`. It converts and carries, and decides nothing: what users meet is
//! written in Python beside it.

#![forbid(unsafe_code)]

mod awaitable;
mod courier;
mod errors;
mod runtime;
mod session;
mod stages;

use pyo3::prelude::*;

/// Native half of `voice_agent`. Free-threaded Python is not supported.
#[pymodule(gil_used = true)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<session::Session>()?;
    module.add_class::<stages::SileroVad>()?;
    module.add_class::<stages::Denoiser>()?;
    module.add_class::<stages::Resampler>()?;
    runtime::set_up(module)
}
