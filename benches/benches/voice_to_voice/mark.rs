//! Words that the audio itself tells: in the lowest bit of its samples, where nobody hears it. Everywhere else that bit
//! is 0, so a script finds the marks in whatever stretch of the stream it gets, cut as it may be.

const UTTERANCE_BITS: u32 = 12;
const WORD_BITS: u32 = 8;
/// Samples of a mark: a 1 to begin with, the number of the utterance, the number of the word. 1.3 ms at 16 kHz.
pub const LENGTH: usize = (1 + UTTERANCE_BITS + WORD_BITS) as usize;

/// The end of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub utterance: usize,
    pub word: usize,
}

/// Makes room for marks.
pub fn clear(samples: &mut [i16]) {
    for sample in samples {
        *sample &= !1;
    }
}

/// Marks the word whose last sample is the last one here.
pub fn write(samples: &mut [i16], mark: Mark) {
    let bits = 1 << (UTTERANCE_BITS + WORD_BITS) | mark.utterance << WORD_BITS | mark.word;
    for (place, sample) in samples.iter_mut().rev().take(LENGTH).enumerate() {
        *sample = *sample & !1 | (bits >> place & 1) as i16;
    }
}

/// Finds marks, sample by sample.
#[derive(Debug, Default)]
pub struct Reader {
    bits: usize,
    left: u32,
}

impl Reader {
    /// The mark that ends with this sample.
    pub fn push(&mut self, sample: i16) -> Option<Mark> {
        let bit = (sample & 1) as usize;
        if self.left == 0 {
            (self.bits, self.left) = (0, if bit == 1 { UTTERANCE_BITS + WORD_BITS } else { 0 });
            return None;
        }
        self.bits = self.bits << 1 | bit;
        self.left -= 1;
        (self.left == 0).then_some(Mark { utterance: self.bits >> WORD_BITS, word: self.bits & ((1 << WORD_BITS) - 1) })
    }
}
