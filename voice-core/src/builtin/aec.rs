//! WebRTC's third echo canceller, through the pure-Rust port `sonora`.

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::stage::EchoCanceller;
use sonora::config::EchoCanceller as Settings;
use sonora::{AudioProcessing, Config, StreamConfig};
use std::fmt;

const RATE: u32 = 16_000;
/// 10 ms: what the module is built for.
const FRAME: usize = RATE as usize / 100;
/// 8 ms. The canceller works in blocks of 4 ms, and holds back one to fill frames and one for its overlapping windows.
const LATENCY: usize = 128;
/// 500 ms. Its five matched filters reach a little further, 512 ms from their beginning to their end.
const LONGEST_DELAY: usize = RATE as usize / 2;

/// Cancels echo at 16 kHz, in frames of 10 ms, with 8 ms of delay.
///
/// It finds the delay of the echo by itself, from 5 ms on, and follows it, models the room by adaptive filters, and suppresses what they
/// leave over. A high-pass filter at 100 Hz comes with it. While both talk, the suppression costs the near voice about a
/// decibel and some clearness. `sonora` allocates in every frame, some 35 times.
pub struct Aec3 {
    module: AudioProcessing,
    near: [f32; FRAME],
    /// What the module makes of the far end: nothing, but it wants a place for it.
    far: [f32; FRAME],
}

impl Aec3 {
    /// A canceller that knows nothing of the room yet. It learns it within about a second of the far end.
    pub fn new() -> Self {
        Self { module: module(), near: [0.0; FRAME], far: [0.0; FRAME] }
    }
}

impl Default for Aec3 {
    fn default() -> Self {
        Self::new()
    }
}

fn module() -> AudioProcessing {
    let config = Config { echo_canceller: Some(Settings::default()), ..Config::default() };
    let mono = StreamConfig::new(RATE, 1);
    AudioProcessing::builder().config(config).capture_config(mono).render_config(mono).build()
}

impl EchoCanceller for Aec3 {
    fn sample_rate(&self) -> u32 {
        RATE
    }

    fn frame_len(&self) -> usize {
        FRAME
    }

    fn latency(&self) -> usize {
        LATENCY
    }

    fn longest_delay(&self) -> usize {
        LONGEST_DELAY
    }

    fn process(&mut self, near: &mut [f32], far: &[f32]) -> Result<()> {
        if near.len() != FRAME || far.len() != FRAME {
            let message =
                format!("the echo canceller takes frames of {FRAME} samples, not {} and {}", near.len(), far.len());
            return Err(Error::new(ErrorKind::InvalidInput, Stage::Echo, message));
        }
        self.module.process_render_f32(&[far], &mut [&mut self.far]).map_err(refused)?;
        self.module.process_capture_f32(&[near], &mut [&mut self.near]).map_err(refused)?;
        near.copy_from_slice(&self.near);
        Ok(())
    }

    fn reset(&mut self) {
        self.module = module();
    }
}

fn refused(error: sonora::Error) -> Error {
    Error::new(ErrorKind::Internal, Stage::Echo, format!("the echo canceller refuses its own format: {error}"))
}

impl fmt::Debug for Aec3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aec3").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Wav, level_dbfs, pcm};

    /// Ten seconds of synthetic speech.
    fn speech() -> Vec<f32> {
        let wav = Wav::parse(include_bytes!("../../tests/fixtures/silero_speech.wav")).unwrap();
        wav.samples.into_iter().map(pcm::to_f32).collect()
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

    fn delayed(signal: &[f32], samples: usize, gain: f32) -> Vec<f32> {
        let late = signal.iter().map(|sample| gain * sample);
        std::iter::repeat_n(0.0, samples).chain(late).take(signal.len()).collect()
    }

    fn run(canceller: &mut Aec3, near: &[f32], far: &[f32]) -> Vec<f32> {
        let mut output = Vec::new();
        for (near, far) in near.chunks_exact(FRAME).zip(far.chunks_exact(FRAME)) {
            let mut frame = [0.0; FRAME];
            frame.copy_from_slice(near);
            canceller.process(&mut frame, far).unwrap();
            output.extend(frame);
        }
        output
    }

    #[test]
    fn the_echo_goes_whatever_its_delay() {
        let far = speech();
        for milliseconds in [5, 40, 200, 500] {
            let near = delayed(&far, milliseconds * 16, 0.25);
            let output = run(&mut Aec3::new(), &near, &far);
            let later = 5 * RATE as usize..9 * RATE as usize;
            let reduction = level_dbfs(&near[later.clone()]) - level_dbfs(&output[later]);
            assert!(reduction > 25.0, "{milliseconds} ms: {reduction} dB");
        }
    }

    #[test]
    fn a_voice_without_echo_comes_out_after_the_declared_latency() {
        let mut canceller = Aec3::new();
        let near = hiss(2 * RATE as usize);
        let output = run(&mut canceller, &near, &vec![0.0; near.len()]);
        let correlation = |lag: usize| -> f32 { near.iter().zip(&output[lag..]).map(|(a, b)| a * b).sum() };
        let measured = (0..400).max_by(|&a, &b| correlation(a).total_cmp(&correlation(b))).unwrap();
        assert_eq!(measured, canceller.latency());
        let change = level_dbfs(&output) - level_dbfs(&near);
        assert!(change.abs() < 3.0, "{change} dB");
    }

    #[test]
    fn a_reset_canceller_is_as_good_as_new() {
        let far = speech()[..3 * RATE as usize].to_vec();
        let near = delayed(&far, 1_000, 0.25);
        let mut canceller = Aec3::new();
        let first = run(&mut canceller, &near, &far);
        canceller.reset();
        assert_eq!(run(&mut canceller, &near, &far), first);
    }

    #[test]
    fn frames_of_another_length_are_refused() {
        for (near, far) in [(FRAME, 80), (80, FRAME)] {
            let error = Aec3::new().process(&mut vec![0.0; near], &vec![0.0; far]).unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::InvalidInput);
        }
    }
}
