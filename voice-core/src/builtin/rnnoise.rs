//! RNNoise noise suppression, through the pure-Rust `nnnoiseless`.

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::stage::Denoiser;
use nnnoiseless::DenoiseState;
use std::fmt;

const FRAME: usize = DenoiseState::FRAME_SIZE;
/// RNNoise takes floats in the range of 16-bit integers.
const SCALE: f32 = 32_768.0;

/// Suppresses steady and crowd noise at 48 kHz, in frames of 10 ms, with 10 ms of delay. About 31 KiB a stream.
///
/// J.-M. Valin, "A hybrid DSP/deep learning approach to real-time full-band speech enhancement" (2018).
pub struct RnnoiseDenoiser {
    state: Box<DenoiseState<'static>>,
    scaled: [f32; FRAME],
    begun: bool,
}

impl RnnoiseDenoiser {
    /// A denoiser with the weights that come with RNNoise.
    pub fn new() -> Self {
        Self { state: DenoiseState::new(), scaled: [0.0; FRAME], begun: false }
    }
}

impl Default for RnnoiseDenoiser {
    fn default() -> Self {
        Self::new()
    }
}

impl Denoiser for RnnoiseDenoiser {
    fn sample_rate(&self) -> u32 {
        48_000
    }

    fn frame_len(&self) -> usize {
        FRAME
    }

    fn latency(&self) -> usize {
        FRAME
    }

    fn process(&mut self, frame: &mut [f32]) -> Result<()> {
        if frame.len() != FRAME {
            let message = format!("RNNoise takes frames of {FRAME} samples, not {}", frame.len());
            return Err(Error::new(ErrorKind::InvalidInput, Stage::Denoise, message));
        }
        for (scaled, sample) in self.scaled.iter_mut().zip(&*frame) {
            *scaled = sample * SCALE;
        }
        self.state.process_frame(frame, &self.scaled);
        // The first output stands for the time before the stream; what it holds is the fade-in of the analysis window.
        let scale = if self.begun { 1.0 / SCALE } else { 0.0 };
        self.begun = true;
        for sample in frame {
            *sample *= scale;
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.state = DenoiseState::new();
        self.begun = false;
    }
}

impl fmt::Debug for RnnoiseDenoiser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RnnoiseDenoiser").field("begun", &self.begun).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level_dbfs;

    fn run(denoiser: &mut RnnoiseDenoiser, mut signal: Vec<f32>) -> Vec<f32> {
        signal.truncate(signal.len() / FRAME * FRAME);
        for frame in signal.chunks_exact_mut(FRAME) {
            denoiser.process(frame).unwrap();
        }
        signal
    }

    /// White noise of about −36 dBFS, the same every time.
    fn hiss(samples: usize) -> Vec<f32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..samples).map(|_| 0.028 * next()).collect()
    }

    /// A buzz at 120 Hz with the syllable rhythm of speech, which RNNoise takes for a voice.
    fn voice(samples: usize) -> Vec<f32> {
        let tone = |n: usize, hz: f32| (std::f32::consts::TAU * hz * n as f32 / 48_000.0).sin();
        let buzz = |n: usize| (1..20).map(|k| tone(n, 120.0 * k as f32)).sum::<f32>();
        (0..samples).map(|n| 0.02 * buzz(n) * (0.6 + 0.4 * tone(n, 4.0))).collect()
    }

    #[test]
    fn hiss_is_suppressed_within_seconds() {
        let noise = hiss(6 * 48_000);
        let cleaned = run(&mut RnnoiseDenoiser::new(), noise.clone());
        let reduction = level_dbfs(&noise[5 * 48_000..]) - level_dbfs(&cleaned[5 * 48_000..]);
        assert!(reduction > 20.0, "{reduction} dB");
    }

    #[test]
    fn a_voice_comes_out_after_the_declared_latency() {
        let mut denoiser = RnnoiseDenoiser::new();
        let input = voice(48_000);
        let output = run(&mut denoiser, input.clone());
        let correlation = |lag: usize| -> f32 { input.iter().zip(&output[lag..]).map(|(a, b)| a * b).sum() };
        // Half a period of the voice around the declared value, so that there is one peak.
        let latency = denoiser.latency();
        let measured = (latency - 200..latency + 200).max_by(|&a, &b| correlation(a).total_cmp(&correlation(b)));
        assert_eq!(measured, Some(latency));
        let change = level_dbfs(&output[24_000..]) - level_dbfs(&input[24_000 - latency..48_000 - latency]);
        assert!(change.abs() < 3.0, "{change} dB");
    }

    #[test]
    fn the_first_frame_is_silent() {
        let output = run(&mut RnnoiseDenoiser::new(), voice(960));
        assert!(output[..FRAME].iter().all(|&sample| sample == 0.0));
        assert!(level_dbfs(&output[FRAME..]) > -40.0);
    }

    #[test]
    fn a_reset_denoiser_is_as_good_as_new() {
        let mut denoiser = RnnoiseDenoiser::new();
        let first = run(&mut denoiser, voice(9_600));
        denoiser.reset();
        assert_eq!(run(&mut denoiser, voice(9_600)), first);
    }

    #[test]
    fn a_frame_of_another_length_is_refused() {
        let error = RnnoiseDenoiser::new().process(&mut [0.0; 160]).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidInput);
    }
}
