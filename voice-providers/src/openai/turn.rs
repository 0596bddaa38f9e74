//! The audio of the open turn, kept until its transcript is asked for.

use voice_core::audio::Wav;
use voice_core::{Result, TurnId};

pub(super) const SAMPLE_RATE: u32 = 16_000;
/// Audio kept of one turn: 60 s. Of a longer turn the oldest is dropped.
const LONGEST: usize = 60 * SAMPLE_RATE as usize;
/// What a turn may grow over its cap before it is cut back, so that cutting is rare.
const SLACK: usize = SAMPLE_RATE as usize;
/// Less than 100 ms holds no word, and services refuse it.
const SHORTEST: usize = SAMPLE_RATE as usize / 10;

#[derive(Debug, Default)]
pub(super) struct Turn {
    turn: Option<TurnId>,
    samples: Vec<i16>,
}

impl Turn {
    /// Adds native PCM16; the audio of another turn begins a new one.
    pub(super) fn hear(&mut self, turn: TurnId, pcm: &[u8]) {
        if self.turn.replace(turn) != Some(turn) {
            self.samples.clear();
        }
        // A sample cut in half says nothing: only whole ones count.
        self.samples.extend(pcm.as_chunks::<2>().0.iter().map(|sample| i16::from_ne_bytes(*sample)));
        if self.samples.len() > LONGEST + SLACK {
            self.samples.drain(..self.samples.len() - LONGEST);
        }
    }

    /// All of the turn as a WAV file; `None` when there is too little of it to hold a word.
    ///
    /// # Errors
    /// As [`Wav::to_bytes`].
    pub(super) fn wav(&self, turn: TurnId) -> Result<Option<Vec<u8>>> {
        if self.turn != Some(turn) || self.samples.len() < SHORTEST {
            return Ok(None);
        }
        let newest = self.samples.len().saturating_sub(LONGEST);
        Wav { sample_rate: SAMPLE_RATE, samples: self.samples[newest..].to_vec() }.to_bytes().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_keeps_its_newest_minute_and_nothing_of_another() {
        let mut turn = Turn::default();
        assert_eq!(turn.wav(TurnId(1)).unwrap(), None);
        for second in 0..75_i16 {
            turn.hear(TurnId(1), &second.to_ne_bytes().repeat(SAMPLE_RATE as usize));
        }
        let wav = Wav::parse(&turn.wav(TurnId(1)).unwrap().unwrap()).unwrap();
        assert_eq!((wav.samples.len(), wav.samples[0], wav.samples.last()), (LONGEST, 15, Some(&74)));
        assert_eq!(turn.wav(TurnId(2)).unwrap(), None);
        turn.hear(TurnId(2), &[0; 2 * SHORTEST]);
        assert!(turn.wav(TurnId(2)).unwrap().is_some());
        assert_eq!(turn.wav(TurnId(1)).unwrap(), None);
    }
}
