//! Stages that come with the library.

mod energy_vad;
#[cfg(feature = "rnnoise")]
mod rnnoise;
mod silence_turn;
#[cfg(feature = "silero")]
mod silero;

pub use energy_vad::EnergyVad;
#[cfg(feature = "rnnoise")]
pub use rnnoise::RnnoiseDenoiser;
pub use silence_turn::SilenceTurnDetector;
#[cfg(feature = "silero")]
pub use silero::{SileroModel, SileroVad};
