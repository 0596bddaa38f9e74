//! Who decides that a silence is the end.

use std::time::Duration;
use voice_core::conversation::Endpointing;

/// What is known of a silence.
pub(crate) struct Question<'a> {
    /// The words so far.
    #[allow(dead_code, reason = "for a policy that goes by the words")]
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

/// Two windows, chosen by the model's estimate.
pub(crate) struct ByEstimate(pub Endpointing);

impl Policy for ByEstimate {
    fn name(&self) -> String {
        format!("Smart Turn, {} or {} ms", self.0.min_ms, self.0.max_ms)
    }

    fn asks_the_model(&self) -> bool {
        true
    }

    fn window(&mut self, question: &Question<'_>) -> Duration {
        self.0.window(question.estimate)
    }
}
