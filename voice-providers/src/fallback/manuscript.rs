//! What of a reply's text has been spoken, and what the next synthesiser has to say. Pure.

use std::collections::VecDeque;
use voice_core::SentenceId;
use voice_core::stage::{TtsInput, WordTiming};
use voice_core::text::{WORD_SOUNDED_MS, words};

/// How fast speech is where a reply has not shown its own pace yet.
const CHARACTERS_PER_SECOND: u64 = 15;

#[derive(Debug)]
pub(super) struct Manuscript {
    /// Rate of the audio given out, in Hz.
    rate: u32,
    pending: VecDeque<Pending>,
    flushed: bool,
    /// Samples and characters of the sentences that are complete.
    spoken: (u64, u64),
}

/// A sentence that has not all its audio.
#[derive(Debug)]
struct Pending {
    sentence: SentenceId,
    text: String,
    /// Samples of it that were given out.
    given: u64,
    /// Those of them that were given out before the present synthesiser began.
    before: u64,
    /// Timings by the present synthesiser, and how many of them were given out.
    words: Vec<WordTiming>,
    told: usize,
}

impl Manuscript {
    pub(super) fn new(rate: u32) -> Self {
        Self { rate, pending: VecDeque::new(), flushed: false, spoken: (0, 0) }
    }

    pub(super) fn take(&mut self, input: &TtsInput) {
        match input {
            TtsInput::Text { sentence, text } => {
                let (sentence, text) = (*sentence, text.clone());
                self.pending.push_back(Pending { sentence, text, given: 0, before: 0, words: Vec::new(), told: 0 });
                self.flushed = false;
            }
            TtsInput::Flush => self.flushed = true,
        }
    }

    /// Sentences that have not all their audio.
    pub(super) fn owed(&self) -> usize {
        self.pending.len()
    }

    /// Whether audio of this sentence may be given out.
    pub(super) fn expects(&self, sentence: SentenceId) -> bool {
        self.pending.iter().any(|pending| pending.sentence == sentence)
    }

    pub(super) fn audio(&mut self, sentence: SentenceId, samples: u64) {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.sentence == sentence) {
            pending.given += samples;
        }
    }

    /// Puts the timings of words that a later synthesiser says behind what was given out before it.
    pub(super) fn words(&mut self, sentence: SentenceId, words: Vec<WordTiming>) {
        let rate = self.rate;
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.sentence == sentence) {
            let before = milliseconds(pending.before, rate);
            let shifted = |word: WordTiming| WordTiming {
                start_ms: word.start_ms + before,
                end_ms: word.end_ms + before,
                ..word
            };
            pending.words.extend(words.into_iter().map(shifted));
        }
    }

    /// Timings to give out: of words that have sounded, or of all where the sentence `ends`. A word whose audio has not
    /// been given out may still be said by another synthesiser, at another time.
    pub(super) fn timings(&mut self, sentence: SentenceId, ends: bool) -> Vec<WordTiming> {
        let rate = self.rate;
        let Some(pending) = self.pending.iter_mut().find(|pending| pending.sentence == sentence) else {
            return Vec::new();
        };
        let given = milliseconds(pending.given, rate) + WORD_SOUNDED_MS as f32;
        let waiting = &pending.words[pending.told..];
        let sounded = waiting.iter().take_while(|word| ends || word.end_ms <= given).count();
        pending.told += sounded;
        waiting[..sounded].to_vec()
    }

    /// All audio up to the end of this sentence was given out.
    pub(super) fn end(&mut self, sentence: SentenceId) {
        let Some(position) = self.pending.iter().position(|pending| pending.sentence == sentence) else { return };
        for pending in self.pending.drain(..=position) {
            self.spoken.0 += pending.given;
            self.spoken.1 += pending.text.chars().count() as u64;
        }
    }

    /// A synthesiser failed: cuts the sentence it was in down to what is left of it, and gives the sentence if nothing
    /// is.
    pub(super) fn break_off(&mut self) -> Option<SentenceId> {
        let (rate, spoken) = (self.rate, self.spoken);
        let begin = self.pending.front().map_or(0, |broken| broken.first_unspoken(rate, spoken));
        for pending in &mut self.pending {
            (pending.words, pending.told) = (Vec::new(), 0);
        }
        let broken = self.pending.front_mut().filter(|pending| pending.given > pending.before)?;
        broken.text = broken.text[begin..].to_owned();
        broken.before = broken.given;
        let sentence = broken.sentence;
        if !broken.text.chars().any(char::is_alphanumeric) {
            self.end(sentence);
            return Some(sentence);
        }
        None
    }

    /// What the next synthesiser has to be told.
    pub(super) fn replay(&self) -> Vec<TtsInput> {
        let texts = self.pending.iter().map(|pending| {
            let (sentence, text) = (pending.sentence, pending.text.clone());
            TtsInput::Text { sentence, text }
        });
        texts.chain(self.flushed.then_some(TtsInput::Flush)).collect()
    }
}

impl Pending {
    /// Where in the text the first word begins that has not sounded whole. With timings that is known; without them it
    /// is taken from the pace of the reply, and then a word is rather said twice than left out.
    fn first_unspoken(&self, rate: u32, (samples, characters): (u64, u64)) -> usize {
        let given = milliseconds(self.given - self.before, rate);
        let offset = milliseconds(self.before, rate);
        let sounded = self.words.iter().filter(|word| word.end_ms - offset <= given + WORD_SOUNDED_MS as f32);
        if !self.words.is_empty() {
            let characters = sounded.flat_map(|word| word.word.chars()).filter(|character| character.is_alphanumeric());
            return after_characters(&self.text, characters.count());
        }
        let samples_given = self.given - self.before;
        let reached = match samples {
            0 => samples_given * CHARACTERS_PER_SECOND / u64::from(rate.max(1)),
            samples => samples_given * characters / samples,
        };
        word_at(&self.text, reached as usize)
    }
}

/// Where the word begins that holds the character `reached`.
fn word_at(text: &str, reached: usize) -> usize {
    let mut begin = 0;
    let mut blank = true;
    for (index, (offset, character)) in text.char_indices().enumerate() {
        if index > reached {
            return begin;
        }
        if blank && !character.is_whitespace() {
            begin = offset;
        }
        blank = character.is_whitespace();
    }
    // As much time as the whole text takes has passed: its last word may still be missing.
    begin
}

/// Where the text goes on after so many letters and digits: at the first word that has more. They are counted rather than
/// words, since a service may time punctuation as a word of its own, or syllables.
fn after_characters(text: &str, count: usize) -> usize {
    let mut passed = 0;
    let unfinished = words(text).into_iter().find(|word| {
        passed += text[word.clone()].chars().filter(|character| character.is_alphanumeric()).count();
        passed > count
    });
    unfinished.map_or(text.len(), |word| word.start)
}

fn milliseconds(samples: u64, rate: u32) -> f32 {
    samples as f32 * 1_000.0 / rate.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: SentenceId = SentenceId(0);

    fn manuscript(texts: &[&str]) -> Manuscript {
        let mut manuscript = Manuscript::new(16_000);
        for (number, text) in texts.iter().enumerate() {
            manuscript.take(&TtsInput::Text { sentence: SentenceId(number as u32), text: (*text).to_owned() });
        }
        manuscript.take(&TtsInput::Flush);
        manuscript
    }

    fn texts(manuscript: &Manuscript) -> Vec<String> {
        let text = |item| match item {
            TtsInput::Text { text, .. } => Some(text),
            TtsInput::Flush => None,
        };
        manuscript.replay().into_iter().filter_map(text).collect()
    }

    fn timed(words: &[(&str, f32, f32)]) -> Vec<WordTiming> {
        let timing = |(word, start_ms, end_ms): &(&str, f32, f32)| WordTiming {
            word: (*word).to_owned(),
            start_ms: *start_ms,
            end_ms: *end_ms,
        };
        words.iter().map(timing).collect()
    }

    #[test]
    fn sentences_without_audio_are_said_whole_and_complete_ones_never_again() {
        let mut manuscript = manuscript(&["One two.", "Three four.", "Five."]);
        manuscript.audio(FIRST, 8_000);
        manuscript.end(FIRST);
        assert_eq!(manuscript.break_off(), None);
        assert_eq!(texts(&manuscript), ["Three four.", "Five."]);
        assert_eq!(manuscript.replay().last(), Some(&TtsInput::Flush));
    }

    #[test]
    fn a_broken_sentence_goes_on_at_the_first_word_that_did_not_sound_whole() {
        let mut manuscript = manuscript(&["One two three.", "Four."]);
        manuscript.words(FIRST, timed(&[("One", 0.0, 200.0), ("two", 200.0, 400.0), ("three.", 400.0, 800.0)]));
        manuscript.audio(FIRST, 16 * 300);
        assert_eq!(manuscript.break_off(), None);
        assert_eq!(texts(&manuscript), ["two three.", "Four."]);
        // The next one breaks off as well; its timings count from where it began.
        manuscript.words(FIRST, timed(&[("two", 0.0, 200.0), ("three.", 200.0, 600.0)]));
        manuscript.audio(FIRST, 16 * 250);
        let words = manuscript.timings(FIRST, false);
        assert!((words[0].start_ms - 300.0).abs() < 0.1, "{words:?}");
        assert_eq!(manuscript.break_off(), None);
        assert_eq!(texts(&manuscript), ["three.", "Four."]);
    }

    #[test]
    fn a_timing_is_given_out_with_the_audio_that_holds_its_word_or_at_the_end() {
        let names = |words: Vec<WordTiming>| words.into_iter().map(|word| word.word).collect::<Vec<_>>();
        let mut manuscript = manuscript(&["One two three."]);
        manuscript.words(FIRST, timed(&[("One", 0.0, 200.0), ("two", 200.0, 400.0), ("three.", 400.0, 800.0)]));
        assert!(manuscript.timings(FIRST, false).is_empty());
        manuscript.audio(FIRST, 16 * 300);
        assert_eq!(names(manuscript.timings(FIRST, false)), ["One"]);
        // The next one says "two three." and the first one's idea of when they sound is nobody's.
        assert_eq!(manuscript.break_off(), None);
        assert!(manuscript.timings(FIRST, true).is_empty());
        manuscript.words(FIRST, timed(&[("two", 0.0, 200.0), ("three.", 200.0, 600.0)]));
        manuscript.audio(FIRST, 16 * 300);
        assert_eq!(names(manuscript.timings(FIRST, false)), ["two"]);
        assert_eq!(names(manuscript.timings(FIRST, true)), ["three."]);
    }

    #[test]
    fn without_timings_the_pace_of_the_reply_tells_the_word() {
        let mut manuscript = manuscript(&["Twenty letters, I say", "One two three four"]);
        manuscript.audio(FIRST, 16_000);
        manuscript.end(FIRST);
        // 21 characters a second: half a second later the speaker is at the eleventh, in "three".
        manuscript.audio(SentenceId(1), 8_000);
        assert_eq!(manuscript.break_off(), None);
        assert_eq!(texts(&manuscript), ["three four"]);
    }

    #[test]
    fn a_sentence_all_of_which_sounded_is_ended_and_not_said() {
        let mut manuscript = manuscript(&["Yes.", "No."]);
        manuscript.words(FIRST, timed(&[("Yes.", 0.0, 500.0)]));
        manuscript.audio(FIRST, 8_000);
        assert_eq!(manuscript.break_off(), Some(FIRST));
        assert_eq!(texts(&manuscript), ["No."]);
    }

    #[test]
    fn words_are_found_in_any_script() {
        assert_eq!(word_at("naïve café", 8), "naïve ".len());
        assert_eq!(word_at("  a b", 0), 0);
        assert_eq!(word_at("one", 100), 0);
        assert_eq!(after_characters("naïve café bar", 5), "naïve ".len());
        assert_eq!(after_characters("naïve café bar", 4), 0);
        assert_eq!(after_characters("one", 3), 3);
        assert_eq!(after_characters("Oh! Well, no.", 2), "Oh! ".len());
        assert_eq!(after_characters("one two", 4), "one ".len(), "a word is not begun in its middle");
        assert_eq!(after_characters("今日は晴れ", 3), "今日は".len());
    }
}
