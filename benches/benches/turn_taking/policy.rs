//! Who decides that a silence is the end.

use std::time::Duration;
use voice_core::conversation::{Endpointing, Pauses};
use voice_core::text::completeness;

/// What is known of a silence.
pub(crate) struct Question<'a> {
    /// The words so far, as a recogniser without punctuation gives them.
    pub words: &'a str,
    /// What the model says, for a policy that asks it.
    pub estimate: Option<f32>,
}

/// Decides after how much silence, counted from the last speech, a turn is over. One that learns keeps what it learnt
/// of a speaker until it meets the next.
pub(crate) trait Policy {
    /// Its name in the table.
    fn name(&self) -> String;

    /// Whether it needs the model, and has to wait for the answer.
    fn asks_the_model(&self) -> bool {
        false
    }

    /// The silence that ends the turn.
    fn window(&mut self, question: &Question<'_>) -> Duration;

    /// It waited, and the silence turned out to be a pause of this length.
    fn paused(&mut self, _pause: Duration) {}

    /// It took the turn to be over.
    fn turn_ended(&mut self) {}

    /// Somebody else speaks from here on.
    fn meet(&mut self) {}
}

/// Silence alone.
pub(crate) struct SilenceOnly(pub Duration);

impl Policy for SilenceOnly {
    fn name(&self) -> String {
        format!("silence, {} ms", self.0.as_millis())
    }

    fn window(&mut self, _: &Question<'_>) -> Duration {
        self.0
    }
}

/// The agent's own rule, or a part of it.
pub(crate) struct Rule {
    name: &'static str,
    endpointing: Endpointing,
    with_model: bool,
    pauses: Pauses,
}

impl Rule {
    /// The model alone.
    pub(crate) fn model(min_ms: u64, max_ms: u64) -> Self {
        let endpointing =
            Endpointing { min_ms, max_ms, text_cues: false, learn_pauses: false, ..Endpointing::default() };
        Self { name: "Smart Turn", endpointing, with_model: true, pauses: Pauses::default() }
    }

    /// Words and habits.
    pub(crate) fn adaptive(min_ms: u64, max_ms: u64) -> Self {
        let endpointing = Endpointing { min_ms, max_ms, ..Endpointing::default() };
        Self { name: "adaptive", endpointing, with_model: false, pauses: Pauses::default() }
    }

    /// Words, habits and the model.
    pub(crate) fn combined(min_ms: u64, max_ms: u64) -> Self {
        Self { name: "adaptive with Smart Turn", with_model: true, ..Self::adaptive(min_ms, max_ms) }
    }
}

impl Policy for Rule {
    fn name(&self) -> String {
        format!("{}, {} to {} ms", self.name, self.endpointing.min_ms, self.endpointing.max_ms)
    }

    fn asks_the_model(&self) -> bool {
        self.with_model
    }

    fn window(&mut self, question: &Question<'_>) -> Duration {
        let estimate = question.estimate.filter(|_| self.with_model);
        self.endpointing.window(estimate, completeness(question.words), &self.pauses)
    }

    fn paused(&mut self, pause: Duration) {
        self.pauses.paused(pause);
    }

    fn turn_ended(&mut self) {
        self.pauses.turn_ended();
    }

    fn meet(&mut self) {
        self.pauses = Pauses::default();
    }
}
