//! The last samples heard, kept for the pre-roll.

/// Samples that may pile up beyond what must be kept before they are moved to the front together.
const SLACK: usize = 4_096;

/// A bounded, contiguous memory of the end of a stream. Pushing never allocates.
#[derive(Debug)]
pub(super) struct History {
    samples: Vec<i16>,
    keep: usize,
    end: u64,
}

impl History {
    /// Remembers at least the last `keep` samples.
    pub(super) fn new(keep: usize) -> Self {
        Self { samples: Vec::with_capacity(keep + SLACK), keep, end: 0 }
    }

    /// Samples taken since the start of the stream.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Takes samples; the oldest are forgotten.
    pub(super) fn push(&mut self, samples: &[i16]) {
        for piece in samples.chunks(SLACK) {
            if self.samples.len() + piece.len() > self.keep + SLACK {
                let kept_from = self.samples.len() - self.keep;
                self.samples.copy_within(kept_from.., 0);
                self.samples.truncate(self.keep);
            }
            self.samples.extend_from_slice(piece);
            self.end += piece.len() as u64;
        }
    }

    /// The samples from position `from` on, or from the oldest remembered, with the position they begin at.
    pub(super) fn since(&self, from: u64) -> (u64, &[i16]) {
        let wanted = usize::try_from(self.end.saturating_sub(from)).unwrap_or(usize::MAX).min(self.samples.len());
        (self.end - wanted as u64, &self.samples[self.samples.len() - wanted..])
    }

    /// Forgets everything, the position too.
    pub(super) fn clear(&mut self) {
        self.samples.clear();
        self.end = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_samples_are_remembered_without_growing() {
        let mut history = History::new(100);
        let capacity = history.samples.capacity();
        let stream: Vec<i16> = (0..20_000).collect();
        for chunk in stream.chunks(333) {
            history.push(chunk);
            let end = history.end() as usize;
            let from = end.saturating_sub(100);
            assert_eq!(history.since(from as u64), (from as u64, &stream[from..end]));
        }
        history.push(&stream);
        assert_eq!(history.since(39_999).1, [19_999]);
        assert_eq!(history.samples.capacity(), capacity);
    }

    #[test]
    fn what_is_forgotten_or_not_yet_there_is_left_out() {
        let mut history = History::new(2);
        history.push(&[1, 2, 3]);
        assert_eq!(history.since(0), (0, &[1, 2, 3][..]));
        assert_eq!(history.since(9), (3, &[][..]));
    }
}
