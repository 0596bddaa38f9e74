//! Sentences out of text that arrives in pieces.

use super::characters::speaking_weight;
use super::markup::spoken_from;
use super::scanner::{Found, Scanner};

/// How sentences are cut. Lengths are in Latin letters; an ideograph or Hangul syllable counts as three, which is about
/// how long it takes to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentenceConfig {
    /// Until this much has been given out to be said, a sentence ends early, at the first clause (comma, semicolon,
    /// colon, dash) that is at least this long, so that the voice can begin and is not left without words. 60 letters
    /// are about 4 s of speech, which covers the synthesis of what follows. `usize::MAX` turns it off.
    pub first_clause: usize,
    /// A sentence this long is cut at its last clause or else its last word. Many synthesisers take only some hundred
    /// letters a call or become slow. At least 20.
    pub max_length: usize,
}

impl Default for SentenceConfig {
    fn default() -> Self {
        Self { first_clause: 60, max_length: 240 }
    }
}

impl SentenceConfig {
    /// The default: 60 for the first clause, 240 at most.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this [`first_clause`](Self::first_clause).
    #[must_use]
    pub fn first_clause(mut self, letters: usize) -> Self {
        self.first_clause = letters;
        self
    }

    /// With this [`max_length`](Self::max_length).
    #[must_use]
    pub fn max_length(mut self, letters: usize) -> Self {
        self.max_length = letters;
        self
    }
}

/// A sentence, or a part of one that was too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The piece as it was written, with its markup and white space: all pieces joined give the text.
    pub text: String,
    /// What is said: without markup, addresses and emoji, white space collapsed. Empty where there is nothing to say,
    /// such as in source code.
    pub speech: String,
}

impl From<Found<'_>> for Sentence {
    fn from(found: Found<'_>) -> Self {
        let speech = if found.code { String::new() } else { spoken_from(found.text, found.began_line) };
        Self { text: found.text.to_owned(), speech }
    }
}

/// Cuts text into sentences while it is being written. The result does not depend on how the text was cut into deltas,
/// and the work is proportional to the text.
///
/// A sentence is given out as soon as it is certainly over: after "It costs $3." the next character decides.
///
/// ```
/// use voice_core::text::{SentenceConfig, SentenceSplitter};
///
/// let mut splitter = SentenceSplitter::new(SentenceConfig::default());
/// assert!(splitter.push("Dr. Lee paid $3.").is_empty());
/// assert!(splitter.push("50").is_empty());
/// assert_eq!(splitter.push(". **Fine").remove(0).text, "Dr. Lee paid $3.50. ");
/// assert!(splitter.push("!**").is_empty());
/// assert_eq!(splitter.finish().remove(0).speech, "Fine!");
/// ```
#[derive(Debug)]
pub struct SentenceSplitter {
    scanner: Scanner,
    config: SentenceConfig,
    /// Length of what was given out to be said.
    given: usize,
}

impl Default for SentenceSplitter {
    fn default() -> Self {
        Self::new(SentenceConfig::default())
    }
}

impl SentenceSplitter {
    /// A splitter for one text.
    pub fn new(config: SentenceConfig) -> Self {
        Self { scanner: Scanner::new(config), config, given: 0 }
    }

    /// Takes the next piece of text, of any length, and gives the sentences that it ended.
    pub fn push(&mut self, delta: &str) -> Vec<Sentence> {
        self.scanner.push(delta);
        self.collect(Scanner::next)
    }

    /// The text is over: gives what is left of it. The splitter can then take another text.
    pub fn finish(&mut self) -> Vec<Sentence> {
        let rest = self.collect(Scanner::next_at_end);
        *self = Self::new(self.config);
        rest
    }

    fn collect(&mut self, next: for<'a> fn(&'a mut Scanner, bool) -> Option<Found<'a>>) -> Vec<Sentence> {
        let mut sentences = Vec::new();
        loop {
            let early = self.given == 0 || self.given < self.config.first_clause;
            let Some(found) = next(&mut self.scanner, early) else { return sentences };
            let sentence = Sentence::from(found);
            self.given += sentence.speech.chars().map(speaking_weight).sum::<usize>();
            sentences.push(sentence);
        }
    }
}

#[cfg(test)]
mod tests;
