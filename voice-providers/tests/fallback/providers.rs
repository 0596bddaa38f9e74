//! Providers that fail as a test tells them.

use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest, TtsEvent, TtsInput, TtsProvider, WordTiming};
pub use voice_core::testing::Fate;
use voice_core::{ErrorKind, Result, Stage};

pub const MS: Duration = Duration::from_millis(1);
/// Samples a character takes at 16 kHz; each of them is the character.
pub const CHARACTER: usize = 640;

/// A provider with the fates of its next calls; after them all is fine.
#[derive(Clone)]
pub struct Scripted {
    name: &'static str,
    fates: Arc<Mutex<VecDeque<Fate>>>,
    pub calls: Arc<AtomicUsize>,
    pub texts: Arc<Mutex<Vec<String>>>,
    answer: Arc<str>,
    rate: u32,
}

impl Scripted {
    pub fn new(name: &'static str, fates: impl IntoIterator<Item = Fate>) -> Self {
        let fates = Arc::new(Mutex::new(fates.into_iter().collect()));
        let (calls, texts) = (Arc::default(), Arc::default());
        Self { name, fates, calls, texts, answer: "".into(), rate: 16_000 }
    }

    pub fn answering(mut self, answer: &str) -> Self {
        self.answer = answer.into();
        self
    }

    pub fn at(mut self, rate: u32) -> Self {
        self.rate = rate;
        self
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn fate(&self) -> Fate {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Fine)
    }
}

impl LlmProvider for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    fn generate(&self, _: LlmRequest, _: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        let words: Vec<String> = self.answer.split_inclusive(' ').map(str::to_owned).collect();
        let words = stream::iter(words).then(async |word| {
            tokio::time::sleep(10 * MS).await;
            Ok(LlmEvent::Text(word))
        });
        let fate = match self.fate() {
            // An answer that ends counts as a whole one: a model whose connection ends says so.
            Fate::Ends(after) if after > 0 => Fate::Fails(ErrorKind::Unavailable, after),
            fate => fate,
        };
        fate.befall(Stage::Llm, words.boxed())
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

impl TtsProvider for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    fn sample_rate(&self) -> u32 {
        self.rate
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, _: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        let (texts, factor) = (self.texts.clone(), self.rate as usize / 16_000);
        let events = text.flat_map(move |input| {
            let TtsInput::Text { sentence, text } = input else { return stream::iter(Vec::new()).boxed() };
            texts.lock().unwrap().push(text.clone());
            // A blank before each text, so that a piece of a word and the whole of it can be told apart.
            let text = format!(" {text}");
            let mut events = vec![TtsEvent::Words { sentence, words: timings(&text) }];
            events.extend(text.chars().map(|character| {
                let samples = vec![character as i16; CHARACTER * factor];
                TtsEvent::Audio { sentence, pcm: Bytes::from(voice_core::audio::pcm::to_bytes(&samples)) }
            }));
            events.push(TtsEvent::SentenceEnd { sentence });
            let timed = stream::iter(events).then(async |event| {
                tokio::time::sleep(MS).await;
                Ok(event)
            });
            timed.boxed()
        });
        self.fate().befall(Stage::Tts, events.boxed())
    }
}

fn timings(text: &str) -> Vec<WordTiming> {
    let milliseconds = |offset: usize| (offset * 40) as f32;
    let mut at = 0;
    let words = text.split(' ').filter_map(|word| {
        let (start, end) = (at, at + word.len());
        at = end + 1;
        let timing = WordTiming { word: word.to_owned(), start_ms: milliseconds(start), end_ms: milliseconds(end) };
        (!word.is_empty()).then_some(timing)
    });
    words.collect()
}

/// What is said in audio of such a provider.
pub fn spoken(audio: &[i16]) -> String {
    let characters = audio.chunks(CHARACTER).map(|character| {
        assert!(character.iter().all(|sample| *sample == character[0]), "a torn character");
        char::from_u32(character[0] as u32).unwrap()
    });
    characters.collect()
}
