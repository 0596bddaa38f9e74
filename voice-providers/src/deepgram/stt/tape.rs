//! The session's audio that may have to be sent, or sent again. Positions count the session's samples from 0.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// Samples a second.
pub(super) const RATE: u64 = 16_000;
/// What is kept: 60 s. Past it the oldest is dropped.
pub(super) const BOUND: u64 = 60 * RATE;
/// The most that one message holds: 80 ms, which Flux works in.
pub(super) const MESSAGE: u64 = RATE * 2 / 25;

#[derive(Debug, Default)]
pub(super) struct Tape {
    /// Sent on this connection, kept in case it is lost.
    sent: VecDeque<Bytes>,
    unsent: VecDeque<Bytes>,
    /// Where `sent`, `unsent` and the future begin.
    first: u64,
    next: u64,
    end: u64,
}

impl Tape {
    /// The position after the newest sample.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The position of the first sample that was not sent on this connection.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Samples that wait to be sent.
    pub(super) fn waiting(&self) -> u64 {
        self.end - self.next
    }

    /// Adds audio and gives the number of old samples that had to go.
    pub(super) fn push(&mut self, pcm: Bytes) -> u64 {
        let pcm = pcm.slice(..pcm.len() / 2 * 2);
        if pcm.is_empty() {
            return 0;
        }
        self.end += samples(&pcm);
        self.unsent.push_back(pcm);
        let before = self.next;
        self.forget(self.end.saturating_sub(BOUND));
        self.next - before
    }

    /// The next audio to send, up to `until` and 80 ms at most.
    pub(super) fn take(&mut self, until: u64) -> Option<Bytes> {
        let room = until.saturating_sub(self.next).min(MESSAGE);
        let first = self.unsent.front()?;
        if room == 0 {
            return None;
        }
        let piece = if samples(first) >= room || self.unsent.len() == 1 {
            self.cut(room)?
        } else {
            let mut joined = BytesMut::with_capacity(2 * room as usize);
            while let Some(part) = self.cut(room - joined.len() as u64 / 2) {
                joined.extend_from_slice(&part);
            }
            joined.freeze()
        };
        self.next += samples(&piece);
        self.sent.push_back(piece.clone());
        Some(piece)
    }

    /// The audio that waits to be sent, which it still does.
    pub(super) fn unsent(&self) -> Bytes {
        let mut joined = BytesMut::with_capacity(2 * self.waiting() as usize);
        self.unsent.iter().for_each(|piece| joined.extend_from_slice(piece));
        joined.freeze()
    }

    /// What lies before `until` counts as sent.
    pub(super) fn skip(&mut self, until: u64) {
        while self.take(until).is_some() {}
    }

    fn cut(&mut self, most: u64) -> Option<Bytes> {
        let front = self.unsent.front_mut()?;
        if samples(front) > most {
            return (most > 0).then(|| front.split_to(2 * most as usize));
        }
        self.unsent.pop_front()
    }

    /// Everything kept is sent again.
    pub(super) fn rewind(&mut self) {
        while let Some(piece) = self.sent.pop_back() {
            self.unsent.push_front(piece);
        }
        self.next = self.first;
    }

    /// Drops what lies before `until`.
    pub(super) fn forget(&mut self, until: u64) {
        for sent in [true, false] {
            let pieces = if sent { &mut self.sent } else { &mut self.unsent };
            while self.first < until
                && let Some(front) = pieces.front_mut()
            {
                let drop = (until - self.first).min(samples(front));
                let _ = front.split_to(2 * drop as usize);
                if front.is_empty() {
                    pieces.pop_front();
                }
                self.first += drop;
            }
            if sent && self.first < until {
                self.next = self.next.max(self.first);
            }
        }
        self.next = self.next.max(self.first);
    }
}

fn samples(pcm: &Bytes) -> u64 {
    pcm.len() as u64 / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn audio(from: u64, samples: u64) -> Bytes {
        (from..from + samples).flat_map(|sample| (sample as u16).to_ne_bytes()).collect::<Vec<_>>().into()
    }

    proptest! {
        /// Whatever is sent, lost and forgotten, what is taken next is what lies at that position.
        #[test]
        fn audio_stays_where_it_is(steps in proptest::collection::vec((0_u8..4, 1_u64..4_000), 1..200)) {
            let mut tape = Tape::default();
            for (what, number) in steps {
                match what {
                    0 => { tape.push(audio(tape.end(), number)); }
                    1 => {
                        let at = tape.next();
                        if let Some(piece) = tape.take(at + number) {
                            prop_assert_eq!(&piece, &audio(at, piece.len() as u64 / 2));
                            prop_assert!(piece.len() as u64 / 2 <= number.min(MESSAGE));
                            prop_assert_eq!(tape.next(), at + piece.len() as u64 / 2);
                        } else {
                            prop_assert_eq!(tape.waiting(), 0);
                        }
                    }
                    2 => tape.rewind(),
                    _ => tape.forget((tape.first + number).min(tape.end())),
                }
                prop_assert!(tape.first <= tape.next && tape.next <= tape.end());
            }
        }
    }

    #[test]
    fn a_minute_is_kept() {
        let mut tape = Tape::default();
        let dropped: u64 = (0..70).map(|second| tape.push(audio(second * RATE, RATE))).sum();
        assert_eq!((dropped, tape.next(), tape.waiting()), (10 * RATE, 10 * RATE, BOUND));
        while tape.take(tape.end()).is_some() {}
        assert_eq!(tape.push(audio(70 * RATE, RATE)), 0, "what was sent may go without a word");
    }
}
