//! ONNX Runtime, loaded once per process from a library that the user has installed.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;

use crate::error::{Error, ErrorKind, Result, Stage};

/// The variable that names the library when the caller does not.
const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// What the system's loader searches for when nobody names a library.
const LIBRARY_NAME: &str = if cfg!(windows) {
    "onnxruntime.dll"
} else if cfg!(target_vendor = "apple") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so"
};

/// The library in use and its environment, of which a process may have one.
static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// The process's environment; the first call loads the library.
///
/// Every use of `ort` must come after this: without the library its functions panic.
///
/// # Errors
/// `EngineMissing` when the library cannot be loaded or is too old, `InvalidConfig` when another one is loaded already.
pub(super) fn environment(library: Option<&Path>, stage: Stage) -> Result<Environment> {
    let named = library.map(Path::to_path_buf).or_else(|| {
        let variable = std::env::var_os(LIBRARY_VARIABLE).filter(|path| !path.is_empty());
        variable.map(PathBuf::from)
    });
    let path = named.unwrap_or_else(|| PathBuf::from(LIBRARY_NAME));

    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((present, environment)) = &*loaded {
        if library.is_some() && path != *present {
            return Err(second_library(&path, present, stage));
        }
        return Ok(environment.clone());
    }
    let builder = ort::init_from(&path).map_err(|error| not_loaded(error, stage))?;
    let environment = builder.with_name("voice-core").with_telemetry(false).build().map_err(failure(stage))?;
    *loaded = Some((path, environment.clone()));
    Ok(environment)
}

/// A session for many small calls: the calling thread does the work, and no other thread is kept busy.
pub(super) fn session(environment: &Environment, model: &[u8], stage: Stage) -> Result<Session> {
    let build = || -> ort::Result<Session> {
        Session::builder(environment)?
            // Not a numbered level: before 1.23 there were fewer of them.
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_config_entry("session.intra_op.allow_spinning", "0")?
            .with_config_entry("session.inter_op.allow_spinning", "0")?
            .commit_from_memory(model)
    };
    build().map_err(failure(stage))
}

/// Maps what ONNX Runtime says went wrong.
pub(super) fn failure(stage: Stage) -> impl Fn(ort::Error) -> Error {
    move |error| Error::new(ErrorKind::Internal, stage, "ONNX Runtime failed").with_source(error)
}

fn not_loaded(error: ort::LoadDynamicError, stage: Stage) -> Error {
    let message = match &error {
        ort::LoadDynamicError::BadVersion { version_str, path } => format!(
            "ONNX Runtime {version_str} at {} is too old: install onnxruntime 1.{} or newer, or set {LIBRARY_VARIABLE}",
            path.display(),
            ort::MINOR_VERSION
        ),
        ort::LoadDynamicError::Dlopen { path, .. } => format!(
            "ONNX Runtime cannot be loaded from {}: install onnxruntime and set {LIBRARY_VARIABLE} to its library",
            path.display()
        ),
        _ => format!("this is not an ONNX Runtime library: set {LIBRARY_VARIABLE} to one of onnxruntime"),
    };
    Error::new(ErrorKind::EngineMissing, stage, message).with_source(error)
}

fn second_library(wanted: &Path, present: &Path, stage: Stage) -> Error {
    // A library that is not there is the more helpful answer.
    if wanted.components().count() > 1 && !wanted.exists() {
        let message = format!(
            "ONNX Runtime cannot be loaded from {}: install onnxruntime and set {LIBRARY_VARIABLE} to its library",
            wanted.display()
        );
        return Error::new(ErrorKind::EngineMissing, stage, message);
    }
    let message = format!("ONNX Runtime is loaded from {} already; a process can hold one", present.display());
    Error::new(ErrorKind::InvalidConfig, stage, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_too_old_is_named_with_the_version_needed() {
        let old = ort::LoadDynamicError::BadVersion {
            version_str: "1.14.1".to_owned(),
            path: PathBuf::from("/opt/libonnxruntime.so"),
        };
        let error = not_loaded(old, Stage::Vad);
        assert_eq!(*error.kind(), ErrorKind::EngineMissing);
        let expected = "ONNX Runtime 1.14.1 at /opt/libonnxruntime.so is too old: install onnxruntime 1.17 or newer";
        assert!(error.message().starts_with(expected), "{error}");
    }
}
