//! A synthesiser of the host.

use super::call::{ForeignHost, ForeignKind, begin};
use super::hold::ClockHold;
use super::input::{Deferred, Source};
use super::item::{ForeignItem, Given, TtsGiven};
use super::sink::FillIn;
use crate::error::Result;
use crate::id::SentenceId;
use crate::stage::{CallContext, TtsEvent, TtsInput, TtsProvider, WordTiming};
use futures::stream::{self, BoxStream, StreamExt};
use serde::Serialize;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A synthesiser of the host.
#[derive(Clone)]
pub struct ForeignTts {
    name: Arc<str>,
    sample_rate: u32,
    host: Arc<dyn ForeignHost>,
    hold: Option<ClockHold>,
}

/// The sentences that the host has taken and not ended, in order, and the newest of all.
#[derive(Debug, Default)]
struct Taken {
    open: VecDeque<u32>,
    newest: u32,
}

type SharedTaken = Arc<Mutex<Taken>>;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Item {
    Text { sentence: u32, text: String },
    Flush,
}

#[derive(Serialize)]
struct Request {
    sample_rate: u32,
}

impl ForeignTts {
    /// The synthesiser of this name that `host` serves, with audio at `sample_rate` Hz.
    pub fn new(name: impl Into<Arc<str>>, sample_rate: u32, host: Arc<dyn ForeignHost>) -> Self {
        Self { name: name.into(), sample_rate, host, hold: None }
    }

    /// The same, in simulated time: the clock stands still while a call is at work.
    #[must_use]
    pub fn holding(mut self, clock: Option<ClockHold>) -> Self {
        self.hold = clock;
        self
    }
}

impl TtsProvider for ForeignTts {
    fn name(&self) -> &str {
        &self.name
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, cx: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        let (host, hold) = (self.host.clone(), self.hold.clone());
        let request = ForeignItem::of(&Request { sample_rate: self.sample_rate }, None).json;
        let taken = SharedTaken::default();
        let (noted, at_end, naming, cancel) = (taken.clone(), taken.clone(), taken.clone(), cx.cancel.clone());
        let fill_in = FillIn(Box::new(move |given| lock(&naming).name(given)));
        let items = text.map(move |input| {
            let noted = noted.clone();
            Box::new(move || noted_item(&noted, input)) as Deferred
        });
        stream::once(async move {
            begin(&*host, ForeignKind::Tts, request, Source::Stream(items.boxed()), &cx, hold, fill_in)
        })
        .flatten()
        .map(move |given| match given {
            Ok(Given::Tts(given)) => lock(&taken).events(given),
            // Read as what the kind of the call gives, it is nothing else.
            Ok(_) => Vec::new(),
            Err(error) => {
                lock(&taken).open.clear();
                vec![Err(error)]
            }
        })
        .chain(stream::once(async move { lock(&at_end).end_all() }))
        .flat_map(stream::iter)
        // What follows from an item goes with it: a call that is cancelled ends, with nothing more.
        .take_until(cancel.cancelled())
        .boxed()
    }
}

fn noted_item(taken: &SharedTaken, input: TtsInput) -> ForeignItem {
    match input {
        TtsInput::Text { sentence: SentenceId(sentence), text } => {
            let mut taken = lock(taken);
            taken.newest = sentence;
            taken.open.push_back(sentence);
            ForeignItem::of(&Item::Text { sentence, text }, None)
        }
        TtsInput::Flush => ForeignItem::of(&Item::Flush, None),
    }
}

impl Taken {
    /// What names no sentence is of the newest.
    fn name(&self, given: &mut Given) {
        if let Given::Tts(
            TtsGiven::Audio { sentence, .. } | TtsGiven::Words { sentence, .. } | TtsGiven::SentenceEnd { sentence },
        ) = given
        {
            sentence.get_or_insert(self.newest);
        }
    }

    /// What a host gives, after the ends of sentences that follow from it.
    fn events(&mut self, given: TtsGiven) -> Vec<Result<TtsEvent>> {
        let named = |sentence: Option<u32>| sentence.unwrap_or(self.newest);
        let (sentence, event) = match given {
            TtsGiven::Audio { sentence, pcm } => {
                let sentence = named(sentence);
                (sentence, TtsEvent::Audio { sentence: SentenceId(sentence), pcm })
            }
            TtsGiven::Words { sentence, words } => {
                let sentence = named(sentence);
                let words = words.into_iter();
                let words = words
                    .map(|word| WordTiming { word: word.word, start_ms: word.start_ms, end_ms: word.end_ms })
                    .collect();
                (sentence, TtsEvent::Words { sentence: SentenceId(sentence), words })
            }
            TtsGiven::SentenceEnd { sentence } => {
                let sentence = named(sentence);
                let mut ends = self.end_before(sentence);
                if self.open.front() == Some(&sentence) {
                    self.open.pop_front();
                    ends.push(end_of(sentence));
                }
                return ends;
            }
        };
        let mut events = self.end_before(sentence);
        events.push(Ok(event));
        events
    }

    fn end_before(&mut self, sentence: u32) -> Vec<Result<TtsEvent>> {
        let earlier = self.open.iter().take_while(|open| **open < sentence).count();
        self.open.drain(..earlier).map(end_of).collect()
    }

    fn end_all(&mut self) -> Vec<Result<TtsEvent>> {
        self.open.drain(..).map(end_of).collect()
    }
}

fn end_of(sentence: u32) -> Result<TtsEvent> {
    Ok(TtsEvent::SentenceEnd { sentence: SentenceId(sentence) })
}

fn lock(taken: &SharedTaken) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for ForeignTts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignTts").field("name", &self.name).finish_non_exhaustive()
    }
}
