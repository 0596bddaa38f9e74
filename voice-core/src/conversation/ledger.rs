//! What became of the words of one reply: written → synthesised → sent → played → heard.

use crate::id::SentenceId;

/// One sentence on its way to the ear.
#[derive(Debug, Clone)]
struct Entry {
    text: String,
    spoken: bool,
    /// Where its audio begins, in samples of the reply; known once its audio begins or all before it is complete.
    start: Option<u64>,
    samples: u64,
    complete: bool,
}

/// The ledger of one reply. Samples are counted from the reply's first, at the output rate.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    rate: u32,
    entries: Vec<Entry>,
    synthesized: u64,
    sent: u64,
    played: u64,
    shown: usize,
}

/// How fast English is spoken, as long as this reply has not shown its own pace. It only matters when an interruption
/// overtakes the synthesiser itself.
const CHARACTERS_PER_SECOND: u64 = 15;

impl Ledger {
    /// An empty ledger of samples at `rate` Hz.
    pub(super) fn new(rate: u32) -> Self {
        Self { rate, entries: Vec::new(), synthesized: 0, sent: 0, played: 0, shown: 0 }
    }

    /// Enters a sentence; `spoken` when it will have audio.
    pub(super) fn write(&mut self, text: String, spoken: bool) -> SentenceId {
        let id = SentenceId(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        self.entries.push(Entry { text, spoken, start: None, samples: 0, complete: !spoken });
        self.place();
        id
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Audio of a sentence was made. Returns whether the sentence is known.
    pub(super) fn synthesize(&mut self, sentence: SentenceId, samples: u64) -> bool {
        let start = self.synthesized;
        let Some(entry) = self.entries.get_mut(sentence.0 as usize) else { return false };
        entry.start.get_or_insert(start);
        entry.samples += samples;
        self.synthesized += samples;
        true
    }

    /// A sentence has all its audio, and so has every one before it.
    pub(super) fn complete(&mut self, sentence: SentenceId) {
        for entry in self.entries.iter_mut().take(sentence.0 as usize + 1) {
            entry.complete = true;
        }
        self.place();
    }

    /// Gives a place to sentences without audio that follow complete ones.
    fn place(&mut self) {
        let mut position = 0;
        for entry in &mut self.entries {
            if !entry.complete {
                break;
            }
            position = *entry.start.get_or_insert(position) + entry.samples;
        }
    }

    /// Whether the synthesiser owes audio.
    pub(super) fn owes_audio(&self) -> bool {
        self.entries.iter().any(|entry| !entry.complete)
    }

    /// Sentences that wait for their audio.
    pub(super) fn sentences_owed(&self) -> usize {
        self.entries.iter().rev().take_while(|entry| !entry.complete).count()
    }

    /// Samples made and not yet sent.
    pub(super) fn unsent(&self) -> u64 {
        self.synthesized.saturating_sub(self.sent)
    }

    /// Whether the listener has not heard all that was sent.
    pub(super) fn is_playing(&self) -> bool {
        self.played < self.sent
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    pub(super) fn send(&mut self, samples: u64) {
        self.sent = self.sent.max(samples.min(self.synthesized));
    }

    /// The listener's position; never past what was sent, never back.
    pub(super) fn play(&mut self, samples: u64) {
        self.played = self.played.max(samples.min(self.sent));
    }

    /// The text of sentences that begin within what was sent and have not been shown.
    pub(super) fn take_shown(&mut self) -> Option<String> {
        let from = self.shown;
        let sent = self.sent;
        while self.entries.get(self.shown).is_some_and(|entry| match entry.start {
            Some(start) => start < sent || (entry.samples == 0 && entry.complete && start <= sent),
            None => false,
        }) {
            self.shown += 1;
        }
        self.joined(from)
    }

    /// The text of all sentences that have not been shown.
    pub(super) fn take_rest(&mut self) -> Option<String> {
        let from = std::mem::replace(&mut self.shown, self.entries.len());
        self.joined(from)
    }

    fn joined(&self, from: usize) -> Option<String> {
        let text: String = self.entries[from..self.shown].iter().map(|entry| entry.text.as_str()).collect();
        (!text.is_empty()).then_some(text)
    }

    /// The sentences as they join.
    pub(super) fn text(&self) -> String {
        self.entries.iter().map(|entry| entry.text.as_str()).collect()
    }

    /// Everything written, without the blanks at its end.
    pub(super) fn written(&self) -> String {
        self.text().trim_end().to_owned()
    }

    /// Everything shown.
    pub(super) fn read(&self) -> String {
        let shown = self.entries.iter().take(self.shown).map(|entry| entry.text.as_str());
        shown.collect::<String>().trim_end().to_owned()
    }

    /// Whether any sentence got audio.
    pub(super) fn has_audio(&self) -> bool {
        self.synthesized > 0
    }

    /// Whether one of the last two sentences is a question that has begun to be heard: the last one may follow it up.
    pub(super) fn has_reached_closing_question(&self) -> bool {
        let asks = |entry: &Entry| entry.text.contains(['?', '？', '؟']) && !entry.text.trim().is_empty();
        let last_two = self.entries.iter().rev().filter(|entry| !entry.text.trim().is_empty()).take(2);
        last_two.into_iter().any(|entry| asks(entry) && entry.start.is_some_and(|start| start < self.played))
    }

    /// How many samples a sentence will have whose audio is not complete, at the pace of those that are.
    fn likely_length(&self, text: &str) -> u64 {
        let spoken = self.entries.iter().filter(|entry| entry.complete && entry.samples > 0);
        let (samples, characters) = spoken
            .fold((0, 0), |(samples, characters), entry| (samples + entry.samples, characters + sounding(&entry.text)));
        match characters {
            0 => sounding(text) * u64::from(self.rate) / CHARACTERS_PER_SECOND,
            characters => sounding(text) * samples / characters,
        }
    }

    /// The text heard up to the listener's position: a prefix of what was written.
    pub(super) fn heard(&self) -> String {
        let mut heard = String::new();
        // A sentence without audio may have its place in what was played before it was shown.
        for entry in self.entries.iter().take(self.shown) {
            let Some(start) = entry.start else { break };
            let into = self.played.saturating_sub(start);
            if entry.complete && self.played >= start + entry.samples && (entry.spoken || self.played > 0) {
                heard.push_str(&entry.text);
                continue;
            }
            let length =
                if entry.complete { entry.samples } else { entry.samples.max(self.likely_length(&entry.text)) };
            heard.push_str(words_within(&entry.text, into, length));
            break;
        }
        heard.truncate(heard.trim_end().len());
        heard
    }
}

/// The characters of a sentence that take time to say; the blank that joins it to the next one has no sound.
fn sounding(text: &str) -> u64 {
    text.trim_end().chars().count() as u64
}

/// The whole words of `text` that end within `position` of `length`, when its characters sound equally long.
fn words_within(text: &str, position: u64, length: u64) -> &str {
    let text = text.trim_end();
    let total = sounding(text);
    if length == 0 || position == 0 {
        return "";
    }
    let reached = (total * position.min(length) / length) as usize;
    let mut end = 0;
    let mut characters = text.char_indices().enumerate().peekable();
    while let Some((index, (offset, character))) = characters.next() {
        let next = characters.peek().map(|(_, (_, next))| *next);
        let ends_word = !character.is_whitespace()
            && next.is_none_or(|next| next.is_whitespace() || is_word_by_itself(next) || is_word_by_itself(character));
        if index + 1 > reached {
            break;
        }
        if ends_word {
            end = offset + character.len_utf8();
        }
    }
    &text[..end]
}

/// Whether the script writes words without spaces, so that one character may be taken as the unit.
fn is_word_by_itself(character: char) -> bool {
    matches!(u32::from(character), 0x2E80..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0xFF00..=0xFFEF | 0x20000..=0x3FFFF | 0x0E00..=0x0E7F)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(16_000);
        let first = ledger.write("One two. ".into(), true);
        let second = ledger.write("Three four.".into(), true);
        ledger.synthesize(first, 900);
        ledger.complete(first);
        ledger.synthesize(second, 1_100);
        ledger.complete(second);
        ledger.send(2_000);
        ledger.take_shown();
        ledger
    }

    #[test]
    fn heard_text_is_cut_at_whole_words() {
        for (played, heard) in [
            (0, ""),
            (337, ""),
            (338, "One"),
            (899, "One"),
            (900, "One two."),
            (1_399, "One two."),
            (1_400, "One two. Three"),
            (2_000, "One two. Three four."),
        ] {
            let mut ledger = ledger();
            ledger.play(played);
            assert_eq!(ledger.heard(), heard, "after {played} samples");
        }
    }

    #[test]
    fn nobody_hears_more_than_was_sent() {
        let mut ledger = ledger();
        ledger.sent = 900;
        ledger.play(u64::MAX);
        assert_eq!(ledger.heard(), "One two.");
    }

    #[test]
    fn a_sentence_without_audio_is_not_heard_before_it_is_shown() {
        let mut ledger = ledger();
        ledger.play(2_000);
        ledger.write(" 🙂".into(), false);
        assert_eq!(ledger.heard(), "One two. Three four.");
        ledger.take_rest();
        assert_eq!(ledger.heard(), "One two. Three four. 🙂");
    }

    #[test]
    fn a_sentence_still_being_synthesised_is_guessed_at_the_pace_of_the_reply_and_before_that_of_english() {
        for rate in [8_000, 48_000] {
            let mut ledger = Ledger::new(rate);
            let second = u64::from(rate);
            let first = ledger.write("Fifteen of them. ".into(), true);
            ledger.synthesize(first, second / 2);
            ledger.send(second / 2);
            ledger.take_shown();
            ledger.play(second / 2 + 1);
            assert_eq!(ledger.heard(), "Fifteen", "{rate} Hz: half a second of a sentence of one");

            ledger.synthesize(first, second * 3 / 2);
            ledger.complete(first);
            let next = ledger.write("Sixteen of those.".into(), true);
            ledger.synthesize(next, second);
            ledger.send(3 * second);
            ledger.take_shown();
            ledger.play(3 * second);
            assert_eq!(ledger.heard(), "Fifteen of them. Sixteen", "{rate} Hz: a second of a sentence of two");
        }
    }

    #[test]
    fn scripts_without_spaces_are_cut_between_characters() {
        assert_eq!(words_within("你好世界。", 3, 5), "你好世");
        assert_eq!(words_within("naïve café", 5, 10), "naïve");
    }

    #[test]
    fn text_is_shown_when_its_audio_begins_and_silent_text_with_what_precedes_it() {
        let mut ledger = Ledger::new(16_000);
        let first = ledger.write("Hello. ".into(), true);
        ledger.write("🙂 ".into(), false);
        ledger.write("Bye.".into(), true);
        assert_eq!(ledger.take_shown(), None);
        ledger.synthesize(first, 100);
        ledger.complete(first);
        ledger.send(50);
        assert_eq!(ledger.take_shown().as_deref(), Some("Hello. "));
        ledger.send(100);
        assert_eq!(ledger.take_shown().as_deref(), Some("🙂 "));
        assert_eq!(ledger.take_shown(), None);
        assert_eq!(ledger.take_rest().as_deref(), Some("Bye."));
        assert_eq!(ledger.written(), "Hello. 🙂 Bye.");
    }
}
