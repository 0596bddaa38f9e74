//! Stages that come with the library.

mod energy_vad;
#[cfg(feature = "rnnoise")]
mod rnnoise;
mod silence_turn;

pub use energy_vad::EnergyVad;
#[cfg(feature = "rnnoise")]
pub use rnnoise::RnnoiseDenoiser;
pub use silence_turn::SilenceTurnDetector;
