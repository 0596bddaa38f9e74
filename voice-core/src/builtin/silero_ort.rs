//! The same Silero VAD through ONNX Runtime: a second opinion, several times slower than
//! [`SileroVad`](super::SileroVad).

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;

use super::onnx_runtime::{environment, failure, session};
use super::silero::{CONTEXT, EMBEDDED, SAMPLE_RATE, UNITS, WINDOW, heard, window_of};
use crate::error::{Result, Stage};
use crate::stage::Vad;

const INPUT: usize = CONTEXT + WINDOW;
const STATE: usize = 2 * UNITS;

/// One stream's voice activity detector on ONNX Runtime: 1.3 kB of state beside sessions that all streams share.
///
/// A session serves one call at a time, so there come to be as many (2 MB each) as threads have called at once; making
/// one takes some tens of milliseconds of that call. ONNX Runtime allocates its outputs at each call.
#[derive(Clone)]
pub struct OrtSilero {
    sessions: Arc<Sessions>,
    context: [f32; CONTEXT],
    state: [f32; STATE],
}

/// Sessions that no call is using.
struct Sessions {
    environment: Environment,
    idle: Mutex<Vec<Session>>,
}

impl OrtSilero {
    /// A detector for a new stream.
    ///
    /// Loads ONNX Runtime from `library_path`, else from the path in `ORT_DYLIB_PATH`, else where the system's loader
    /// finds it. The first detector of the process decides.
    ///
    /// # Errors
    /// `EngineMissing` when there is no such library or it is older than 1.17; `InvalidConfig` when the process holds
    /// another one already; `Internal` when ONNX Runtime refuses the model.
    pub fn new(library_path: Option<&Path>) -> Result<Self> {
        let sessions = Sessions::shared(environment(library_path, Stage::Vad)?)?;
        Ok(Self { sessions, context: [0.0; CONTEXT], state: [0.0; STATE] })
    }

    fn run(&mut self, session: &mut Session, input: &[f32; INPUT]) -> ort::Result<f32> {
        let outputs = session.run(ort::inputs![
            "input" => TensorRef::from_array_view(([1, INPUT], input.as_slice()))?,
            "state" => TensorRef::from_array_view(([2, 1, UNITS], self.state.as_slice()))?,
            "sr" => TensorRef::from_array_view(((), [i64::from(SAMPLE_RATE)].as_slice()))?,
        ])?;
        let (_, probability) = outputs["output"].try_extract_tensor::<f32>()?;
        let (_, state) = outputs["stateN"].try_extract_tensor::<f32>()?;
        match (probability, <&[f32; STATE]>::try_from(state)) {
            (&[probability], Ok(state)) => {
                self.state = *state;
                Ok(probability)
            }
            _ => Err(ort::Error::new("the outputs have other shapes than Silero's")),
        }
    }
}

impl Vad for OrtSilero {
    fn sample_rate(&self) -> u32 {
        SAMPLE_RATE
    }

    fn window_len(&self) -> usize {
        WINDOW
    }

    fn speech_probability(&mut self, window: &[f32]) -> Result<f32> {
        let window = window_of(window)?;
        let mut input = [0.0; INPUT];
        input[..CONTEXT].copy_from_slice(&self.context);
        for (slot, sample) in input[CONTEXT..].iter_mut().zip(window) {
            *slot = heard(*sample);
        }
        let mut session = self.sessions.take()?;
        let probability = self.run(&mut session, &input).map_err(failure(Stage::Vad));
        self.sessions.give_back(session);
        self.context.copy_from_slice(&input[WINDOW..]);
        probability
    }

    fn reset(&mut self) {
        self.context = [0.0; CONTEXT];
        self.state = [0.0; STATE];
    }
}

impl std::fmt::Debug for OrtSilero {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OrtSilero").finish_non_exhaustive()
    }
}

impl Sessions {
    /// The sessions of this process; they go with the last detector.
    fn shared(environment: Environment) -> Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Sessions>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sessions) = shared.upgrade() {
            return Ok(sessions);
        }
        let first = session(&environment, EMBEDDED, Stage::Vad)?;
        let sessions = Arc::new(Self { environment, idle: Mutex::new(vec![first]) });
        *shared = Arc::downgrade(&sessions);
        Ok(sessions)
    }

    fn take(&self) -> Result<Session> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(session) => Ok(session),
            None => session(&self.environment, EMBEDDED, Stage::Vad),
        }
    }

    fn give_back(&self, session: Session) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }
}
