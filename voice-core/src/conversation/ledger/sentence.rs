//! One sentence on its way to the ear, and where in its audio each of its words ends.

use super::matching::{Block, MOST_DOUBT, align};
use crate::conversation::input::SpokenWord;
use crate::text::{EDGE_SILENCE_MS, SpeakingTime, WORD_SOUNDED_MS, letters, speaking_time, spoken_from, words};
use std::ops::Range;

/// No word of a sentence is later than this, in samples: a day at 48 kHz.
const LATEST: u64 = 86_400 * 48_000;
/// Audio left after the last timed word, in ms, that still is mere silence: all words have been timed then.
const LAST_PAUSE_MS: u64 = 600;
/// Before a pace is known of so much speech, in ms, an ordinary one is taken.
const PACE_KNOWN_MS: u64 = 500;

/// One sentence of the ledger. Samples are at the output rate.
#[derive(Debug, Clone)]
pub(super) struct Sentence {
    /// As written.
    pub(super) text: String,
    /// What is said of it; empty where it has no audio.
    speech: String,
    /// Where its audio begins, in samples of the reply; known once its audio begins or all before it is complete.
    pub(super) start: Option<u64>,
    /// Samples that were made.
    pub(super) samples: u64,
    /// It has all its audio.
    pub(super) complete: bool,
    /// The words that were timed, by their time. They may be some, and they may come after their audio.
    timed: Vec<SpokenWord>,
}

/// How many samples the speech of so many ordinary ms took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) samples: u64,
    pub(super) ms: u64,
}

impl Pace {
    fn samples_in(self, ms: u64) -> u64 {
        proportion(ms, self.samples, self.ms)
    }
}

/// A word as written that is said, with the marks and silent words after it.
struct Said {
    /// Where it ends in the text.
    end: usize,
    letters: String,
    time: SpeakingTime,
}

/// A moment known by both clocks: ordinary ms, and samples of the audio.
type Anchor = (u64, u64);

impl Sentence {
    pub(super) fn new(text: String, speech: String) -> Self {
        let complete = speech.is_empty();
        Self { text, speech, start: None, samples: 0, complete, timed: Vec::new() }
    }

    /// Whether it has audio, or will have.
    pub(super) fn is_spoken(&self) -> bool {
        !self.speech.is_empty()
    }

    /// Learns when words sound. A text has no more words than bytes; what is more is left out.
    pub(super) fn time(&mut self, words: Vec<SpokenWord>) {
        let room = self.text.len().saturating_sub(self.timed.len());
        let known = words.into_iter().filter(|word| word.end <= LATEST).take(room);
        self.timed.extend(known.map(|word| SpokenWord { start: word.start.min(word.end), ..word }));
        self.timed.sort_by_key(|word| (word.start, word.end));
    }

    /// How long it takes to say at an ordinary pace, silence at its edges included.
    pub(super) fn ordinary_ms(&self) -> u64 {
        timeline(&self.said()).1
    }

    /// The beginning of the text that was heard when `position` samples of the sentence were, at a sample rate of `rate`
    /// Hz. `pace` is that of the reply, where it is known.
    pub(super) fn heard_within(&self, position: u64, pace: Option<Pace>, rate: u32) -> &str {
        if position == 0 {
            return "";
        }
        let reached = position + u64::from(rate) * u64::from(WORD_SOUNDED_MS) / 1_000;
        let ends = self.word_ends(pace, rate);
        let heard = ends.into_iter().take_while(|(_, sample)| *sample <= reached).last();
        &self.text[..heard.map_or(0, |(end, _)| end)]
    }

    /// Where each word ends: in the text, and in the audio.
    fn word_ends(&self, pace: Option<Pace>, rate: u32) -> Vec<(usize, u64)> {
        let said = self.said();
        let (times, total) = timeline(&said);
        let (mut anchors, exact) = self.anchors(&said, &times, total, rate);
        let last = anchors.last().copied().unwrap_or_default();
        let length = if self.complete {
            self.samples
        } else {
            let own = Pace { samples: last.1, ms: last.0 };
            let own = Some(own).filter(|own| own.ms >= PACE_KNOWN_MS);
            let pace = pace.or(own).unwrap_or(Pace { samples: u64::from(rate), ms: 1_000 });
            self.samples.max(last.1 + pace.samples_in(total.saturating_sub(last.0)))
        };
        push(&mut anchors, (total, length));
        let mut latest = 0;
        said.iter()
            .zip(times)
            .zip(exact)
            .map(|((said, time), exact)| {
                latest = exact.unwrap_or_else(|| at(&anchors, time.end)).max(latest);
                (said.end, latest)
            })
            .collect()
    }

    /// The words that are said. Those that are not belong to the one before them.
    fn said(&self) -> Vec<Said> {
        let written = words(&self.text);
        let spoken: Vec<&str> = words(&self.speech).into_iter().map(|word| &self.speech[word]).collect();
        let unmarked = |word: &Range<usize>| letters(&spoken_from(&self.text[word.clone()], false));
        let left: Vec<String> = written.iter().map(unmarked).collect();
        let right: Vec<String> = spoken.iter().map(|word| letters(word)).collect();
        // Of two words that are written alike, the one that stands at about the same place.
        let (words, most) = (left.len().max(right.len()), u64::from(MOST_DOUBT));
        let doubt = |i: usize, j: usize| proportion(i.abs_diff(j) as u64, most, words as u64) as u32;
        let mut said: Vec<Said> = Vec::with_capacity(written.len());
        for Block { left: of, right: by, same } in align(&left, &right, doubt) {
            let Some(end) = written[of.clone()].last().map(|word| word.end) else { continue };
            if same && of.len() > 1 {
                said.extend(of.map(|index| {
                    let word = &self.text[written[index].clone()];
                    Said { end: written[index].end, letters: left[index].clone(), time: speaking_time(word) }
                }));
            } else if !by.is_empty() {
                let times = spoken[by.clone()].iter().map(|word| speaking_time(word));
                said.push(Said { end, letters: right[by].concat(), time: times.reduce(joined).unwrap_or_default() });
            } else if let Some(before) = said.last_mut() {
                before.end = end;
            }
        }
        said
    }

    /// The moments that timings tell, and the ends of the words they name. Between moments, time passes as ordinary.
    fn anchors(&self, said: &[Said], times: &[Range<u64>], total: u64, rate: u32) -> (Vec<Anchor>, Vec<Option<u64>>) {
        let mut anchors = vec![(0, 0)];
        let mut exact = vec![None; said.len()];
        let timed: Vec<&SpokenWord> = self.timed.iter().filter(|word| !letters(&word.text).is_empty()).collect();
        let left: Vec<String> = said.iter().map(|said| said.letters.clone()).collect();
        let right: Vec<String> = timed.iter().map(|word| letters(&word.text)).collect();
        let length = timed.last().map_or(0, |word| word.end).max(self.samples);
        let doubt = |i: usize, j: usize| {
            let expected = proportion(times[i].start, length, total);
            proportion(expected.abs_diff(timed[j].start), u64::from(MOST_DOUBT), length) as u32
        };
        let blocks = align(&left, &right, doubt);
        let last = blocks.len().saturating_sub(1);
        for (index, Block { left: of, right: by, same }) in blocks.into_iter().enumerate() {
            if of.is_empty() || by.is_empty() {
                continue;
            }
            let (start, end) = (timed[by.start].start, timed[by.end - 1].end);
            push(&mut anchors, (times[of.start].start, start));
            // Words that were said in other words, at the end of what has been timed, may go on.
            if same || index < last || self.ends_with(end, rate) {
                push(&mut anchors, (times[of.end - 1].end, end));
            }
            if same {
                exact[of].fill(Some(end));
            }
        }
        (anchors, exact)
    }

    /// Whether nothing but silence follows this sample.
    fn ends_with(&self, end: u64, rate: u32) -> bool {
        self.complete && self.samples.saturating_sub(end) <= u64::from(rate) * LAST_PAUSE_MS / 1_000
    }
}

/// When each word sounds at an ordinary pace, and when the sentence is over, in ms.
fn timeline(said: &[Said]) -> (Vec<Range<u64>>, u64) {
    let mut clock = u64::from(EDGE_SILENCE_MS);
    let mut end = clock;
    let words = said.iter().map(|said| {
        let start = clock;
        end = start + u64::from(said.time.sound_ms);
        clock = end + u64::from(said.time.pause_ms);
        start..end
    });
    let words = words.collect();
    (words, end + u64::from(EDGE_SILENCE_MS))
}

/// Two words as one.
fn joined(first: SpeakingTime, second: SpeakingTime) -> SpeakingTime {
    let before = first.sound_ms.saturating_add(first.pause_ms);
    SpeakingTime { sound_ms: before.saturating_add(second.sound_ms), pause_ms: second.pause_ms }
}

/// Adds a moment, unless one of the clocks would run backwards.
fn push(anchors: &mut Vec<Anchor>, (ms, sample): Anchor) {
    if anchors.last().is_none_or(|last| ms >= last.0 && sample >= last.1) {
        anchors.push((ms, sample));
    }
}

/// The sample at which it is `ms`, between the moments around it.
fn at(anchors: &[Anchor], ms: u64) -> u64 {
    let after = anchors.partition_point(|anchor| anchor.0 < ms);
    let before = after.saturating_sub(1);
    match (anchors.get(before), anchors.get(after)) {
        (Some(before), Some(after)) => before.1 + proportion(ms - before.0, after.1 - before.1, after.0 - before.0),
        (Some(before), None) => before.1,
        _ => 0,
    }
}

/// `part` of `whole`, as much of `of`; nothing of a whole that is nothing.
fn proportion(part: u64, of: u64, whole: u64) -> u64 {
    let share = u128::from(part) * u128::from(of) / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}
