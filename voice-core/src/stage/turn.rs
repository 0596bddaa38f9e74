//! Turn detection: has the person finished, or is this a pause?

use crate::error::Result;
use crate::id::TurnId;
use std::sync::Arc;
use std::time::Duration;

/// What is known of the user's turn at a moment of silence.
#[derive(Debug, Clone)]
pub struct TurnSnapshot {
    /// The turn asked about.
    pub turn: TurnId,
    /// The end of the turn's audio, at most the last 8 s, 16 kHz mono, the silence at its end included.
    pub audio: Arc<[i16]>,
    /// The best transcript so far.
    pub transcript: String,
    /// Silence since the last speech sample.
    pub silence: Duration,
}

/// Estimates whether the person has finished. One instance serves many sessions.
///
/// A call may take tens of ms and runs on a worker; its answer may come late or not at all.
pub trait TurnDetector: Send + Sync {
    /// The probability, 0 … 1, that the turn is over.
    ///
    /// # Errors
    /// Any: the turn then ends by silence alone.
    fn end_of_turn(&self, turn: Arc<TurnSnapshot>) -> Result<f32>;
}
