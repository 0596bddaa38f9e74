//! A VAD by loudness alone, for targets too small for a model and for tests.

use crate::audio::{NoiseFloor, level_dbfs};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::stage::Vad;

const RATE: u32 = 16_000;
/// 32 ms, as Silero takes them, so that either can stand in for the other.
const WINDOW: usize = 512;
/// How far above the background, in dB, a window is as likely speech as not. Speech that one would talk over lies
/// 10–30 dB above a room.
const EVEN_DB: f32 = 9.0;
/// dB around [`EVEN_DB`] by which the odds change e-fold.
const SLOPE_DB: f32 = 2.0;

/// Takes for speech what is well above the background noise.
///
/// The background is learnt by minimum statistics ([`NoiseFloor`]): a steady noise that begins counts as speech until
/// the floor has risen to it, at 6 dB a second. The probability is a logistic function of the level above the floor:
/// 0.5 at 9 dB, 0.05 at 3 dB, 0.95 at 15 dB. It tells loud from quiet, not voice from music.
#[derive(Debug, Clone, Default)]
pub struct EnergyVad {
    floor: NoiseFloor,
}

impl EnergyVad {
    /// A VAD that expects a quiet room.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Vad for EnergyVad {
    fn sample_rate(&self) -> u32 {
        RATE
    }

    fn window_len(&self) -> usize {
        WINDOW
    }

    fn speech_probability(&mut self, window: &[f32]) -> Result<f32> {
        if window.len() != WINDOW {
            let message = format!("the energy VAD takes windows of {WINDOW} samples, not {}", window.len());
            return Err(Error::new(ErrorKind::InvalidInput, Stage::Vad, message));
        }
        let level = level_dbfs(window);
        let floor = self.floor.update(level, WINDOW as f32 / RATE as f32);
        Ok(1.0 / (1.0 + ((EVEN_DB - (level - floor)) / SLOPE_DB).exp()))
    }

    fn reset(&mut self) {
        self.floor = NoiseFloor::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The probability of windows of a square wave at this level.
    fn hear(vad: &mut EnergyVad, dbfs: f32, windows: usize) -> f32 {
        let amplitude = 10.0_f32.powf(dbfs / 20.0);
        let window: Vec<f32> = (0..WINDOW).map(|n| if n / 16 % 2 == 0 { amplitude } else { -amplitude }).collect();
        (0..windows).map(|_| vad.speech_probability(&window).unwrap()).last().unwrap()
    }

    #[test]
    fn what_stands_out_of_the_room_is_speech() {
        let mut vad = EnergyVad::new();
        assert!(hear(&mut vad, -60.0, 10) < 0.05);
        assert!(hear(&mut vad, -30.0, 10) > 0.95);
        assert!(hear(&mut vad, -58.0, 1) < 0.1);
    }

    #[test]
    fn a_steady_noise_is_learnt_and_speech_above_it_still_heard() {
        let mut vad = EnergyVad::new();
        assert!(hear(&mut vad, -40.0, 5) > 0.9);
        // 25 dB at 6 dB a second are 4.2 s, 131 windows.
        assert!(hear(&mut vad, -40.0, 131) < 0.05);
        assert!(hear(&mut vad, -20.0, 5) > 0.95);
    }

    #[test]
    fn digital_silence_is_not_speech_and_a_reset_forgets() {
        let mut vad = EnergyVad::new();
        assert!(vad.speech_probability(&[0.0; WINDOW]).unwrap() < 0.02);
        hear(&mut vad, -20.0, 300);
        vad.reset();
        assert!(hear(&mut vad, -40.0, 1) > 0.9);
    }

    #[test]
    fn a_window_of_another_length_is_refused() {
        let error = EnergyVad::new().speech_probability(&[0.0; 160]).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidInput);
    }
}
