//! Providers some of whose calls fail, at moments that the same seed repeats.

use super::random::Random;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::stage::{
    CallContext, LlmEvent, LlmProvider, LlmRequest, SttEvent, SttInput, SttProvider, TtsEvent, TtsInput, TtsProvider,
};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use std::sync::{Arc, Mutex, PoisonError};

/// What becomes of a call to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It comes to its end.
    Fine,
    /// An error of this kind after so many items.
    Fails(ErrorKind, usize),
    /// The stream ends after so many items.
    Ends(usize),
    /// Nothing follows so many items.
    Stalls(usize),
}

impl Fate {
    /// Fine in three of eight cases; half of the others at once, the rest within 30 items.
    pub fn random(random: &mut Random) -> Self {
        let items = (random.within(0..30) * random.within(0..2)) as usize;
        match random.within(0..8) {
            0 => Self::Fails(ErrorKind::Unavailable, items),
            1 => Self::Fails(ErrorKind::RateLimited { retry_after: None }, 0),
            2 => Self::Ends(items),
            3 => Self::Stalls(items),
            4 => Self::Fails(ErrorKind::Protocol, items),
            _ => Self::Fine,
        }
    }

    /// What is left of `items`, of a provider of this stage.
    pub fn befall<T: Send + 'static>(
        self,
        stage: Stage,
        items: BoxStream<'static, Result<T>>,
    ) -> BoxStream<'static, Result<T>> {
        let error = |kind| Err(Error::new(kind, stage, "as told"));
        match self {
            Self::Fine => items,
            Self::Fails(kind, after) => items.take(after).chain(stream::iter([error(kind)])).boxed(),
            Self::Ends(after) => items.take(after).boxed(),
            Self::Stalls(after) => items.take(after).chain(stream::pending()).boxed(),
        }
    }
}

/// A provider that fails in so many of a hundred calls, each as its fate has it.
#[derive(Debug, Clone)]
pub struct Faulty<P> {
    inner: P,
    percent: u64,
    random: Arc<Mutex<Random>>,
    panics_at: Option<Arc<str>>,
}

impl<P> Faulty<P> {
    /// This provider, of whose calls `percent` of a hundred meet a random fate.
    pub fn new(inner: P, percent: u64, seed: u64) -> Self {
        Self { inner, percent, random: Arc::new(Mutex::new(Random::new(seed))), panics_at: None }
    }

    /// The same, which panics when it is asked to answer these words: a language model does.
    #[must_use]
    pub fn panicking_at(mut self, words: &str) -> Self {
        self.panics_at = Some(words.into());
        self
    }

    fn fate(&self) -> Fate {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        if random.percent(self.percent) { Fate::random(&mut random) } else { Fate::Fine }
    }
}

impl<P: SttProvider> SttProvider for Faulty<P> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, cx: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        self.fate().befall(Stage::Stt, self.inner.transcribe(input, cx))
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        self.inner.warm_up()
    }
}

impl<P: LlmProvider> LlmProvider for Faulty<P> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    #[allow(clippy::panic)] // On purpose, where a test asked for it.
    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        let asked = request.messages.last().and_then(|message| message.text()).unwrap_or_default();
        if self.panics_at.as_deref().is_some_and(|words| asked.contains(words)) {
            panic!("the model was asked to panic");
        }
        self.fate().befall(Stage::Llm, self.inner.generate(request, cx))
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        self.inner.warm_up()
    }
}

impl<P: TtsProvider> TtsProvider for Faulty<P> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn sample_rate(&self) -> u32 {
        self.inner.sample_rate()
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, cx: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        self.fate().befall(Stage::Tts, self.inner.synthesize(text, cx))
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        self.inner.warm_up()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;
    use crate::testing::FakeLlm;
    use std::time::Duration;

    /// How many words came, and whether the end was an error; `None` where nothing more came.
    async fn call(model: &impl LlmProvider, words: &str) -> Option<(usize, bool)> {
        let request = LlmRequest { messages: vec![Message::User(words.into())], ..LlmRequest::default() };
        let items = model.generate(request, CallContext::detached()).collect::<Vec<_>>();
        let items = tokio::time::timeout(Duration::from_secs(60), items).await.ok()?;
        Some((items.iter().filter(|item| item.is_ok()).count(), items.iter().any(Result::is_err)))
    }

    fn model(percent: u64, seed: u64) -> Faulty<FakeLlm> {
        let fake = FakeLlm::new(Duration::ZERO, Duration::from_millis(10), "one two three four five");
        Faulty::new(fake, percent, seed)
    }

    #[tokio::test(start_paused = true)]
    async fn calls_fail_in_every_way_and_the_same_seed_repeats_them() {
        let mut seen = Vec::new();
        for seed in [1, 1, 2] {
            let model = model(100, seed);
            let mut calls = Vec::new();
            for _ in 0..60 {
                calls.push(call(&model, "hello").await);
            }
            for fate in [None, Some((5, false)), Some((0, false)), Some((0, true)), Some((5, true))] {
                assert!(calls.contains(&fate), "{fate:?}: {calls:?}");
            }
            seen.push(calls);
        }
        assert_eq!(seen[0], seen[1]);
        assert_ne!(seen[0], seen[2]);
        assert_eq!(call(&model(0, 1), "hello").await, Some((5, false)));
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "asked to panic")]
    async fn a_model_panics_where_it_was_told_to() {
        let model = model(0, 1).panicking_at("panic, please");
        assert_eq!(call(&model, "hello").await, Some((5, false)));
        call(&model, "now panic, please").await;
    }
}
