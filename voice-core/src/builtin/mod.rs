//! Engines that run inside the process, each behind its feature.

#[cfg(feature = "silero")]
mod silero;

#[cfg(feature = "silero")]
pub use silero::{InstructionSet, SileroModel, SileroVad};
