//! Which sentence the audio speaks. Pure.

use crate::pcm::little_endian;
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use voice_core::SentenceId;
use voice_core::stage::{TtsEvent, TtsInput, WordTiming};

/// Letters a second, until a sentence has told better.
const LETTERS_PER_SECOND: f64 = 15.0;

/// The sentences of a reply in the order of their flushes: those of one flush are a group.
#[derive(Debug)]
pub(crate) struct Groups {
    groups: VecDeque<Group>,
    /// Flushes answered since the beginning, or the last [`restart`](Self::restart): the number of the first group that
    /// has anything to flush.
    first: u64,
    /// Bytes of audio a letter takes; known exactly from groups of one sentence.
    bytes_per_letter: f64,
    bytes_per_millisecond: f32,
    /// Bytes given since the beginning.
    given: u64,
    odd: Option<u8>,
    events: VecDeque<TtsEvent>,
    progress: bool,
}

#[derive(Debug, Default)]
struct Group {
    sentences: VecDeque<Sentence>,
    /// It began as one sentence, so that its audio tells how fast the voice speaks.
    alone: bool,
    letters: usize,
    flush: Flush,
    /// Bytes that the sentence now spoken has, and that the group has.
    bytes: usize,
    all: usize,
    /// Timings that came before the audio of the groups before was over; in ms since the beginning.
    words: Vec<WordTiming>,
}

#[derive(Debug)]
struct Sentence {
    id: SentenceId,
    text: String,
    letters: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Flush {
    #[default]
    Unsent,
    Sent,
    /// Answered, or never needed.
    Done,
}

impl Groups {
    pub(crate) fn new(sample_rate: u32) -> Self {
        Self {
            groups: VecDeque::new(),
            first: 0,
            bytes_per_letter: f64::from(sample_rate) * 2.0 / LETTERS_PER_SECOND,
            bytes_per_millisecond: sample_rate as f32 * 2.0 / 1_000.0,
            given: 0,
            odd: None,
            events: VecDeque::new(),
            progress: false,
        }
    }

    /// A sentence joins the group that is open, or begins one.
    pub(crate) fn add(&mut self, id: SentenceId, text: &str) {
        if self.groups.back().is_none_or(|group| group.flush != Flush::Unsent) {
            self.groups.push_back(Group::default());
        }
        if let Some(group) = self.groups.back_mut() {
            let letters = letters(text);
            group.sentences.push_back(Sentence { id, text: text.to_owned(), letters });
            group.letters += letters;
            group.alone = group.sentences.len() == 1;
        }
    }

    /// Whether something was said that is not flushed.
    pub(crate) fn is_open(&self) -> bool {
        self.groups.back().is_some_and(|group| group.flush == Flush::Unsent && group.letters > 0)
    }

    /// The open group is closed; gives whether it has anything to flush.
    pub(crate) fn close(&mut self) -> bool {
        let Some(group) = self.groups.back_mut().filter(|group| group.flush == Flush::Unsent) else { return false };
        group.flush = if group.letters > 0 { Flush::Sent } else { Flush::Done };
        let flush = group.flush == Flush::Sent;
        self.end();
        flush
    }

    /// Whether the service owes audio.
    pub(crate) fn owes(&self) -> bool {
        self.groups.iter().any(|group| group.flush == Flush::Sent)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Takes audio in; a byte of half a sample waits for the other half.
    pub(crate) fn audio(&mut self, bytes: Bytes) {
        let bytes = self.whole(bytes);
        let Some(group) = self.groups.front_mut() else {
            tracing::debug!(bytes = bytes.len(), "audio of no sentence was skipped");
            return;
        };
        if bytes.is_empty() {
            return;
        }
        // By the estimate the sentence is over: what comes now is the next of its group.
        while group.sentences.len() > 1
            && group.bytes as f64 >= group.sentences[0].letters as f64 * self.bytes_per_letter
            && let Some(Sentence { id, .. }) = group.sentences.pop_front()
        {
            group.bytes = 0;
            self.events.push_back(TtsEvent::SentenceEnd { sentence: id });
        }
        group.bytes += bytes.len();
        group.all += bytes.len();
        self.given += bytes.len() as u64;
        self.progress = true;
        if let Some(Sentence { id, .. }) = group.sentences.front() {
            self.events.push_back(TtsEvent::Audio { sentence: *id, pcm: little_endian(bytes) });
        }
    }

    fn whole(&mut self, bytes: Bytes) -> Bytes {
        if self.odd.is_none() && bytes.len().is_multiple_of(2) {
            return bytes;
        }
        let mut whole = BytesMut::with_capacity(bytes.len() + 1);
        whole.extend(self.odd.take());
        whole.extend_from_slice(&bytes);
        if !whole.len().is_multiple_of(2) {
            self.odd = whole.split_off(whole.len() - 1).first().copied();
        }
        whole.freeze()
    }

    /// A stream of audio has ended: half a sample at its end is not completed by the next one.
    pub(crate) fn drop_half_sample(&mut self) {
        self.odd = None;
    }

    /// Takes in when words sound, in ms since the beginning: those of this group, or of the one that is spoken.
    pub(crate) fn words(&mut self, number: Option<u64>, words: Vec<WordTiming>) {
        let ahead = number.map_or(0, |number| number.saturating_sub(self.first)) as usize;
        if number.is_some_and(|number| number < self.first) {
            return;
        }
        if let Some(group) = self.groups.iter_mut().filter(|group| group.letters > 0).nth(ahead) {
            group.words.extend(words);
        }
        self.tell_words();
    }

    /// Gives the timings of the group that is spoken, counted from its own beginning.
    fn tell_words(&mut self) {
        let Some(group) = self.groups.front_mut() else { return };
        let Some(sentence) = group.sentences.front().map(|sentence| sentence.id) else { return };
        if group.words.is_empty() {
            return;
        }
        let begin = (self.given - group.all as u64) as f32 / self.bytes_per_millisecond;
        let words = group.words.drain(..).map(|word| WordTiming {
            start_ms: (word.start_ms - begin).max(0.0),
            end_ms: (word.end_ms - begin).max(0.0),
            ..word
        });
        self.events.push_back(TtsEvent::Words { sentence, words: words.collect() });
    }

    /// The oldest flush is answered: all its audio has come.
    pub(crate) fn flushed(&mut self) {
        let Some(group) = self.groups.iter_mut().find(|group| group.flush == Flush::Sent) else { return };
        group.flush = Flush::Done;
        if group.alone && group.all > 0 {
            self.bytes_per_letter = group.all as f64 / group.letters.max(1) as f64;
        }
        self.odd = None;
        self.progress = true;
        self.end();
    }

    /// All audio of the groups before this number has come.
    pub(crate) fn flushed_before(&mut self, number: u64) {
        while self.first < number && self.owes() {
            self.flushed();
        }
    }

    /// The group that is spoken is over, if any of it was heard.
    pub(crate) fn flush_begun(&mut self) {
        if self.groups.front().is_some_and(|group| group.all > 0) {
            self.flushed();
        }
    }

    /// The number of the newest group that has anything to flush.
    pub(crate) fn newest(&self) -> u64 {
        let waiting = self.groups.iter().filter(|group| group.letters > 0).count() as u64;
        (self.first + waiting).saturating_sub(1)
    }

    /// Ends the sentences of the groups that are done, in order.
    fn end(&mut self) {
        while let Some(group) = self.groups.pop_front_if(|group| group.flush == Flush::Done) {
            self.first += u64::from(group.letters > 0);
            let ends = group.sentences.into_iter().map(|sentence| TtsEvent::SentenceEnd { sentence: sentence.id });
            self.events.extend(ends);
            self.tell_words();
        }
    }

    /// Groups and times are counted from here. There must be no group.
    pub(crate) fn restart(&mut self) {
        (self.first, self.given, self.odd) = (0, 0, None);
    }

    /// Takes out all that has not been heard, to be said again; `None` when something was heard in part.
    pub(crate) fn unspoken(&mut self) -> Option<Vec<TtsInput>> {
        if self.groups.front().is_some_and(|group| group.all > 0) {
            return None;
        }
        let mut items = Vec::new();
        for group in self.groups.drain(..) {
            let texts =
                group.sentences.into_iter().map(|Sentence { id, text, .. }| TtsInput::Text { sentence: id, text });
            items.extend(texts);
            if group.flush != Flush::Unsent {
                items.push(TtsInput::Flush);
            }
        }
        self.restart();
        Some(items)
    }

    pub(crate) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    pub(crate) fn event(&mut self) -> Option<TtsEvent> {
        self.events.pop_front()
    }

    /// Whether audio has come since this was last asked.
    pub(crate) fn take_progress(&mut self) -> bool {
        std::mem::take(&mut self.progress)
    }
}

/// What can be heard of a text: one without any is not sent.
pub(crate) fn letters(text: &str) -> usize {
    text.chars().filter(|character| character.is_alphanumeric()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(groups: &mut Groups) -> Vec<String> {
        std::iter::from_fn(|| groups.event())
            .map(|event| match event {
                TtsEvent::Audio { sentence, pcm } => format!("{sentence}:{}", pcm.len()),
                TtsEvent::SentenceEnd { sentence } => format!("{sentence}."),
                TtsEvent::Words { sentence, words } => {
                    let words = words.iter().map(|word| format!("{} {}-{}", word.word, word.start_ms, word.end_ms));
                    format!("{sentence}({})", words.collect::<Vec<_>>().join(", "))
                }
                other => format!("{other:?}"),
            })
            .collect()
    }

    fn word(word: &str, start_ms: f32, end_ms: f32) -> WordTiming {
        WordTiming { word: word.into(), start_ms, end_ms }
    }

    #[test]
    fn a_flush_each_is_exact_and_tells_how_fast_the_voice_is() {
        let mut groups = Groups::new(16_000);
        groups.add(SentenceId(0), "aaaaa");
        assert!(groups.close());
        groups.add(SentenceId(1), "bbbbbbbbbb");
        groups.add(SentenceId(2), "cccc");
        assert!(groups.close());
        groups.audio(Bytes::from(vec![0; 101]));
        groups.audio(Bytes::from(vec![0; 99]));
        groups.flushed();
        assert_eq!(events(&mut groups), ["0:100", "0:100", "0."]);
        for _ in 0..6 {
            groups.audio(Bytes::from(vec![0; 100]));
        }
        groups.flushed();
        assert_eq!(events(&mut groups), ["1:100", "1:100", "1:100", "1:100", "1.", "2:100", "2:100", "2."]);
        assert!(groups.is_empty());
    }

    #[test]
    fn what_cannot_be_heard_ends_in_its_turn() {
        let mut groups = Groups::new(16_000);
        groups.add(SentenceId(0), "a");
        assert!(groups.close());
        groups.add(SentenceId(1), "…");
        assert!(!groups.close());
        assert!(events(&mut groups).is_empty());
        groups.flushed();
        assert_eq!(events(&mut groups), ["0.", "1."]);
    }

    #[test]
    fn timings_count_from_their_sentence_and_wait_for_it() {
        let mut groups = Groups::new(1_000);
        for (id, text) in [(0, "one"), (1, "two")] {
            groups.add(SentenceId(id), text);
            assert!(groups.close());
        }
        groups.words(Some(0), vec![word("one", 10.0, 90.0)]);
        groups.words(Some(1), vec![word("two", 110.0, 190.0)]);
        groups.audio(Bytes::from(vec![0; 200]));
        groups.flushed_before(1);
        groups.audio(Bytes::from(vec![0; 100]));
        groups.words(None, vec![word("!", 190.0, 195.0)]);
        groups.words(Some(0), vec![word("late", 0.0, 1.0)]);
        let expected = ["0(one 10-90)", "0:200", "0.", "1(two 10-90)", "1:100", "1(! 90-95)"];
        assert_eq!(events(&mut groups), expected);
    }

    #[test]
    fn what_was_not_heard_is_given_back_whole_and_what_was_heard_in_part_is_not() {
        let mut groups = Groups::new(16_000);
        groups.add(SentenceId(0), "one");
        groups.close();
        groups.audio(Bytes::from(vec![0; 10]));
        groups.flushed();
        groups.add(SentenceId(1), "two");
        groups.close();
        groups.add(SentenceId(2), "three");
        let text = |id, text: &str| TtsInput::Text { sentence: SentenceId(id), text: text.into() };
        assert_eq!(groups.unspoken(), Some(vec![text(1, "two"), TtsInput::Flush, text(2, "three")]));
        groups.add(SentenceId(1), "two");
        groups.close();
        groups.audio(Bytes::from(vec![0; 10]));
        assert_eq!(groups.unspoken(), None);
    }
}
