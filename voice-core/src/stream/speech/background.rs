//! What the room sounds like, apart from the person who speaks to the agent.

use crate::audio::NoiseFloor;
use std::collections::VecDeque;
use std::time::Duration;

/// Background levels, in dBFS, between which the thresholds sink.
const QUIET_DBFS: f32 = -55.0;
const LOUD_DBFS: f32 = -30.0;
/// A window is background that lies less than this above the floor.
const NEAR_FLOOR_DB: f32 = 6.0;
/// Seconds of background after which it is known, to 63 %, whether it sounds like speech.
const LEARN_S: f32 = 4.0;
/// Mean probability of speech in the background between which it counts as voices: from not at all to wholly. The
/// troughs within a person's own sentences are background too, but a small part of it.
const NO_VOICES: f32 = 0.6;
const VOICES: f32 = 0.85;
/// The level of speech is taken over this long: a syllable. Several voices at once swing less over it than one does.
const SYLLABLE: Duration = Duration::from_millis(160);

/// Follows the background: how loud it is, and whether it is itself made of voices.
#[derive(Debug)]
pub(super) struct Background {
    floor: NoiseFloor,
    /// The mean probability of speech while nothing stood out.
    speechlike: f32,
    /// Levels of the last syllable, as power.
    recent: VecDeque<f32>,
    window_s: f32,
}

impl Background {
    pub(super) fn new(window_s: f32) -> Self {
        let windows = (SYLLABLE.as_secs_f32() / window_s).round().max(1.0);
        let recent = VecDeque::from(vec![0.0; windows as usize]);
        Self { floor: NoiseFloor::new(), speechlike: 0.0, recent, window_s }
    }

    /// Takes a window.
    pub(super) fn hear(&mut self, level_dbfs: f32, probability: f32) {
        let floor = self.floor.update(level_dbfs, self.window_s);
        if level_dbfs < floor + NEAR_FLOOR_DB {
            self.speechlike += (probability - self.speechlike) * (self.window_s / LEARN_S).min(1.0);
        }
        self.recent.pop_front();
        self.recent.push_back(10_f32.powf(level_dbfs / 10.0));
    }

    /// Its level, in dBFS.
    pub(super) fn dbfs(&self) -> f32 {
        self.floor.dbfs()
    }

    /// How far it is made of voices, 0 … 1.
    pub(super) fn voices(&self) -> f32 {
        ((self.speechlike - NO_VOICES) / (VOICES - NO_VOICES)).clamp(0.0, 1.0)
    }

    /// How loud a noise without voices it is, 0 … 1.
    pub(super) fn noise(&self) -> f32 {
        let loudness = (self.dbfs() - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS);
        loudness.clamp(0.0, 1.0) * (1.0 - self.voices())
    }

    /// Whether the last syllable is more than background. In front of voices it must be louder than them by `margin_db`,
    /// in front of anything else what it sounds like says enough.
    pub(super) fn is_outdone(&self, margin_db: f32) -> bool {
        let voices = self.voices();
        let power = self.recent.iter().sum::<f32>() / self.recent.len() as f32;
        voices == 0.0 || 10.0 * power.max(f32::MIN_POSITIVE).log10() >= self.dbfs() + margin_db * voices
    }

    /// A quiet room.
    pub(super) fn reset(&mut self) {
        self.floor = NoiseFloor::new();
        self.speechlike = 0.0;
        self.recent.iter_mut().for_each(|power| *power = 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW_S: f32 = 0.032;
    const MARGIN_DB: f32 = 11.0;

    /// A background that has been heard for so long: levels, one after the other, and how much like speech they sound.
    fn after(seconds: f32, levels: &[f32], probability: f32) -> Background {
        let mut background = Background::new(WINDOW_S);
        let windows = (seconds / WINDOW_S) as usize;
        levels.iter().cycle().take(windows).for_each(|&level| background.hear(level, probability));
        background
    }

    #[test]
    fn a_loud_hiss_is_noise_and_everything_outdoes_it_that_sounds_like_speech() {
        let background = after(10.0, &[-30.0], 0.02);
        assert_eq!((background.voices(), background.noise()), (0.0, 1.0));
        assert!(background.is_outdone(MARGIN_DB));
    }

    #[test]
    fn voices_at_other_tables_are_outdone_by_a_louder_one_alone() {
        let mut background = after(25.0, &[-40.0, -36.0, -38.0], 0.95);
        assert_eq!((background.voices(), background.noise()), (1.0, 0.0));
        assert!(!background.is_outdone(MARGIN_DB));
        (0..5).for_each(|_| background.hear(-25.0, 0.95));
        assert!(background.is_outdone(MARGIN_DB));
    }

    #[test]
    fn a_person_who_talks_for_a_minute_is_no_background() {
        // Syllables of 160 ms, troughs of 64 ms between them, a pause for breath every 2 s.
        let mut sentence = [-20.0, -18.0, -19.0, -21.0, -24.0, -45.0, -45.0].repeat(9);
        sentence.extend([-60.0; 10]);
        let mut background = Background::new(WINDOW_S);
        for &level in sentence.iter().cycle().take(1_875) {
            background.hear(level, if level < -50.0 { 0.2 } else { 0.95 });
            assert!(background.is_outdone(MARGIN_DB) || level < -40.0, "{background:?}");
        }
    }

    #[test]
    fn voices_that_cease_are_forgotten() {
        let mut background = after(25.0, &[-40.0], 0.95);
        for _ in 0..(4.0 / WINDOW_S) as usize {
            background.hear(-60.0, 0.01);
        }
        assert_eq!(background.voices(), 0.0);
    }
}
