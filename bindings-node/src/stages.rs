//! The stages alone: samples in, samples or probabilities out, on the calling thread.

use crate::border::{Settled, settle};
use crate::errors::thrown;
use napi::Env;
use napi::bindgen_prelude::{Float32Array, Int16Array};
use napi_derive::napi;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use voice_core::audio::{Framer, Resampler, pcm};
use voice_core::builtin::{RnnoiseDenoiser, SileroModel, SileroVad, SmartTurn};
use voice_core::stage::{TurnDetector, TurnSnapshot, Vad};
use voice_core::stream::StreamDenoiser;
use voice_core::{Error, ErrorKind, Stage, TurnId};

/// Silero VAD for one stream of 16 kHz.
#[napi]
pub struct NativeSilero {
    vad: SileroVad,
    framer: Framer<f32>,
    floats: Vec<f32>,
}

#[napi]
impl NativeSilero {
    /// A detector for a new stream.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> napi::Result<Self> {
        let vad = SileroVad::new(SileroModel::embedded().map_err(|error| thrown(&error))?);
        Ok(Self { framer: Framer::new(vad.window_len()), vad, floats: Vec::new() })
    }

    /// The probability of speech in each window that these samples complete.
    #[napi(catch_unwind)]
    pub fn push_floats(&mut self, samples: &[f32]) -> napi::Result<Float32Array> {
        probabilities(&mut self.vad, &mut self.framer, samples)
    }

    /// As `push_floats`, for 16-bit samples.
    #[napi(catch_unwind)]
    pub fn push_integers(&mut self, samples: &[i16]) -> napi::Result<Float32Array> {
        self.floats.clear();
        pcm::extend_f32(samples, &mut self.floats);
        probabilities(&mut self.vad, &mut self.framer, &self.floats)
    }

    /// Forgets the stream heard so far.
    #[napi(catch_unwind)]
    pub fn reset(&mut self) {
        self.vad.reset();
        self.framer.reset();
    }
}

fn probabilities(vad: &mut SileroVad, framer: &mut Framer<f32>, mut samples: &[f32]) -> napi::Result<Float32Array> {
    let mut probabilities = Vec::with_capacity(samples.len() / vad.window_len() + 1);
    while let Some(window) = framer.next_window(&mut samples) {
        probabilities.push(vad.speech_probability(window).map_err(|error| thrown(&error))?);
    }
    Ok(Float32Array::new(probabilities))
}

/// RNNoise for one stream.
#[napi]
pub struct NativeDenoiser(StreamDenoiser);

#[napi]
impl NativeDenoiser {
    /// For a stream of `rate` Hz.
    #[napi(constructor, catch_unwind)]
    pub fn new(rate: u32) -> napi::Result<Self> {
        let denoiser = StreamDenoiser::new(Box::new(RnnoiseDenoiser::new()), rate);
        denoiser.map(Self).map_err(|error| thrown(&error))
    }

    /// Samples by which the output lags the input.
    #[napi(getter)]
    pub fn delay(&self) -> u32 {
        u32::try_from(self.0.delay_samples()).unwrap_or(u32::MAX)
    }

    /// What these samples determine of the cleaned stream.
    #[napi(catch_unwind)]
    pub fn push(&mut self, samples: &[i16]) -> napi::Result<Int16Array> {
        let mut cleaned = Vec::new();
        self.0.push(samples, &mut cleaned).map_err(|error| thrown(&error))?;
        Ok(Int16Array::new(cleaned))
    }

    /// What the delay held back; the stream begins anew.
    #[napi(catch_unwind)]
    pub fn flush(&mut self) -> napi::Result<Int16Array> {
        let mut tail = Vec::new();
        self.0.flush(&mut tail).map_err(|error| thrown(&error))?;
        Ok(Int16Array::new(tail))
    }

    /// Forgets the stream heard so far.
    #[napi(catch_unwind)]
    pub fn reset(&mut self) {
        self.0.reset();
    }
}

/// Sample rate conversion of one stream.
#[napi]
pub struct NativeResampler(Resampler);

#[napi]
impl NativeResampler {
    /// From one rate to another, in Hz.
    #[napi(constructor, catch_unwind)]
    pub fn new(from: u32, to: u32) -> napi::Result<Self> {
        Resampler::new(from, to).map(Self).map_err(|error| thrown(&error))
    }

    /// Output samples by which the output lags the input.
    #[napi(getter)]
    pub fn delay(&self) -> u32 {
        u32::try_from(self.0.delay_samples()).unwrap_or(u32::MAX)
    }

    /// What these samples determine of the output.
    #[napi(catch_unwind)]
    pub fn push_floats(&mut self, samples: &[f32]) -> napi::Result<Float32Array> {
        let mut output = Vec::new();
        self.0.process(samples, &mut output).map_err(|error| thrown(&error))?;
        Ok(Float32Array::new(output))
    }

    /// As `push_floats`, for 16-bit samples.
    #[napi(catch_unwind)]
    pub fn push_integers(&mut self, samples: &[i16]) -> napi::Result<Int16Array> {
        let mut output = Vec::new();
        self.0.process_i16(samples, &mut output).map_err(|error| thrown(&error))?;
        Ok(Int16Array::new(output))
    }

    /// What the delay held back, as floats; the stream begins anew.
    #[napi(catch_unwind)]
    pub fn flush_floats(&mut self) -> napi::Result<Float32Array> {
        let mut tail = Vec::new();
        self.0.flush(&mut tail).map_err(|error| thrown(&error))?;
        Ok(Float32Array::new(tail))
    }

    /// As `flush_floats`, for 16-bit samples.
    #[napi(catch_unwind)]
    pub fn flush_integers(&mut self) -> napi::Result<Int16Array> {
        let mut tail = Vec::new();
        self.0.flush_i16(&mut tail).map_err(|error| thrown(&error))?;
        Ok(Int16Array::new(tail))
    }
}

/// Semantic turn detection by Smart Turn v3, one for all sessions of a process.
#[napi]
pub struct NativeTurnDetector(Arc<SmartTurn>);

#[napi]
impl NativeTurnDetector {
    /// Loads the model, and the library of ONNX Runtime.
    #[napi(constructor, catch_unwind)]
    pub fn new(model: String, library: Option<String>) -> napi::Result<Self> {
        let detector = SmartTurn::load(Path::new(&model), library.as_deref().map(Path::new));
        detector.map(|detector| Self(Arc::new(detector))).map_err(|error| thrown(&error))
    }

    /// The probability that whoever said this has finished: 16 kHz. It takes tens of ms of a thread that is not JavaScript's.
    #[napi(catch_unwind)]
    pub fn end_of_turn<'env>(&self, env: &'env Env, samples: &[i16]) -> napi::Result<Settled<'env, f64>> {
        let (detector, audio) = (self.0.clone(), samples.into());
        let asked = napi::bindgen_prelude::spawn_blocking(move || {
            let (turn, transcript, silence) = (TurnId::default(), String::new(), Duration::ZERO);
            detector.end_of_turn(Arc::new(TurnSnapshot { turn, audio, transcript, silence }))
        });
        settle(env, async move {
            let failed =
                |failure: tokio::task::JoinError| Error::new(ErrorKind::Internal, Stage::Turn, failure.to_string());
            asked.await.map_err(failed)?.map(f64::from)
        })
    }
}

impl NativeTurnDetector {
    pub(crate) fn shared(&self) -> Arc<SmartTurn> {
        self.0.clone()
    }
}
