//! The last of what was played, by its place on the session's timeline.

use super::RATE;
use crate::audio::pcm;
use crate::time::SessionTime;

/// Samples kept: 2 s, the longest that a microphone's audio may be late and still meet what was played with it.
const KEPT: usize = 2 * RATE as usize;

/// What the loudspeaker played in the last 2 s, 16 kHz. 64 KB.
#[derive(Debug)]
pub struct PlayedTape {
    samples: Vec<i16>,
    /// The place after the newest sample, counted from the session's beginning.
    end: i64,
    /// By how much the listener plays later than the tape says.
    delay: i64,
}

impl PlayedTape {
    pub(super) fn new() -> Self {
        Self { samples: vec![0; KEPT], end: 0, delay: 0 }
    }

    /// The place after the newest sample: this moment, but for what a resampler holds back.
    pub(super) fn end(&self) -> i64 {
        self.end
    }

    pub(super) fn push(&mut self, samples: &[f32]) {
        for &sample in samples {
            self.samples[slot(self.end)] = pcm::to_i16(sample);
            self.end += 1;
        }
    }

    /// So many samples passed of which nothing is known.
    pub(super) fn skip(&mut self, samples: u64) {
        let blank = samples.min(KEPT as u64) as i64;
        self.end += samples as i64;
        for place in self.end - blank..self.end {
            self.samples[slot(place)] = 0;
        }
    }

    pub(super) fn set_delay(&mut self, samples: i64) {
        self.delay = samples;
    }

    /// What sounded from `place` on; silence where the tape does not reach.
    pub(super) fn read(&self, place: i64, far: &mut [f32]) {
        let first = place - self.delay;
        let known = (self.end - KEPT as i64).max(0)..self.end;
        for (sample, place) in far.iter_mut().zip(first..) {
            *sample = if known.contains(&place) { pcm::to_f32(self.samples[slot(place)]) } else { 0.0 };
        }
    }
}

/// Whole samples at `rate` Hz since the session began.
pub(super) fn samples_at(now: SessionTime, rate: u32) -> u64 {
    (now.as_duration().as_nanos() * u128::from(rate) / 1_000_000_000) as u64
}

fn slot(place: i64) -> usize {
    place.rem_euclid(KEPT as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(tape: &PlayedTape, place: i64) -> [i16; N] {
        let mut far = [0.0; N];
        tape.read(place, &mut far);
        far.map(pcm::to_i16)
    }

    fn ramp(from: i16, samples: usize) -> Vec<f32> {
        (from..).take(samples).map(pcm::to_f32).collect()
    }

    #[test]
    fn samples_are_found_by_their_place_and_silence_everywhere_else() {
        let mut tape = PlayedTape::new();
        tape.push(&ramp(1, 4));
        assert_eq!(read(&tape, -2), [0, 0, 1, 2, 3, 4, 0]);
        tape.set_delay(2);
        assert_eq!(read(&tape, 2), [1, 2, 3, 4]);
    }

    #[test]
    fn the_oldest_is_forgotten_and_never_read_for_something_newer() {
        let mut tape = PlayedTape::new();
        tape.push(&ramp(1, 3));
        tape.push(&vec![0.0; KEPT - 2]);
        assert_eq!(read(&tape, 0), [0, 2, 3]);
        tape.skip(10 * KEPT as u64);
        tape.push(&ramp(7, 2));
        let end = 11 * KEPT as i64 + 3;
        assert_eq!(read(&tape, end - 3), [0, 7, 8, 0]);
        assert_eq!(read(&tape, 0), [0, 0, 0]);
    }
}
