//! Asks a turn detector, off the session's task, whether the user has finished.

use crate::id::TurnId;
use crate::stage::{TurnDetector, TurnSnapshot};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The tail of the turn that a detector hears: 8 s at 16 kHz.
const TAIL_SAMPLES: usize = 8 * 16_000;

pub(super) struct TurnEstimator {
    detector: Arc<dyn TurnDetector>,
    turn: TurnId,
    tail: VecDeque<i16>,
    transcript: String,
    silence: Duration,
    /// At most one question is open; a newer one waits for it and replaces one that waits.
    open: Option<(TurnId, JoinHandle<Option<f32>>)>,
    waiting: Option<TurnId>,
}

impl TurnEstimator {
    pub(super) fn new(detector: Arc<dyn TurnDetector>) -> Self {
        Self {
            detector,
            turn: TurnId::default(),
            tail: VecDeque::new(),
            transcript: String::new(),
            silence: Duration::ZERO,
            open: None,
            waiting: None,
        }
    }

    pub(super) fn audio(&mut self, turn: TurnId, pcm: &Bytes) {
        self.enter(turn);
        self.tail.extend(pcm.chunks_exact(2).map(|sample| i16::from_le_bytes([sample[0], sample[1]])));
        let excess = self.tail.len().saturating_sub(TAIL_SAMPLES);
        self.tail.drain(..excess);
    }

    pub(super) fn transcript(&mut self, turn: TurnId, text: &str) {
        self.enter(turn);
        text.clone_into(&mut self.transcript);
    }

    pub(super) fn silence(&mut self, silence: Duration) {
        self.silence = silence;
    }

    fn enter(&mut self, turn: TurnId) {
        if turn != self.turn {
            self.turn = turn;
            self.tail.clear();
            self.transcript.clear();
        }
    }

    pub(super) fn ask(&mut self, turn: TurnId) {
        self.enter(turn);
        if self.open.is_some() {
            self.waiting = Some(turn);
            return;
        }
        let detector = self.detector.clone();
        let snapshot = Arc::new(TurnSnapshot {
            turn,
            audio: self.tail.iter().copied().collect::<Vec<_>>().into(),
            transcript: self.transcript.clone(),
            silence: self.silence,
        });
        let work = move || {
            detector
                .end_of_turn(snapshot)
                .inspect_err(|error| tracing::debug!(%error, "the turn detector gave no answer"))
                .ok()
        };
        self.open = Some((turn, tokio::task::spawn_blocking(work)));
    }

    /// The next answer; pending while no question is open. Cancel-safe.
    pub(super) async fn next(&mut self) -> (TurnId, f32) {
        loop {
            let Some((turn, job)) = &mut self.open else { return std::future::pending().await };
            let (turn, answer) = (*turn, job.await);
            self.open = None;
            if let Some(turn) = self.waiting.take() {
                self.ask(turn);
            }
            // A detector that failed or panicked has no opinion.
            if let Ok(Some(probability)) = answer {
                return (turn, probability);
            }
        }
    }

    pub(super) async fn join(mut self) {
        if let Some((_, job)) = self.open.take() {
            // What it found out no longer matters.
            let _ = job.await;
        }
    }
}
