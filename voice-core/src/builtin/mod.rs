//! Engines that run inside the process, each behind its feature.

#[cfg(feature = "ort")]
mod onnx_runtime;
#[cfg(feature = "silero")]
mod silero;
#[cfg(feature = "ort")]
mod silero_ort;

#[cfg(feature = "silero")]
pub use silero::{InstructionSet, SileroModel, SileroVad};
#[cfg(feature = "ort")]
pub use silero_ort::OrtSilero;
