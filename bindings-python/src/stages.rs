//! The stages alone. Samples cross as bytes, 32-bit floats or 16-bit integers in the machine's byte order;
//! `voice_agent/stages.py` makes arrays of them. The interpreter's lock is released while they work.

use crate::errors::raise;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use voice_core::audio::{Framer, Resampler as CoreResampler, pcm};
use voice_core::builtin::{RnnoiseDenoiser, SileroModel, SileroVad as CoreVad, SmartTurn};
use voice_core::stage::{TurnDetector as _, TurnSnapshot, Vad};
use voice_core::stream::StreamDenoiser;
use voice_core::{Result, TurnId};

/// Voice activity detection by Silero: windows of 512 samples, 16 kHz, mono.
#[pyclass(frozen, module = "voice_agent._native")]
pub(crate) struct SileroVad {
    stream: Mutex<Windows>,
}

struct Windows {
    vad: CoreVad,
    framer: Framer<f32>,
}

impl Windows {
    /// The probability of each window that `samples` completes.
    fn push(&mut self, mut samples: &[f32]) -> Result<Vec<f32>> {
        let mut probabilities = Vec::with_capacity(samples.len() / self.framer.window_len() + 1);
        while let Some(window) = self.framer.next_window(&mut samples) {
            probabilities.push(self.vad.speech_probability(window)?);
        }
        Ok(probabilities)
    }
}

#[pymethods]
impl SileroVad {
    #[new]
    fn new() -> PyResult<Self> {
        let vad = CoreVad::new(SileroModel::embedded().map_err(raise)?);
        let framer = Framer::new(vad.window_len());
        Ok(Self { stream: Mutex::new(Windows { vad, framer }) })
    }

    /// The probability of one window of 32-bit floats.
    fn window(&self, py: Python<'_>, samples: &[u8]) -> PyResult<f32> {
        py.detach(|| lock(&self.stream).vad.speech_probability(&floats(samples))).map_err(raise)
    }

    /// The probabilities of all windows that 32-bit floats complete.
    fn push<'py>(&self, py: Python<'py>, samples: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let probabilities = py.detach(|| lock(&self.stream).push(&floats(samples))).map_err(raise)?;
        Ok(PyBytes::new(py, &float_bytes(&probabilities)))
    }

    fn reset(&self) {
        let mut stream = lock(&self.stream);
        stream.vad.reset();
        stream.framer.reset();
    }
}

/// Noise suppression by RNNoise of a stream of 16-bit integers at any rate.
#[pyclass(frozen, module = "voice_agent._native")]
pub(crate) struct Denoiser {
    stream: Mutex<StreamDenoiser>,
    /// Samples by which the output lags the input.
    #[pyo3(get)]
    delay_samples: usize,
}

#[pymethods]
impl Denoiser {
    #[new]
    fn new(sample_rate: u32) -> PyResult<Self> {
        let stream = StreamDenoiser::new(Box::new(RnnoiseDenoiser::new()), sample_rate).map_err(raise)?;
        Ok(Self { delay_samples: stream.delay_samples(), stream: Mutex::new(stream) })
    }

    fn push<'py>(&self, py: Python<'py>, samples: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        bytes_of(py, |output| lock(&self.stream).push(&integers(samples), output))
    }

    fn flush<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        bytes_of(py, |output| lock(&self.stream).flush(output))
    }

    fn reset(&self) {
        lock(&self.stream).reset();
    }
}

/// Sample rate conversion of a stream.
#[pyclass(frozen, module = "voice_agent._native")]
pub(crate) struct Resampler {
    stream: Mutex<CoreResampler>,
    /// Output samples by which the output lags the input.
    #[pyo3(get)]
    delay_samples: usize,
}

#[pymethods]
impl Resampler {
    #[new]
    fn new(from_hz: u32, to_hz: u32) -> PyResult<Self> {
        let stream = CoreResampler::new(from_hz, to_hz).map_err(raise)?;
        Ok(Self { delay_samples: stream.delay_samples(), stream: Mutex::new(stream) })
    }

    /// Of 16-bit integers.
    fn push_integers<'py>(&self, py: Python<'py>, samples: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        bytes_of(py, |output| lock(&self.stream).process_i16(&integers(samples), output))
    }

    /// Of 32-bit floats.
    fn push_floats<'py>(&self, py: Python<'py>, samples: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let output = py.detach(|| {
            let mut output = Vec::new();
            lock(&self.stream).process(&floats(samples), &mut output).map(|()| float_bytes(&output))
        });
        Ok(PyBytes::new(py, &output.map_err(raise)?))
    }

    /// The rest, as 32-bit floats; then the stream starts afresh.
    fn flush<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let output = py.detach(|| {
            let mut output = Vec::new();
            lock(&self.stream).flush(&mut output).map(|()| float_bytes(&output))
        });
        Ok(PyBytes::new(py, &output.map_err(raise)?))
    }
}

/// Semantic turn detection by Smart Turn v3, one for all sessions of a process.
#[pyclass(frozen, module = "voice_agent._native")]
pub(crate) struct TurnDetector {
    detector: Arc<SmartTurn>,
}

#[pymethods]
impl TurnDetector {
    #[new]
    #[pyo3(signature = (model, library=None))]
    fn new(py: Python<'_>, model: PathBuf, library: Option<PathBuf>) -> PyResult<Self> {
        let detector = py.detach(|| SmartTurn::load(&model, library.as_deref())).map_err(raise)?;
        Ok(Self { detector: Arc::new(detector) })
    }

    /// The probability that whoever said this has finished: 16-bit integers at 16 kHz.
    fn end_of_turn(&self, py: Python<'_>, samples: &[u8]) -> PyResult<f32> {
        py.detach(|| {
            let (turn, transcript, silence) = (TurnId::default(), String::new(), Duration::ZERO);
            let snapshot = TurnSnapshot { turn, audio: integers(samples).into(), transcript, silence };
            self.detector.end_of_turn(Arc::new(snapshot))
        })
        .map_err(raise)
    }
}

/// A detector that an agent shares.
#[derive(FromPyObject)]
#[pyo3(transparent)]
pub(crate) struct SharedDetector(Py<TurnDetector>);

impl SharedDetector {
    pub(crate) fn get(&self) -> Arc<SmartTurn> {
        self.0.get().detector.clone()
    }
}

/// 32-bit floats as 16-bit integers, rounded and saturated.
#[pyfunction]
pub(crate) fn to_integers<'py>(py: Python<'py>, samples: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    if !samples.len().is_multiple_of(4) {
        return Err(PyValueError::new_err(format!("{} bytes are no whole number of 32-bit floats", samples.len())));
    }
    bytes_of(py, |output| {
        pcm::extend_i16(&floats(samples), output);
        Ok(())
    })
}

/// 16-bit integers as 32-bit floats in −1 … 1.
#[pyfunction]
pub(crate) fn to_floats<'py>(py: Python<'py>, samples: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    if !samples.len().is_multiple_of(2) {
        return Err(PyValueError::new_err(format!("{} bytes are no whole number of 16-bit samples", samples.len())));
    }
    let floats = py.detach(|| {
        let mut floats = Vec::new();
        pcm::extend_f32(&integers(samples), &mut floats);
        float_bytes(&floats)
    });
    Ok(PyBytes::new(py, &floats))
}

fn bytes_of<'py>(
    py: Python<'py>,
    work: impl FnOnce(&mut Vec<i16>) -> Result<()> + Send,
) -> PyResult<Bound<'py, PyBytes>> {
    let output = py.detach(|| {
        let mut output = Vec::new();
        work(&mut output).map(|()| pcm::to_bytes(&output))
    });
    Ok(PyBytes::new(py, &output.map_err(raise)?))
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|sample| f32::from_ne_bytes(*sample)).collect()
}

fn float_bytes(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect()
}

fn integers(bytes: &[u8]) -> Vec<i16> {
    bytes.as_chunks().0.iter().map(|sample| i16::from_ne_bytes(*sample)).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
