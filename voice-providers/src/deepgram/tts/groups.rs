//! Which sentence the audio speaks. Pure.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use voice_core::SentenceId;
use voice_core::stage::TtsEvent;

/// Letters a second, until a sentence has told better.
const LETTERS_PER_SECOND: f64 = 15.0;

/// The sentences of a reply in the order of their flushes: those of one flush are a group.
#[derive(Debug)]
pub(super) struct Groups {
    groups: VecDeque<Group>,
    /// Bytes of audio a letter takes; known exactly from groups of one sentence.
    bytes_per_letter: f64,
    odd: Option<u8>,
    events: VecDeque<TtsEvent>,
}

#[derive(Debug, Default)]
struct Group {
    sentences: VecDeque<(SentenceId, usize)>,
    /// It began as one sentence, so that its audio tells how fast the voice speaks.
    alone: bool,
    letters: usize,
    flush: Flush,
    /// Bytes that the sentence now spoken has, and that the group has.
    bytes: usize,
    all: usize,
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
    pub(super) fn new(sample_rate: u32) -> Self {
        let bytes_per_letter = f64::from(sample_rate) * 2.0 / LETTERS_PER_SECOND;
        Self { groups: VecDeque::new(), bytes_per_letter, odd: None, events: VecDeque::new() }
    }

    /// A sentence joins the group that is open, or begins one.
    pub(super) fn add(&mut self, sentence: SentenceId, text: &str) {
        if self.groups.back().is_none_or(|group| group.flush != Flush::Unsent) {
            self.groups.push_back(Group::default());
        }
        if let Some(group) = self.groups.back_mut() {
            let letters = letters(text);
            group.sentences.push_back((sentence, letters));
            group.letters += letters;
            group.alone = group.sentences.len() == 1;
        }
    }

    /// Whether something was said that is not flushed.
    pub(super) fn is_open(&self) -> bool {
        self.groups.back().is_some_and(|group| group.flush == Flush::Unsent && group.letters > 0)
    }

    /// The open group is closed; gives whether it has anything to flush.
    pub(super) fn close(&mut self) -> bool {
        let Some(group) = self.groups.back_mut().filter(|group| group.flush == Flush::Unsent) else { return false };
        group.flush = if group.letters > 0 { Flush::Sent } else { Flush::Done };
        let flush = group.flush == Flush::Sent;
        self.end();
        flush
    }

    /// Whether the service owes audio.
    pub(super) fn owes(&self) -> bool {
        self.groups.iter().any(|group| group.flush == Flush::Sent)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Takes audio in; a byte of half a sample waits for the other half.
    pub(super) fn audio(&mut self, bytes: Bytes) {
        let bytes = self.whole(bytes);
        let Some(group) = self.groups.front_mut() else { return };
        if bytes.is_empty() {
            return;
        }
        // By the estimate the sentence is over: what comes now is the next of its group.
        while group.sentences.len() > 1
            && group.bytes as f64 >= group.sentences[0].1 as f64 * self.bytes_per_letter
            && let Some((sentence, _)) = group.sentences.pop_front()
        {
            group.bytes = 0;
            self.events.push_back(TtsEvent::SentenceEnd { sentence });
        }
        group.bytes += bytes.len();
        group.all += bytes.len();
        if let Some((sentence, _)) = group.sentences.front() {
            self.events.push_back(TtsEvent::Audio { sentence: *sentence, pcm: native(bytes) });
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

    /// The oldest flush is answered: all its audio has come.
    pub(super) fn flushed(&mut self) {
        let Some(group) = self.groups.iter_mut().find(|group| group.flush == Flush::Sent) else { return };
        group.flush = Flush::Done;
        if group.alone && group.all > 0 {
            self.bytes_per_letter = group.all as f64 / group.letters.max(1) as f64;
        }
        self.odd = None;
        self.end();
    }

    /// Ends the sentences of the groups that are done, in order.
    fn end(&mut self) {
        while let Some(group) = self.groups.pop_front_if(|group| group.flush == Flush::Done) {
            let ends = group.sentences.into_iter().map(|(sentence, _)| TtsEvent::SentenceEnd { sentence });
            self.events.extend(ends);
        }
    }

    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    pub(super) fn event(&mut self) -> Option<TtsEvent> {
        self.events.pop_front()
    }
}

/// What can be heard of a text: one without any is not sent.
pub(super) fn letters(text: &str) -> usize {
    text.chars().filter(|character| character.is_alphanumeric()).count()
}

/// Samples are little-endian out there and native in here.
fn native(pcm: Bytes) -> Bytes {
    if cfg!(target_endian = "little") {
        return pcm;
    }
    pcm.chunks_exact(2).flat_map(|sample| [sample[1], sample[0]]).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(groups: &mut Groups) -> Vec<String> {
        std::iter::from_fn(|| groups.event())
            .map(|event| match event {
                TtsEvent::Audio { sentence, pcm } => format!("{sentence}:{}", pcm.len()),
                TtsEvent::SentenceEnd { sentence } => format!("{sentence}."),
                other => format!("{other:?}"),
            })
            .collect()
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
}
