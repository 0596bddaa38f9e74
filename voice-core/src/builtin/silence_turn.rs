//! Turn detection by silence alone.

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::stage::{TurnDetector, TurnSnapshot};
use std::sync::Arc;
use std::time::Duration;

/// Takes a turn for over the more, the longer the silence lasts.
///
/// The probability is 1 − 2^(−silence ∕ even): as likely as not after `even`, 0.75 after twice that, never certain.
#[derive(Debug, Clone)]
pub struct SilenceTurnDetector {
    even: Duration,
}

impl SilenceTurnDetector {
    /// As likely as not after `even` of silence.
    ///
    /// # Errors
    /// `InvalidConfig` for zero.
    pub fn new(even: Duration) -> Result<Self> {
        if even.is_zero() {
            let message = "the silence that ends a turn must be longer than zero";
            return Err(Error::new(ErrorKind::InvalidConfig, Stage::Turn, message));
        }
        Ok(Self { even })
    }
}

impl Default for SilenceTurnDetector {
    /// Even after 500 ms, where a pause inside a turn and the end of one are about equally common.
    fn default() -> Self {
        Self { even: Duration::from_millis(500) }
    }
}

impl TurnDetector for SilenceTurnDetector {
    fn end_of_turn(&self, turn: Arc<TurnSnapshot>) -> Result<f32> {
        Ok(1.0 - (-turn.silence.div_duration_f32(self.even)).exp2())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TurnId;

    fn after(detector: &SilenceTurnDetector, milliseconds: u64) -> f32 {
        let silence = Duration::from_millis(milliseconds);
        let turn = TurnSnapshot { turn: TurnId::default(), audio: Arc::default(), transcript: String::new(), silence };
        detector.end_of_turn(Arc::new(turn)).unwrap()
    }

    #[test]
    fn the_probability_grows_with_the_silence() {
        let detector = SilenceTurnDetector::new(Duration::from_millis(400)).unwrap();
        assert_eq!(after(&detector, 0), 0.0);
        assert!((after(&detector, 400) - 0.5).abs() < 1e-6);
        assert!((after(&detector, 800) - 0.75).abs() < 1e-6);
        assert!(after(&detector, 60_000) <= 1.0);
    }

    #[test]
    fn no_silence_at_all_cannot_end_a_turn() {
        let error = SilenceTurnDetector::new(Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidConfig);
    }
}
