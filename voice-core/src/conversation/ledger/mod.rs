//! What became of the words of one reply: written → synthesised → sent → played → heard.
//!
//! Here the sentences stand in order and samples are counted; what of a sentence was heard is in [`sentence`], how timed
//! words are found again in the text in [`matching`].

mod matching;
mod sentence;

use super::input::SpokenWord;
use crate::id::SentenceId;
use sentence::{Pace, Sentence};

/// The ledger of one reply. Samples are counted from the reply's first, at the output rate.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    rate: u32,
    sentences: Vec<Sentence>,
    synthesized: u64,
    sent: u64,
    played: u64,
    shown: usize,
}

impl Ledger {
    /// An empty ledger of samples at `rate` Hz.
    pub(super) fn new(rate: u32) -> Self {
        Self { rate, sentences: Vec::new(), synthesized: 0, sent: 0, played: 0, shown: 0 }
    }

    /// Enters a sentence; `speech` is what will be said of it, empty when it will have no audio.
    pub(super) fn write(&mut self, text: String, speech: String) -> SentenceId {
        let id = SentenceId(u32::try_from(self.sentences.len()).unwrap_or(u32::MAX));
        self.sentences.push(Sentence::new(text, speech));
        self.place();
        id
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sentences.is_empty()
    }

    /// Audio of a sentence was made. Returns whether the sentence is known.
    pub(super) fn synthesize(&mut self, sentence: SentenceId, samples: u64) -> bool {
        let start = self.synthesized;
        let Some(sentence) = self.sentences.get_mut(sentence.0 as usize) else { return false };
        sentence.start.get_or_insert(start);
        sentence.samples += samples;
        self.synthesized += samples;
        true
    }

    /// It became known when words of a sentence sound.
    pub(super) fn time(&mut self, sentence: SentenceId, words: Vec<SpokenWord>) {
        if let Some(sentence) = self.sentences.get_mut(sentence.0 as usize) {
            sentence.time(words);
        }
    }

    /// A sentence has all its audio, and so has every one before it.
    pub(super) fn complete(&mut self, sentence: SentenceId) {
        for sentence in self.sentences.iter_mut().take(sentence.0 as usize + 1) {
            sentence.complete = true;
        }
        self.place();
    }

    /// Gives a place to sentences without audio that follow complete ones.
    fn place(&mut self) {
        let mut position = 0;
        for sentence in &mut self.sentences {
            if !sentence.complete {
                break;
            }
            position = *sentence.start.get_or_insert(position) + sentence.samples;
        }
    }

    /// Whether the synthesiser owes audio.
    pub(super) fn owes_audio(&self) -> bool {
        self.sentences.iter().any(|sentence| !sentence.complete)
    }

    /// Sentences that wait for their audio.
    pub(super) fn sentences_owed(&self) -> usize {
        self.sentences.iter().rev().take_while(|sentence| !sentence.complete).count()
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
        while self.sentences.get(self.shown).is_some_and(|sentence| match sentence.start {
            Some(start) => start < sent || (sentence.samples == 0 && sentence.complete && start <= sent),
            None => false,
        }) {
            self.shown += 1;
        }
        self.joined(from)
    }

    /// The text of all sentences that have not been shown.
    pub(super) fn take_rest(&mut self) -> Option<String> {
        let from = std::mem::replace(&mut self.shown, self.sentences.len());
        self.joined(from)
    }

    fn joined(&self, from: usize) -> Option<String> {
        let text: String = self.sentences[from..self.shown].iter().map(|sentence| sentence.text.as_str()).collect();
        (!text.is_empty()).then_some(text)
    }

    /// The sentences as they join.
    pub(super) fn text(&self) -> String {
        self.sentences.iter().map(|sentence| sentence.text.as_str()).collect()
    }

    /// Everything written, without the blanks at its end.
    pub(super) fn written(&self) -> String {
        self.text().trim_end().to_owned()
    }

    /// Whether any text was shown.
    pub(super) fn is_shown(&self) -> bool {
        self.shown > 0
    }

    /// Everything shown.
    pub(super) fn read(&self) -> String {
        let shown = self.sentences.iter().take(self.shown).map(|sentence| sentence.text.as_str());
        shown.collect::<String>().trim_end().to_owned()
    }

    /// Whether one of the last two sentences is a question that has begun to be heard: the last one may follow it up.
    pub(super) fn has_reached_closing_question(&self) -> bool {
        let written = self.sentences.iter().rev().filter(|sentence| !sentence.text.trim().is_empty());
        let asks = |sentence: &Sentence| sentence.text.contains(['?', '？', '؟']);
        written.take(2).any(|sentence| asks(sentence) && sentence.start.is_some_and(|start| start < self.played))
    }

    /// Whether any sentence got audio.
    pub(super) fn has_audio(&self) -> bool {
        self.synthesized > 0
    }

    /// How fast the sentences were said that are complete.
    fn pace(&self) -> Option<Pace> {
        let spoken = self.sentences.iter().filter(|sentence| sentence.complete && sentence.samples > 0);
        spoken
            .map(|sentence| Pace { samples: sentence.samples, ms: sentence.ordinary_ms() })
            .reduce(|all, one| Pace { samples: all.samples + one.samples, ms: all.ms + one.ms })
    }

    /// The text heard up to the listener's position: a prefix of what was written that ends with a word.
    pub(super) fn heard(&self) -> String {
        let mut heard = String::new();
        // A sentence without audio may have its place in what was played before it was shown.
        for sentence in self.sentences.iter().take(self.shown) {
            let Some(start) = sentence.start else { break };
            let played = sentence.complete && self.played >= start + sentence.samples;
            if played && (sentence.is_spoken() || self.played > 0) {
                heard.push_str(&sentence.text);
                continue;
            }
            let pace = if sentence.complete { None } else { self.pace() };
            heard.push_str(sentence.heard_within(self.played.saturating_sub(start), pace, self.rate));
            break;
        }
        heard.truncate(heard.trim_end().len());
        heard
    }
}

#[cfg(test)]
mod tests;
