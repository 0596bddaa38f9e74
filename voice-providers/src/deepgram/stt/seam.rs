//! Where two recognitions of overlapping audio meet: that of a backlog, and that of the live audio after it. Pure.
//! Positions count the session's samples.

/// A word and where it sounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) text: String,
}

impl Placed {
    pub(super) fn middle(&self) -> u64 {
        u64::midpoint(self.begin, self.end)
    }

    /// Whether the two are the same sound: they share more than half of the shorter.
    fn is_same(&self, other: &Self) -> bool {
        let shared = self.end.min(other.end).saturating_sub(self.begin.max(other.begin));
        let shorter = (self.end - self.begin).min(other.end - other.begin);
        2 * shared > shorter
    }
}

/// The seam of one connection, until the live words have passed it.
#[derive(Debug)]
pub(super) struct Seam {
    /// Where the audio of the backlog ends, and before it that of the live connection begins. Between them lies more than
    /// the longest word, so that each word is whole on at least one side.
    backlog_end: u64,
    live_begin: u64,
    /// The words of the backlog that are not decided; `None` until it is recognised.
    backlog: Option<Vec<Placed>>,
    /// Final live words that are not decided, and up to where there are final live words.
    live: Vec<Placed>,
    live_until: u64,
}

impl Seam {
    pub(super) fn new(backlog_end: u64, live_begin: u64) -> Self {
        Self { backlog_end, live_begin, backlog: None, live: Vec::new(), live_until: live_begin }
    }

    /// Takes in the words of the backlog.
    pub(super) fn backlog(&mut self, words: Vec<Placed>) {
        self.backlog = Some(words);
    }

    /// Takes in final live words, all up to `until`.
    pub(super) fn live(&mut self, words: impl IntoIterator<Item = Placed>, until: u64) {
        self.live.extend(words);
        self.live_until = self.live_until.max(until);
    }

    /// Whether the backlog is still being recognised.
    pub(super) fn is_waiting(&self) -> bool {
        self.backlog.is_none()
    }

    /// Whether nothing is left to decide.
    pub(super) fn is_closed(&self) -> bool {
        self.backlog.is_some() && self.live_until >= self.backlog_end
    }

    /// The words that are decided now, in order, and up to where all are.
    pub(super) fn decide(&mut self) -> (Vec<Placed>, u64) {
        let is_closed = self.is_closed();
        let (live_begin, live_until) = (self.live_begin, self.live_until);
        let Some(backlog) = &mut self.backlog else { return (Vec::new(), 0) };
        let is_decided = |word: &Placed| {
            is_closed || word.end <= live_begin || (live_until > live_begin && word.middle() < live_until)
        };
        let (decided, later): (Vec<_>, Vec<_>) = backlog.drain(..).partition(is_decided);
        let until = later.iter().map(|word| word.begin).fold(live_until, u64::min);
        *backlog = later;
        let live = std::mem::take(&mut self.live);
        (self.join(decided, live), until)
    }

    /// Of a word that both heard, the one farther from where its audio is cut off stays.
    fn join(&self, backlog: Vec<Placed>, mut live: Vec<Placed>) -> Vec<Placed> {
        let mut words = Vec::with_capacity(backlog.len() + live.len());
        for word in backlog {
            let same = live.iter().find(|other| other.is_same(&word));
            let margin = self.backlog_end.saturating_sub(word.end);
            if same.is_none_or(|other| margin >= other.begin.saturating_sub(self.live_begin)) {
                live.retain(|other| !other.is_same(&word));
                words.push(word);
            }
        }
        words.extend(live);
        words.sort_by_key(|word| word.begin);
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is heard of `words` by somebody who gets only this part of the audio; what is cut off is heard wrong.
    fn hear(words: &[Placed], begin: u64, end: u64, jitter: u64) -> Vec<Placed> {
        let heard = words.iter().filter(|word| word.begin < end && word.end > begin);
        heard
            .map(|word| {
                let is_whole = word.begin >= begin && word.end <= end;
                let text = if is_whole { word.text.clone() } else { format!("torn {}", word.text) };
                let (first, last) = (word.begin.max(begin), word.end.min(end));
                let jitter = if is_whole { jitter.min((last - first) / 8) } else { 0 };
                Placed { begin: first + jitter, end: last, text }
            })
            .collect()
    }

    proptest! {
        /// Wherever the audio is cut, whatever comes first, and in however many pieces: each word is there once.
        #[test]
        fn no_word_is_lost_or_doubled(
            lengths in proptest::collection::vec((0_u64..4_000, 1_000_u64..8_000), 1..30),
            cut in 0_u64..1_000,
            (late, jitter, pieces) in (any::<bool>(), 0_u64..400, 1_usize..5),
        ) {
            let mut at = 0;
            let words: Vec<_> = lengths.iter().enumerate().map(|(index, (pause, length))| {
                let begin = at + pause;
                at = begin + length;
                Placed { begin, end: at, text: index.to_string() }
            }).collect();
            let backlog_end = at * cut / 1_000;
            let live_begin = backlog_end.saturating_sub(16_000);
            let mut seam = Seam::new(backlog_end, live_begin);
            let backlog = hear(&words, 0, backlog_end, jitter);
            let live = hear(&words, live_begin, at, 0);
            let mut joined = Vec::new();
            let mut covered = 0;
            if !late {
                seam.backlog(backlog.clone());
            }
            for piece in live.chunks(live.len().div_ceil(pieces).max(1)) {
                seam.live(piece.iter().cloned(), piece.last().map_or(0, |word| word.end));
                let (words, until) = seam.decide();
                prop_assert!(until >= covered || words.is_empty());
                covered = until;
                joined.extend(words);
            }
            seam.live([], at.max(backlog_end));
            if late {
                seam.backlog(backlog);
            }
            joined.extend(seam.decide().0);
            prop_assert!(seam.is_closed());
            let texts: Vec<_> = joined.iter().map(|word| word.text.as_str()).collect();
            let expected: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
            prop_assert_eq!(texts, expected);
        }
    }
}
