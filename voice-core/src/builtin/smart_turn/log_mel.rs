//! What the model hears: Whisper's log-mel spectrogram of 8 s.
//!
//! The steps and constants are those of Whisper's feature extractor for `chunk_length` 8 with `do_normalize`
//! (`feature_extraction_whisper.py` of Hugging Face's `transformers`), after which Smart Turn v3 was trained.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::mel::{BINS, MELS, MelFilters};
use crate::audio::pcm;
use crate::error::{Error, ErrorKind, Result, Stage};

/// Samples heard: 8 s at 16 kHz.
pub(super) const SAMPLES: usize = 8 * 16_000;
/// Spectra: one each 10 ms. The one centred on the end of the audio is left out.
pub(super) const FRAMES: usize = SAMPLES / HOP;
/// Values given.
pub(super) const VALUES: usize = MELS * FRAMES;

/// Samples of a spectrum, 25 ms, centred on its time.
const FRAME: usize = 2 * (BINS - 1);
/// Samples from one spectrum to the next.
const HOP: usize = 160;
/// Samples mirrored at each end.
const MARGIN: usize = FRAME / 2;
/// Keeps silence from being divided by zero.
const LEAST_VARIANCE: f64 = 1e-7;
/// The least power that counts.
const FLOOR: f32 = 1e-10;
/// Everything that is quieter than the loudest value by more than this, in decades of power, is as quiet as this.
const RANGE: f32 = 8.0;

/// Computes the features; keeps its working memory (about 1 MiB) from one call to the next.
pub(super) struct LogMel {
    transform: Arc<dyn RealToComplex<f32>>,
    window: [f32; FRAME],
    filters: MelFilters,
    audio: Vec<f32>,
    frame: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    values: Vec<f32>,
}

impl LogMel {
    pub(super) fn new() -> Self {
        let transform = RealFftPlanner::new().plan_fft_forward(FRAME);
        let angle = |n: usize| 2.0 * std::f64::consts::PI * n as f64 / FRAME as f64;
        Self {
            window: std::array::from_fn(|n| (0.5 - 0.5 * angle(n).cos()) as f32),
            filters: MelFilters::new(),
            audio: vec![0.0; SAMPLES + 2 * MARGIN],
            frame: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            values: vec![0.0; VALUES],
            transform,
        }
    }

    /// The features of the last 8 s of `audio` (16 kHz mono), 80 filters × 800 times, each filter's times side by side.
    /// Before shorter audio comes silence.
    ///
    /// # Errors
    /// `Internal` when the transform fails.
    pub(super) fn of(&mut self, audio: &[i16]) -> Result<&[f32]> {
        self.take(audio);
        let mut loudest = f32::MIN;
        for time in 0..FRAMES {
            let power = self.power(time * HOP)?;
            for (mel, power) in self.filters.apply(&power).into_iter().enumerate() {
                let value = power.max(FLOOR).log10();
                loudest = loudest.max(value);
                self.values[mel * FRAMES + time] = value;
            }
        }
        for value in &mut self.values {
            *value = (value.max(loudest - RANGE) + 4.0) / 4.0;
        }
        Ok(&self.values)
    }

    /// Takes the audio in with a mean of zero and a variance of one over the whole 8 s, its ends mirrored.
    fn take(&mut self, audio: &[i16]) {
        let tail = &audio[audio.len().saturating_sub(SAMPLES)..];
        let heard = &mut self.audio[MARGIN..MARGIN + SAMPLES];
        let (before, sounding) = heard.split_at_mut(SAMPLES - tail.len());
        before.fill(0.0);
        for (slot, sample) in sounding.iter_mut().zip(tail) {
            *slot = pcm::to_f32(*sample);
        }
        let mean = heard.iter().map(|sample| f64::from(*sample)).sum::<f64>() / SAMPLES as f64;
        let variance = heard.iter().map(|sample| (f64::from(*sample) - mean).powi(2)).sum::<f64>() / SAMPLES as f64;
        let scale = (variance + LEAST_VARIANCE).sqrt().recip();
        for sample in heard {
            *sample = ((f64::from(*sample) - mean) * scale) as f32;
        }
        for n in 1..=MARGIN {
            self.audio[MARGIN - n] = self.audio[MARGIN + n];
            self.audio[MARGIN + SAMPLES - 1 + n] = self.audio[MARGIN + SAMPLES - 1 - n];
        }
    }

    /// The power spectrum of the frame that begins at this sample.
    fn power(&mut self, start: usize) -> Result<[f32; BINS]> {
        let samples = &self.audio[start..start + FRAME];
        for ((slot, sample), weight) in self.frame.iter_mut().zip(samples).zip(&self.window) {
            *slot = sample * weight;
        }
        self.transform.process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch).map_err(
            |error| Error::new(ErrorKind::Internal, Stage::Turn, "the spectrum cannot be computed").with_source(error),
        )?;
        Ok(std::array::from_fn(|bin| self.spectrum[bin].norm_sqr()))
    }
}

#[cfg(test)]
#[path = "log_mel_tests.rs"]
mod tests;
