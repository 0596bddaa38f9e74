//! When a pause ends the turn: by silence, by what a detector makes of it, by the words, and by how this speaker pauses.

use crate::text::Completeness;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// When a pause ends the turn. Silence is counted from the last speech sample, so what the VAD has already heard is
/// part of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Endpointing {
    /// Silence, in ms, that ends a turn that surely sounds complete: the recogniser ended its sentence, it is an answer by
    /// itself, or a detector is sure of it. At most `min_ms`.
    pub complete_ms: u64,
    /// Silence, in ms, that ends a turn that sounds complete or of which nothing is known.
    pub min_ms: u64,
    /// Silence, in ms, that ends a turn which sounds as if more were to come.
    pub max_ms: u64,
    /// An estimate below this, in percent, means incomplete.
    pub complete_percent: u8,
    /// Whether the words count: a sentence that ends on *and*, or in the middle of a telephone number, waits.
    pub text_cues: bool,
    /// Whether the pauses this speaker makes inside their turns count: who pauses for long is waited for.
    pub learn_pauses: bool,
}

impl Default for Endpointing {
    fn default() -> Self {
        Self { complete_ms: 350, min_ms: 500, max_ms: 2_500, complete_percent: 50, text_cues: true, learn_pauses: true }
    }
}

/// From here on an estimate is sure enough to outweigh words that sound incomplete, and the speaker's habits.
const SURELY: f32 = 0.95;
/// What words that lead on are worth as an estimate.
const LEADING_WORDS: f32 = 0.15;

impl Endpointing {
    /// Ends every turn after `silence` ms, however complete it sounds. Words that lead on are still waited for.
    pub fn end_after(&mut self, silence: u64) {
        self.complete_ms = silence;
        self.min_ms = silence;
        self.max_ms = self.max_ms.max(silence);
    }

    /// The silence that ends a turn whose words sound like this, given the latest estimate (0 … 1) of its being complete
    /// and the speaker's pauses.
    ///
    /// What surely sounds complete takes `complete_ms`. Between `min_ms` and `max_ms` the window grows in proportion as
    /// the turn seems less complete than `complete_percent`.
    pub fn window(&self, estimate: Option<f32>, sounds: Completeness, pauses: &Pauses) -> Duration {
        let (min, max) = (self.min_ms as f32, self.max_ms.max(self.min_ms) as f32);
        let sounds = if self.text_cues { sounds } else { Completeness::Unknown };
        let leads_on = sounds == Completeness::Incomplete;
        let complete = match estimate {
            Some(estimate) if leads_on && estimate < SURELY => estimate.min(LEADING_WORDS),
            Some(estimate) => estimate.clamp(0.0, 1.0),
            None if leads_on => LEADING_WORDS,
            None => 1.0,
        };
        let sure = estimate.is_some_and(|estimate| estimate >= SURELY);
        let threshold = f32::from(self.complete_percent) / 100.0;
        let missing = if complete < threshold { 1.0 - complete / threshold } else { 0.0 };
        let surely_complete = missing == 0.0 && (sure || sounds == Completeness::Complete);
        let window = if surely_complete { min.min(self.complete_ms as f32) } else { min + (max - min) * missing };
        let habit = if self.learn_pauses && !sure { pauses.expected_ms() } else { 0.0 };
        Duration::from_millis(window.max(habit.min(max)).round() as u64)
    }
}

/// The pauses one speaker has made inside their turns.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pauses {
    /// A running estimate of a long one, in ms; nothing as long as none was heard.
    long_ms: f32,
}

/// How far the estimate moves towards a pause that is longer, and towards a turn without one.
const TOWARDS_LONGER: f32 = 0.5;
const TOWARDS_NONE: f32 = 0.1;
/// A pause is waited for with this to spare.
const MARGIN_MS: f32 = 100.0;

impl Pauses {
    /// The speaker went on after a pause of this length.
    pub fn paused(&mut self, pause: Duration) {
        let pause = pause.as_secs_f32() * 1_000.0;
        if pause > self.long_ms {
            self.long_ms += (pause - self.long_ms) * TOWARDS_LONGER;
        }
    }

    /// A turn has ended: habits fade that are not confirmed.
    pub fn turn_ended(&mut self) {
        self.long_ms -= self.long_ms * TOWARDS_NONE;
    }

    /// Silence after which this speaker would have gone on, in ms.
    fn expected_ms(&self) -> f32 {
        if self.long_ms > 0.0 { self.long_ms + MARGIN_MS } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::completeness;

    fn window(estimate: Option<f32>, words: &str) -> u64 {
        Endpointing::default().window(estimate, completeness(words), &Pauses::default()).as_millis() as u64
    }

    #[test]
    fn what_seems_incomplete_is_waited_for_in_proportion() {
        for (estimate, milliseconds) in
            [(None, 500), (Some(1.0), 350), (Some(0.5), 500), (Some(0.25), 1_500), (Some(0.0), 2_500)]
        {
            assert_eq!(window(estimate, "what time is it"), milliseconds, "{estimate:?}");
        }
    }

    #[test]
    fn what_surely_sounds_complete_is_waited_for_least() {
        assert_eq!(window(None, "What time is it?"), 350);
        assert_eq!(window(None, "yes"), 350);
        assert_eq!(window(Some(0.6), "What time is it?"), 350);
        assert_eq!(window(Some(0.25), "What time is it?"), 1_500, "a detector that hears more to come is believed");
        let quick = Endpointing { min_ms: 200, ..Endpointing::default() };
        assert_eq!(quick.window(None, completeness("yes"), &Pauses::default()).as_millis(), 200);
    }

    #[test]
    fn words_that_lead_on_are_waited_for_unless_a_detector_is_sure() {
        assert_eq!(window(None, "a table for two and"), 1_900);
        assert_eq!(window(Some(0.7), "a table for two and"), 1_900);
        assert_eq!(window(Some(0.97), "a table for two and"), 350);
        assert_eq!(window(Some(0.05), "a table for two and"), 2_300);
        let deaf = Endpointing { text_cues: false, ..Endpointing::default() };
        assert_eq!(deaf.window(None, Completeness::Incomplete, &Pauses::default()).as_millis(), 500);
    }

    #[test]
    fn a_speaker_who_pauses_for_long_is_waited_for_and_the_habit_fades() {
        let endpointing = Endpointing::default();
        let mut pauses = Pauses::default();
        for _ in 0..6 {
            pauses.paused(Duration::from_millis(900));
        }
        let waits = |pauses: &Pauses, estimate| endpointing.window(estimate, Completeness::Unknown, pauses).as_millis();
        assert!((980..=1_000).contains(&waits(&pauses, None)), "{}", waits(&pauses, None));
        assert_eq!(waits(&pauses, Some(0.99)), 350, "a detector that is sure knows better");
        for _ in 0..10 {
            pauses.turn_ended();
        }
        assert_eq!(waits(&pauses, None), 500);
        for _ in 0..50 {
            pauses.paused(Duration::from_secs(60));
        }
        assert_eq!(waits(&pauses, None), 2_500, "never longer than the longest window");
    }
}
