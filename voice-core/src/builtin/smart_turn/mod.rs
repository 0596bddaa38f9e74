//! Smart Turn v3: whether somebody has finished, by the sound of it.
//!
//! The model (Daily, BSD 2-Clause) hears the last 8 s of a turn as a log-mel spectrogram and answers with a
//! probability. It is not part of this crate: `make models` fetches it, and whoever has it names its path.

mod line;
mod log_mel;
mod mel;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ort::session::Session;
use ort::value::TensorRef;

use super::onnx_runtime::{environment, failure, session};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::stage::{TurnDetector, TurnSnapshot};
use line::{Left, Line};
use log_mel::{FRAMES, LogMel};
use mel::MELS;

/// Questions that wait while one is answered. At 32 ms an answer, the shortest seen, a further one would wait longer
/// than [`PATIENCE`].
const PLACES: usize = 8;
/// How long a question waits for its turn. It is asked when the VAD has heard 192 ms of silence; with this wait and an
/// answer of 45 ms, 487 ms have passed, just within the 500 ms after which silence alone ends a turn by default.
const PATIENCE: Duration = Duration::from_millis(250);

/// The turn detector Smart Turn v3 on ONNX Runtime, one for all sessions of a process.
///
/// An answer takes 30 to 50 ms of the calling thread, which does all of the work. Questions are answered one at a time,
/// the oldest first: up to 8 wait, each for at most 250 ms. A ninth is refused at once and one that waited too long is
/// not answered any more, both with an error, after which a turn ends by silence alone.
///
/// It hears nothing but the audio, and wants the silence at the end of it: about 200 ms.
pub struct SmartTurn {
    model: Line<Model>,
}

struct Model {
    session: Session,
    log_mel: LogMel,
}

impl SmartTurn {
    /// Loads the model, and answers one question about silence to see that it is the right one.
    ///
    /// ONNX Runtime is loaded from `library`, else from the path in `ORT_DYLIB_PATH`, else from where the system's
    /// loader finds it. The first user of it in a process decides.
    ///
    /// # Errors
    /// `InvalidConfig` when the model cannot be read or is another one, or when the process holds another ONNX Runtime
    /// already; `EngineMissing` when there is no such library or it is older than 1.17.
    pub fn load(model: &Path, library: Option<&Path>) -> Result<Self> {
        let bytes = std::fs::read(model).map_err(|error| {
            let message = format!("the model {} cannot be read: {error}", model.display());
            Error::new(ErrorKind::InvalidConfig, Stage::Turn, message).with_source(error)
        })?;
        let environment = environment(library, Stage::Turn)?;
        let other = |error: Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            let cause = cause.lines().next().unwrap_or_default();
            let message = format!("the file does not work as the model Smart Turn v3: {cause}");
            Error::new(ErrorKind::InvalidConfig, Stage::Turn, message).with_source(error)
        };
        let session = session(&environment, &bytes, Stage::Turn).map_err(other)?;
        let mut model = Model { session, log_mel: LogMel::new() };
        model.answer(&[]).map_err(other)?;
        Ok(Self { model: Line::new(model, PLACES, PATIENCE) })
    }
}

impl TurnDetector for SmartTurn {
    fn end_of_turn(&self, turn: Arc<TurnSnapshot>) -> Result<f32> {
        if turn.audio.is_empty() {
            return Err(Error::new(ErrorKind::InvalidInput, Stage::Turn, "the turn has no audio"));
        }
        self.model.with(|model| model.answer(&turn.audio)).unwrap_or_else(|left| Err(no_answer(left)))
    }
}

impl std::fmt::Debug for SmartTurn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmartTurn").finish_non_exhaustive()
    }
}

impl Model {
    /// The probability, 0 … 1, that whoever said this has finished; 16 kHz mono.
    fn answer(&mut self, audio: &[i16]) -> Result<f32> {
        let features = self.log_mel.of(audio)?;
        ask(&mut self.session, features).map_err(failure(Stage::Turn))
    }
}

fn ask(session: &mut Session, features: &[f32]) -> ort::Result<f32> {
    let features = TensorRef::from_array_view(([1, MELS, FRAMES], features))?;
    let outputs = session.run(ort::inputs!["input_features" => features])?;
    let output = outputs.get("logits").ok_or_else(|| ort::Error::new("the model has no output named logits"))?;
    // In spite of its name it is a probability already.
    match output.try_extract_tensor::<f32>()? {
        (_, &[probability]) if (0.0..=1.0).contains(&probability) => Ok(probability),
        _ => Err(ort::Error::new("the output is not one probability")),
    }
}

fn no_answer(left: Left) -> Error {
    let (kind, message) = match left {
        Left::Full => (ErrorKind::RateLimited { retry_after: None }, "too many questions wait for an answer"),
        Left::Late => (ErrorKind::Timeout, "the question waited so long that its answer would come too late"),
    };
    Error::new(kind, Stage::Turn, message)
}
