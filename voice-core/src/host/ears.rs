//! The engines of a session that need no service, by name.

use crate::agent::AgentBuilder;
#[cfg(feature = "aec")]
use crate::builtin::Aec3;
use crate::builtin::EnergyVad;
#[cfg(feature = "rnnoise")]
use crate::builtin::RnnoiseDenoiser;
#[cfg(feature = "ort")]
use crate::builtin::SmartTurn;
#[cfg(feature = "silero")]
use crate::builtin::{SileroModel, SileroVad};
#[cfg(not(all(feature = "silero", feature = "rnnoise", feature = "aec", feature = "ort")))]
use crate::error::Error;
use crate::error::{ErrorKind, Result, Stage};
use crate::json;
use serde::Deserialize;
use std::path::PathBuf;

/// Which engines a session hears with: `{"vad":"silero","denoise":false,"echo_cancellation":true,"turn_detector":{"model","library"}}`,
/// all of which may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Ears {
    /// `silero`, `energy` or, for agents that do not listen and for detectors of the host, `none`. Silero where it is built in.
    pub vad: VadName,
    /// Whether the recogniser hears denoised audio (RNNoise). Off by default.
    pub denoise: bool,
    /// Whether the echo is taken out for clients that ask for it (AEC3). Where it is built in, by default.
    pub echo_cancellation: bool,
    /// A model that tells the end of a turn (Smart Turn). None by default.
    pub turn_detector: Option<TurnModel>,
}

/// A detector of speech that is built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VadName {
    /// Silero.
    Silero,
    /// By loudness alone.
    Energy,
    /// None.
    None,
}

/// Where a turn detection model lies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TurnModel {
    /// The model's file.
    pub model: PathBuf,
    /// The library of ONNX Runtime; the environment's `ORT_DYLIB_PATH` or the system's where it is left out.
    #[serde(default)]
    pub library: Option<PathBuf>,
}

impl Default for Ears {
    fn default() -> Self {
        let vad = if cfg!(feature = "silero") { VadName::Silero } else { VadName::Energy };
        Self { vad, denoise: false, echo_cancellation: cfg!(feature = "aec"), turn_detector: None }
    }
}

impl Ears {
    /// The engines that a JSON object asks for.
    ///
    /// # Errors
    /// `InvalidConfig`, naming the field that is unknown or wrong.
    pub fn from_json(text: &str) -> Result<Self> {
        json::read(text, ErrorKind::InvalidConfig, Stage::Session)
    }

    /// Gives them to an agent. Reads a turn detection model from its file.
    ///
    /// # Errors
    /// `Unsupported` for an engine that this build does not have; what the loading of a model says.
    pub fn give_to(&self, mut builder: AgentBuilder) -> Result<AgentBuilder> {
        builder = match self.vad {
            VadName::Silero => silero(builder)?,
            VadName::Energy => builder.vad(|| Ok(Box::new(EnergyVad::new()))),
            VadName::None => builder,
        };
        if self.denoise {
            builder = denoiser(builder)?;
        }
        if self.echo_cancellation {
            builder = echo_canceller(builder)?;
        }
        match &self.turn_detector {
            Some(turn) => turn_detector(builder, turn),
            None => Ok(builder),
        }
    }
}

#[cfg(feature = "silero")]
fn silero(builder: AgentBuilder) -> Result<AgentBuilder> {
    let model = SileroModel::embedded()?;
    Ok(builder.vad(move || Ok(Box::new(SileroVad::new(model.clone())))))
}

#[cfg(not(feature = "silero"))]
fn silero(_: AgentBuilder) -> Result<AgentBuilder> {
    Err(not_built(Stage::Vad, "silero"))
}

#[cfg(feature = "rnnoise")]
#[allow(clippy::unnecessary_wraps)] // Without the feature it fails.
fn denoiser(builder: AgentBuilder) -> Result<AgentBuilder> {
    Ok(builder.denoiser(|| Ok(Box::new(RnnoiseDenoiser::new()))))
}

#[cfg(not(feature = "rnnoise"))]
fn denoiser(_: AgentBuilder) -> Result<AgentBuilder> {
    Err(not_built(Stage::Denoise, "rnnoise"))
}

#[cfg(feature = "aec")]
#[allow(clippy::unnecessary_wraps)] // Without the feature it fails.
fn echo_canceller(builder: AgentBuilder) -> Result<AgentBuilder> {
    Ok(builder.echo_canceller(|| Ok(Box::new(Aec3::new()))))
}

#[cfg(not(feature = "aec"))]
fn echo_canceller(_: AgentBuilder) -> Result<AgentBuilder> {
    Err(not_built(Stage::Echo, "aec"))
}

#[cfg(feature = "ort")]
fn turn_detector(builder: AgentBuilder, turn: &TurnModel) -> Result<AgentBuilder> {
    Ok(builder.turn_detector(std::sync::Arc::new(SmartTurn::load(&turn.model, turn.library.as_deref())?)))
}

#[cfg(not(feature = "ort"))]
fn turn_detector(_: AgentBuilder, _: &TurnModel) -> Result<AgentBuilder> {
    Err(not_built(Stage::Turn, "ort"))
}

#[cfg(not(all(feature = "silero", feature = "rnnoise", feature = "aec", feature = "ort")))]
fn not_built(stage: Stage, feature: &str) -> Error {
    Error::new(ErrorKind::Unsupported, stage, format!("this build is without the feature `{feature}`"))
}
