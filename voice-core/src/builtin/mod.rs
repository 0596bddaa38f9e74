//! Stages that come with the library.

#[cfg(feature = "aec")]
mod aec;
mod energy_vad;
#[cfg(feature = "ort")]
mod onnx_runtime;
#[cfg(feature = "rnnoise")]
mod rnnoise;
mod silence_turn;
#[cfg(feature = "silero")]
mod silero;
#[cfg(feature = "ort")]
mod silero_ort;
#[cfg(feature = "ort")]
mod smart_turn;

#[cfg(feature = "aec")]
pub use aec::Aec3;
pub use energy_vad::EnergyVad;
#[cfg(feature = "rnnoise")]
pub use rnnoise::RnnoiseDenoiser;
pub use silence_turn::SilenceTurnDetector;
#[cfg(feature = "silero")]
pub use silero::{InstructionSet, SileroModel, SileroVad};
#[cfg(feature = "ort")]
pub use silero_ort::OrtSilero;
#[cfg(feature = "ort")]
pub use smart_turn::SmartTurn;
