//! The stages of a script, served in Rust.

use super::says::{Given, LlmSays, ToolSays, TtsSays};
use super::script::Timed;
use super::timing::{notices, paced};
use crate::error::{Error, Result, Stage};
use crate::foreign::item::LlmAsked;
use crate::id::SentenceId;
use crate::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest, Tool, TtsEvent, TtsInput, TtsProvider, WordTiming};
use crate::tool::{ToolCall, ToolOutput, ToolSpec};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::time::sleep;

const MS: Duration = Duration::from_millis(1);

/// A language model served in Rust, without taking any time.
struct RustLlm(Arc<LlmSays>);

impl LlmProvider for RustLlm {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        let Given { items, end } = self.0.given(&json!(LlmAsked::from(&request)));
        let events = items.into_iter().map(|(item, _)| Ok(llm_event(&item)));
        let end = end.err().map(|failure| Err(Error::new(failure.kind, Stage::Llm, failure.message)));
        stream::iter(events.chain(end).collect::<Vec<_>>()).take_until(cx.cancel.cancelled()).boxed()
    }
}

fn llm_event(item: &Value) -> LlmEvent {
    let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    match item {
        Value::String(text) => LlmEvent::Text(text.clone()),
        item => {
            let arguments = item["arguments"].as_str().map_or_else(|| item["arguments"].to_string(), str::to_owned);
            LlmEvent::ToolCall(ToolCall { id: text("id"), name: text("name"), arguments })
        }
    }
}

/// A language model of a script, at its pace.
pub(super) struct ScriptedLlm {
    inner: Arc<dyn LlmProvider>,
    timed: Arc<Timed<LlmSays>>,
}

impl ScriptedLlm {
    /// That of `inner`, or one in Rust.
    pub(super) fn new(timed: Timed<LlmSays>, inner: Option<Arc<dyn LlmProvider>>) -> Self {
        let inner = inner.unwrap_or_else(|| Arc::new(RustLlm(Arc::new(timed.says.clone()))));
        Self { inner, timed: Arc::new(timed) }
    }
}

impl LlmProvider for ScriptedLlm {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        let asked = json!(LlmAsked::from(&request));
        let timed = self.timed.clone();
        let stands_still = timed.says.answer(&asked).is_some_and(|answer| answer.stands_still);
        let notices = notices(timed.instead_of.as_ref(), Stage::Llm, self.name()).into_iter();
        let mut first = true;
        let pace = move |item: Option<&Result<LlmEvent>>| match item {
            None if stands_still => None,
            _ if std::mem::take(&mut first) => Some(MS * timed.first_ms as u32),
            None => Some(MS),
            Some(_) => Some(MS * timed.piece_ms as u32),
        };
        let items = paced(self.inner.generate(request, cx.clone()), pace).take_until(cx.cancel.cancelled());
        stream::iter(notices.map(|notice| Ok(LlmEvent::Notice(notice)))).chain(items).boxed()
    }
}

/// A synthesiser served in Rust, without taking any time.
struct RustTts(Arc<TtsSays>);

impl TtsProvider for RustTts {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn sample_rate(&self) -> u32 {
        self.0.sample_rate
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, cx: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        let (says, turn) = (self.0.clone(), cx.turn.0);
        text.flat_map(move |input| {
            let item = match input {
                TtsInput::Text { sentence, text } => json!({"type": "text", "sentence": sentence, "text": text}),
                TtsInput::Flush => json!({"type": "flush"}),
            };
            let Given { items, end } = says.given(turn, &item);
            let events = items.into_iter().map(|(item, pcm)| Ok(tts_event(&item, pcm)));
            let end = end.err().map(|failure| Err(Error::new(failure.kind, Stage::Tts, failure.message)));
            stream::iter(events.chain(end).collect::<Vec<_>>())
        })
        .take_until(cx.cancel.cancelled())
        .boxed()
    }
}

fn tts_event(item: &Value, pcm: Option<Vec<u8>>) -> TtsEvent {
    let sentence = SentenceId(item["sentence"].as_u64().unwrap_or_default() as u32);
    match (pcm, item["words"].as_array()) {
        (Some(pcm), _) => TtsEvent::Audio { sentence, pcm: pcm.into() },
        (None, Some(words)) => {
            let ms = |word: &Value, name: &str| word[name].as_f64().unwrap_or_default() as f32;
            let words = words.iter().map(|word| WordTiming {
                word: word["word"].as_str().unwrap_or_default().to_owned(),
                start_ms: ms(word, "start_ms"),
                end_ms: ms(word, "end_ms"),
            });
            TtsEvent::Words { sentence, words: words.collect() }
        }
        (None, None) => TtsEvent::SentenceEnd { sentence },
    }
}

/// The synthesiser of a script, at its pace.
pub(super) struct ScriptedTts {
    inner: Arc<dyn TtsProvider>,
    timed: Arc<Timed<TtsSays>>,
}

impl ScriptedTts {
    /// That of `inner`, or one in Rust.
    pub(super) fn new(timed: Timed<TtsSays>, inner: Option<Arc<dyn TtsProvider>>) -> Self {
        let inner = inner.unwrap_or_else(|| Arc::new(RustTts(Arc::new(timed.says.clone()))));
        Self { inner, timed: Arc::new(timed) }
    }
}

impl TtsProvider for ScriptedTts {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn sample_rate(&self) -> u32 {
        self.inner.sample_rate()
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, cx: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        let timed = self.timed.clone();
        let notices = notices(timed.instead_of.as_ref(), Stage::Tts, self.name()).into_iter();
        let (gate, text) = one_by_one(text);
        let mut spoken = None;
        let pace = move |item: Option<&Result<TtsEvent>>| {
            let sentence = match item {
                Some(Ok(
                    TtsEvent::Audio { sentence, .. }
                    | TtsEvent::Words { sentence, .. }
                    | TtsEvent::SentenceEnd { sentence },
                )) => Some(sentence.0),
                Some(Ok(TtsEvent::Notice(_)) | Err(_)) | None => None,
            };
            match sentence {
                Some(sentence) if timed.says.stands_still_at == Some(sentence) => None,
                Some(sentence) if spoken.replace(sentence) != Some(sentence) => Some(MS * timed.first_ms as u32),
                Some(_) => Some(MS * timed.piece_ms as u32),
                None => Some(MS),
            }
        };
        let items = paced(self.inner.synthesize(text, cx.clone()), pace).take_until(cx.cancel.cancelled());
        let items = items.inspect(move |item| {
            if matches!(item, Ok(TtsEvent::SentenceEnd { .. })) {
                gate.store(true, Ordering::Relaxed);
            }
        });
        stream::iter(notices.map(|notice| Ok(TtsEvent::Notice(notice)))).chain(items).boxed()
    }
}

/// Text of which the next sentence comes when the gate is opened, which it is at first: how many sentences wait is not to depend
/// on how many the stage takes ahead.
fn one_by_one(mut text: BoxStream<'static, TtsInput>) -> (Arc<AtomicBool>, BoxStream<'static, TtsInput>) {
    let gate = Arc::new(AtomicBool::new(true));
    let open = gate.clone();
    let text = stream::poll_fn(move |context| {
        if !open.load(Ordering::Relaxed) {
            // Whoever opens it looks here again.
            return Poll::Pending;
        }
        let next = text.poll_next_unpin(context);
        if matches!(next, Poll::Ready(Some(TtsInput::Text { .. }))) {
            open.store(false, Ordering::Relaxed);
        }
        next
    });
    (gate, text.boxed())
}

/// A tool of a script, at its pace.
pub(super) struct ScriptedTool {
    spec: ToolSpec,
    inner: Option<Arc<dyn Tool>>,
    timed: Arc<Timed<ToolSays>>,
    called: Arc<AtomicU64>,
}

/// Calls after which the ms that tell calls apart begin anew; more are never done at once.
const APART: u64 = 16;

impl ScriptedTool {
    /// The tool of `spec`: that of `inner`, or one in Rust. `called` counts the calls of all tools of the script: each takes a
    /// ms more than the one before, since of two that end in the same ms either may come first.
    pub(super) fn new(
        spec: ToolSpec,
        timed: Timed<ToolSays>,
        inner: Option<Arc<dyn Tool>>,
        called: Arc<AtomicU64>,
    ) -> Self {
        Self { spec, inner, timed: Arc::new(timed), called }
    }
}

impl Tool for ScriptedTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(&self, arguments: Value, cx: CallContext) -> BoxFuture<'static, Result<ToolOutput>> {
        let timed = self.timed.clone();
        let apart = self.called.fetch_add(1, Ordering::Relaxed) % APART;
        let work = match &self.inner {
            Some(tool) => tool.call(arguments, cx),
            None => {
                let Given { items, end } = timed.says.given(&arguments);
                let text = items.first().and_then(|(item, _)| item.as_str()).unwrap_or_default();
                let result = end.map(|()| text.into());
                let result = result.map_err(|failure| Error::new(failure.kind, Stage::Tool, failure.message));
                std::future::ready(result).boxed()
            }
        };
        async move {
            let result = work.await;
            if timed.says.stands_still {
                return std::future::pending().await;
            }
            sleep(MS * (timed.first_ms.max(1) + apart) as u32).await;
            result
        }
        .boxed()
    }
}
