//! Providers that do what they are told, after the time they are told. They keep time by Tokio's clock, so a paused
//! clock makes them exact.

use crate::error::Result;
use crate::message::Message;
use crate::stage::{
    CallContext, LlmEvent, LlmProvider, LlmPurpose, LlmRequest, SttEvent, SttInput, SttProvider, Tool, TtsEvent,
    TtsInput, TtsProvider, WordTiming,
};
use crate::text::words;
use crate::tool::{SideEffect, ToolCall, ToolOutput, ToolSpec};
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{BoxStream, StreamExt};
use serde_json::{Value, json};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// Counts calls: how many were begun, how many are alive.
#[derive(Debug, Clone, Default)]
pub struct LiveCalls {
    begun: Arc<AtomicUsize>,
    alive: Arc<AtomicUsize>,
}

impl LiveCalls {
    /// Calls begun so far.
    pub fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    /// Calls whose stream has neither ended nor been dropped.
    pub fn alive(&self) -> usize {
        self.alive.load(Ordering::SeqCst)
    }

    fn begin(&self) -> LiveCall {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.alive.fetch_add(1, Ordering::SeqCst);
        LiveCall(self.alive.clone())
    }
}

struct LiveCall(Arc<AtomicUsize>);

impl Drop for LiveCall {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A recogniser that hears what it was told: the words of the n-th turn with audio are the n-th text, round and round.
#[derive(Debug, Clone, Default)]
pub struct FakeStt {
    latency: Duration,
    texts: Arc<[String]>,
    calls: LiveCalls,
}

impl FakeStt {
    /// A recogniser that answers `latency` after it is asked for a final transcript. Without texts it hears nothing.
    pub fn new<T: Into<String>>(latency: Duration, texts: impl IntoIterator<Item = T>) -> Self {
        Self { latency, texts: texts.into_iter().map(Into::into).collect(), calls: LiveCalls::default() }
    }

    /// The calls to it.
    pub fn calls(&self) -> LiveCalls {
        self.calls.clone()
    }
}

impl SttProvider for FakeStt {
    fn name(&self) -> &str {
        "fake"
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, cx: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        let (latency, texts, call) = (self.latency, self.texts.clone(), self.calls.begin());
        let mut heard = (None, 0usize);
        input
            .filter_map(move |input| {
                let event = match input {
                    SttInput::Audio { turn, .. } if heard.0 == Some(turn) => None,
                    SttInput::Audio { turn, .. } => {
                        heard = (Some(turn), heard.1 + 1);
                        None
                    }
                    SttInput::Finalize(id) => {
                        let index = heard.1.saturating_sub(1);
                        let text = texts.get(index % texts.len().max(1)).cloned().unwrap_or_default();
                        Some(Ok(SttEvent::Final { id, text, unclear: false }))
                    }
                };
                // The call counts as alive while this closure does.
                let _alive = &call;
                async move {
                    if event.is_some() {
                        pause(latency).await;
                    }
                    event
                }
            })
            .take_until(cx.cancel.cancelled())
            .boxed()
    }
}

/// A language model that gives one text, word by word.
#[derive(Debug, Clone)]
pub struct FakeLlm {
    first_token: Duration,
    per_token: Duration,
    text: Arc<str>,
    /// What it says and calls before, round by round.
    rounds: Vec<(String, Vec<ToolCall>)>,
    /// What it says when it is asked to sum up.
    summary: Arc<str>,
    calls: LiveCalls,
}

impl FakeLlm {
    /// A model that begins after `first_token` and gives a word every `per_token`. `{}` in the text stands for the
    /// user's last words.
    pub fn new(first_token: Duration, per_token: Duration, text: &str) -> Self {
        Self {
            first_token,
            per_token,
            text: text.into(),
            rounds: Vec::new(),
            summary: "".into(),
            calls: LiveCalls::default(),
        }
    }

    /// The same model, which first says `said` and calls tools. Called again, it has one more round before its text.
    /// Only a request that offers tools gets calls.
    #[must_use]
    pub fn calling(mut self, said: &str, calls: impl IntoIterator<Item = ToolCall>) -> Self {
        self.rounds.push((said.to_owned(), calls.into_iter().collect()));
        self
    }

    /// The same model, which can sum up: always in these words. Otherwise it has none for that.
    #[must_use]
    pub fn summing_up(mut self, summary: &str) -> Self {
        self.summary = summary.into();
        self
    }

    /// The calls to it.
    pub fn calls(&self) -> LiveCalls {
        self.calls.clone()
    }
}

impl LlmProvider for FakeLlm {
    fn name(&self) -> &str {
        "fake"
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        let question = request.messages.iter().rposition(|message| matches!(message, Message::User(_)));
        let said = question.and_then(|at| request.messages[at].text()).unwrap_or_default();
        let after = &request.messages[question.map_or(0, |at| at + 1)..];
        let rounds = after.iter().filter(|message| matches!(message, Message::Tools(_))).count();
        let (text, tool_calls) = match self.rounds.get(rounds).filter(|_| !request.tools.is_empty()) {
            _ if request.purpose == LlmPurpose::Summary => (&*self.summary, Vec::new()),
            Some((text, calls)) => (text.as_str(), calls.clone()),
            None => (&*self.text, Vec::new()),
        };
        let text = text.replace("{}", said);
        let words = text.split_inclusive(' ').map(|word| LlmEvent::Text(word.to_owned()));
        let events: Vec<LlmEvent> = words.chain(tool_calls.into_iter().map(LlmEvent::ToolCall)).collect();
        let (first, each, call) = (self.first_token, self.per_token, self.calls.begin());
        // The call counts as alive while the stream does.
        let begin = (events.into_iter(), None, call);
        futures::stream::unfold(begin, move |(mut events, timer, call)| async move {
            let event = events.next()?;
            let timer = due(timer, first, each).await;
            Some((Ok(event), (events, Some(timer), call)))
        })
        .take_until(cx.cancel.cancelled())
        .boxed()
    }
}

/// Waits until the next of several items is due: the first after `first`, each other so long after the one before was due,
/// however late that was taken. What nobody waits for stands ready, as the words of a real service would.
async fn due(timer: Option<Pin<Box<Sleep>>>, first: Duration, each: Duration) -> Pin<Box<Sleep>> {
    let (mut timer, wait) = match timer {
        None => (Box::pin(sleep(first)), first),
        Some(mut timer) => {
            let next = timer.deadline() + each;
            timer.as_mut().reset(next);
            (timer, each)
        }
    };
    if !wait.is_zero() {
        timer.as_mut().await;
    }
    timer
}

/// A tool that gives one text, after a while.
#[derive(Debug, Clone)]
pub struct FakeTool {
    spec: ToolSpec,
    latency: Duration,
    text: Arc<str>,
    calls: LiveCalls,
}

impl FakeTool {
    /// A tool without effect that takes any arguments and may take a minute. `{}` in the text stands for the arguments.
    pub fn new(name: &str, latency: Duration, text: &str) -> Self {
        let spec = ToolSpec {
            name: name.to_owned(),
            description: "Made up.".to_owned(),
            parameters: json!({"type": "object"}),
            effect: SideEffect::None,
            deadline: Duration::from_secs(60),
        };
        Self { spec, latency, text: text.into(), calls: LiveCalls::default() }
    }

    /// The same tool, which changes the world.
    #[must_use]
    pub fn irreversible(mut self) -> Self {
        self.spec.effect = SideEffect::Irreversible;
        self
    }

    /// The same tool with another deadline.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.spec.deadline = deadline;
        self
    }

    /// The calls to it.
    pub fn calls(&self) -> LiveCalls {
        self.calls.clone()
    }
}

impl Tool for FakeTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(&self, arguments: Value, _: CallContext) -> BoxFuture<'static, Result<ToolOutput>> {
        let (latency, text, call) = (self.latency, self.text.replace("{}", &arguments.to_string()), self.calls.begin());
        async move {
            let _alive = call;
            pause(latency).await;
            Ok(text.into())
        }
        .boxed()
    }
}

/// A synthesiser whose every sample holds the number of its turn, so that a test can tell whose audio it got.
#[derive(Debug, Clone)]
pub struct FakeTts {
    first_byte: Duration,
    rate: u32,
    per_character: Duration,
    timed: bool,
    calls: LiveCalls,
}

impl FakeTts {
    /// A synthesiser at `rate` Hz that begins each sentence after `first_byte` and speaks each character for
    /// `per_character`.
    pub fn new(first_byte: Duration, rate: u32, per_character: Duration) -> Self {
        Self { first_byte, rate, per_character, timed: false, calls: LiveCalls::default() }
    }

    /// The same synthesiser, which tells when its words sound.
    #[must_use]
    pub fn timed(mut self) -> Self {
        self.timed = true;
        self
    }

    /// The calls to it.
    pub fn calls(&self) -> LiveCalls {
        self.calls.clone()
    }

    fn samples(&self, text: &str) -> usize {
        let time = self.per_character * u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        (time.as_nanos() * u128::from(self.rate) / 1_000_000_000) as usize
    }

    /// A word sounds while its characters do.
    fn words(&self, text: &str) -> Vec<WordTiming> {
        let ms = |at: usize| text[..at].chars().count() as f32 * self.per_character.as_secs_f32() * 1_000.0;
        let timing = |word: std::ops::Range<usize>| WordTiming {
            start_ms: ms(word.start),
            end_ms: ms(word.end),
            word: text[word].to_owned(),
        };
        words(text).into_iter().map(timing).collect()
    }
}

impl TtsProvider for FakeTts {
    fn name(&self) -> &str {
        "fake"
    }

    fn sample_rate(&self) -> u32 {
        self.rate
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, cx: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        let (this, call, mark) = (self.clone(), self.calls.begin(), cx.turn.0 as i16);
        text.flat_map(move |input| {
            let _alive = &call;
            let events = match input {
                TtsInput::Text { sentence, text } => {
                    let samples = this.samples(&text);
                    let pcm = Bytes::from(mark.to_le_bytes().repeat(samples));
                    // Pieces of about 200 ms, as a provider would send them.
                    let piece = (this.rate as usize / 5).max(1) * 2;
                    let audio = (0..pcm.len())
                        .step_by(piece)
                        .map(|at| TtsEvent::Audio { sentence, pcm: pcm.slice(at..pcm.len().min(at + piece)) });
                    let words = this.timed.then(|| TtsEvent::Words { sentence, words: this.words(&text) });
                    words.into_iter().chain(audio).chain([TtsEvent::SentenceEnd { sentence }]).collect()
                }
                TtsInput::Flush => Vec::new(),
            };
            let first_byte = this.first_byte;
            futures::stream::iter(events.into_iter().enumerate()).then(move |(index, event)| async move {
                if index == 0 {
                    pause(first_byte).await;
                }
                Ok(event)
            })
        })
        .take_until(cx.cancel.cancelled())
        .boxed()
    }
}

/// A sleep of nothing is no sleep: it would cost a tick of the timer.
async fn pause(duration: Duration) {
    if !duration.is_zero() {
        sleep(duration).await;
    }
}
