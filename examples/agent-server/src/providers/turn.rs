//! The turn detection model, where the operator has one.

use crate::config::{Config, ConfigError};
use std::path::Path;
use std::sync::Arc;
use voice_core::stage::TurnDetector;

pub(super) fn detector(config: &Config) -> Result<Option<Arc<dyn TurnDetector>>, ConfigError> {
    config.turn_model.as_deref().map(|model| load(model, config.onnx_runtime.as_deref())).transpose()
}

#[cfg(feature = "ort")]
fn load(model: &Path, library: Option<&Path>) -> Result<Arc<dyn TurnDetector>, ConfigError> {
    use voice_core::ErrorKind;
    let detector = voice_core::builtin::SmartTurn::load(model, library).map_err(|error| {
        // Two settings belong together; the line names the one that is wrong.
        let setting = match (error.kind(), library) {
            (ErrorKind::EngineMissing, Some(library)) => format!("ORT_DYLIB_PATH={}", library.display()),
            (ErrorKind::EngineMissing, None) => "ORT_DYLIB_PATH".to_owned(),
            _ => format!("TURN_MODEL={}", model.display()),
        };
        ConfigError::new(format!("{setting}: {}", error.message()))
    })?;
    tracing::info!(model = %model.display(), "turn detection model loaded");
    Ok(Arc::new(detector))
}

#[cfg(not(feature = "ort"))]
fn load(_model: &Path, _library: Option<&Path>) -> Result<Arc<dyn TurnDetector>, ConfigError> {
    Err(ConfigError::unavailable("TURN_MODEL"))
}
