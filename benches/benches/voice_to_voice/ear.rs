//! What a scripted recogniser knows and when. Pure: it is told what it hears and when, and asked what it has to say.

use super::mark::Reader;
use super::utterances::{PER_MS, Utterance};
use crate::support::service::Dice;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use voice_core::text::spoken_form;

/// When partial transcripts come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partials {
    /// With each word, 20 to 80 ms after its last sample was recorded.
    Quick,
    /// Once a second of audio.
    Slow,
}

/// A second of audio has come to its end, and its words are known a little later.
const SLOW_DELAY: Duration = Duration::from_millis(50);
/// A request after which nothing was said is answered after this.
const NOTHING_SAID: Duration = Duration::from_millis(50);
const SECOND: u64 = 1_000 * PER_MS as u64;

/// A word that was heard; positions in samples of the stream.
#[derive(Debug, Clone)]
pub struct Heard {
    pub text: String,
    pub begin: u64,
    pub end: u64,
    /// The mark that closes the utterance, with its last word.
    closing: Option<char>,
    /// When its last sample was recorded.
    recorded: Instant,
    known: Instant,
}

/// The words of a span, final or not.
#[derive(Debug)]
pub struct Told {
    pub is_final: bool,
    pub begin: u64,
    pub end: u64,
    pub words: Vec<Heard>,
}

impl Told {
    /// Interim words as they are; final ones as a sentence, with figures. Smart formatting closes whatever it is given,
    /// be it in the middle of a sentence.
    pub fn transcript(&self) -> String {
        let text = self.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        if !self.is_final || text.is_empty() {
            return text;
        }
        let closing = self.words.last().and_then(|word| word.closing).unwrap_or('.');
        let form = spoken_form(&text);
        let (first, rest) = form.split_at(form.chars().next().map_or(0, char::len_utf8));
        format!("{}{rest}{closing}", first.to_uppercase())
    }
}

pub struct Ear {
    set: Arc<[Utterance]>,
    partials: Partials,
    final_after: Duration,
    dice: Dice,
    reader: Reader,
    /// Samples heard; up to where the words are final.
    position: u64,
    finished: u64,
    /// Words that are not final yet, and how many of them were told.
    words: VecDeque<Heard>,
    told: usize,
    /// Ends of the audio of the requests, and when each is answered.
    requests: VecDeque<(u64, Instant)>,
}

impl Ear {
    pub fn new(set: Arc<[Utterance]>, partials: Partials, final_after: Duration, seed: u64) -> Self {
        Self {
            set,
            partials,
            final_after,
            dice: Dice(seed),
            reader: Reader::default(),
            position: 0,
            finished: 0,
            words: VecDeque::new(),
            told: 0,
            requests: VecDeque::new(),
        }
    }

    /// Hears audio whose last sample was recorded when it came.
    pub fn take(&mut self, samples: &[i16], now: Instant) {
        for (index, sample) in samples.iter().enumerate() {
            self.position += 1;
            let Some(mark) = self.reader.push(*sample) else { continue };
            let Some(utterance) = self.set.get(mark.utterance) else { continue };
            let Some(word) = utterance.words.get(mark.word) else { continue };
            let later = (samples.len() - 1 - index) / PER_MS;
            let recorded = now - Duration::from_millis(later as u64);
            let known = match self.partials {
                Partials::Quick => recorded + Duration::from_millis(20 + self.dice.below(61)),
                Partials::Slow => {
                    let left = self.position.next_multiple_of(SECOND) - self.position;
                    recorded + Duration::from_millis(left / PER_MS as u64) + SLOW_DELAY
                }
            };
            let length = (word.end - word.begin) as u64;
            self.words.push_back(Heard {
                text: word.text.clone(),
                begin: self.position.saturating_sub(length).max(self.finished),
                end: self.position,
                closing: (mark.word + 1 == utterance.words.len()).then_some(utterance.closing),
                recorded,
                known: self.words.back().map_or(known, |before| known.max(before.known)),
            });
        }
    }

    /// Is asked for a final transcript of all so far.
    pub fn finalize(&mut self, now: Instant) {
        let answered = self.words.back().map_or(now + NOTHING_SAID, |last| (last.recorded + self.final_after).max(now));
        self.requests.push_back((self.position, answered));
    }

    /// When there is something to say.
    pub fn next_due(&self) -> Option<Instant> {
        let partial = self.words.get(self.told).map(|word| word.known);
        let answer = self.requests.front().map(|(_, at)| *at);
        partial.into_iter().chain(answer).min()
    }

    /// The next thing to say.
    pub fn tell(&mut self, now: Instant) -> Option<Told> {
        if let Some((end, _)) = self.requests.pop_front_if(|(_, at)| *at <= now) {
            let count = self.words.iter().take_while(|word| word.end <= end).count();
            let words = self.words.drain(..count).collect();
            self.told = self.told.saturating_sub(count);
            let begin = std::mem::replace(&mut self.finished, end);
            return Some(Told { is_final: true, begin, end, words });
        }
        let known = self.words.iter().take_while(|word| word.known <= now).count();
        if known <= self.told {
            return None;
        }
        self.told = known;
        let words: Vec<_> = self.words.iter().take(known).cloned().collect();
        Some(Told { is_final: false, begin: self.finished, end: self.position, words })
    }
}
