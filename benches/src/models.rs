//! Models that are not part of the project.

#[path = "../../voice-core/tests/onnx_support/mod.rs"]
mod onnx_support;

use voice_core::Result;
use voice_core::builtin::SmartTurn;

/// The turn detection model, where `make models` has been run or the variables name it; else one line says so.
///
/// # Errors
/// When the model or the library does not load.
pub fn smart_turn() -> Result<Option<SmartTurn>> {
    let found = onnx_support::smart_turn();
    found.map(|(model, library)| SmartTurn::load(&model, Some(&library))).transpose()
}
