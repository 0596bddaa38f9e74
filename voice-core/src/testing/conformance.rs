//! The suite every provider must pass: whatever it is doing, a call that is cancelled ends, a call that is dropped is
//! gone, and neither leaves anything behind.
//!
//! A provider is called once undisturbed, then again and again, and each time cancelled or dropped one item later than
//! the time before:
//!
//! - undisturbed, the stream ends without an error, and what it gave keeps the contract of its trait;
//! - cancelled, the stream ends without an error and gives nothing more, also while its input is silent for ever;
//! - dropped, it lets go of its input;
//! - after each of these no task is left in the [`TaskScope`](crate::TaskScope) of its call and, where calls are
//!   counted, no call is alive.
//!
//! A provider that works on threads of its own, or over a network, needs the real clock: a paused one jumps to the end of
//! the patience as soon as no task is ready, and the provider seems to give nothing.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! use std::time::Duration;
//! use voice_core::{Message, stage::LlmRequest};
//! use voice_core::testing::{FakeLlm, conformance::Suite};
//!
//! let model = FakeLlm::new(Duration::from_millis(10), Duration::from_millis(5), "You said {}.");
//! let request = LlmRequest { messages: vec![Message::user("hello")], ..LlmRequest::default() };
//! let items = Suite::new().counting(model.calls()).llm(&model, request).await.expect("it conforms");
//! assert_eq!(items, 3);
//! # }
//! ```

use super::LiveCalls;
use crate::error::Result as StageResult;
use crate::stage::{
    CallContext, FinalizeId, LlmEvent, LlmProvider, LlmRequest, SttEvent, SttInput, SttProvider, TtsEvent, TtsInput,
    TtsProvider,
};
use futures::future::{Either, select};
use futures::stream::{self, BoxStream, StreamExt};
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// What a provider did that it must not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{case}: {breach}")]
pub struct Breach {
    case: Case,
    breach: String,
}

/// What was done to the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Undisturbed,
    CancelledAfter(usize),
    CancelledWaitingAfter(usize),
    DroppedAfter(usize),
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undisturbed => f.write_str("undisturbed"),
            Self::CancelledAfter(items) => write!(f, "cancelled after {items} items"),
            Self::CancelledWaitingAfter(items) => write!(f, "cancelled while waiting for more than {items} items"),
            Self::DroppedAfter(items) => write!(f, "dropped after {items} items"),
        }
    }
}

impl Case {
    fn breach(self, breach: impl Into<String>) -> Breach {
        Breach { case: self, breach: breach.into() }
    }
}

/// The suite and its settings.
#[derive(Debug, Clone)]
pub struct Suite {
    patience: Duration,
    calls: Option<LiveCalls>,
}

impl Default for Suite {
    fn default() -> Self {
        Self::new()
    }
}

/// Items after which a call is disturbed: at each of the first so many, and at the last.
const DISTURBED_AT_MOST: usize = 24;
/// How often it is looked whether anything is left.
const LOOKS: u32 = 200;

impl Suite {
    /// A suite that waits at most 10 s for an item, an end, or a task to go away.
    pub fn new() -> Self {
        Self { patience: Duration::from_secs(10), calls: None }
    }

    /// Waits so long instead.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Also checks that no call is alive after it ended.
    #[must_use]
    pub fn counting(mut self, calls: LiveCalls) -> Self {
        self.calls = Some(calls);
        self
    }

    /// Tries a recogniser with this input; it must hold at least one [`SttInput::Finalize`]. Gives the number of items
    /// of the undisturbed call.
    ///
    /// # Errors
    /// The first breach.
    pub async fn stt(&self, provider: &dyn SttProvider, input: Vec<SttInput>) -> Result<usize, Breach> {
        let begin = |items, cx| provider.transcribe(items, cx);
        let events = self.undisturbed(&input, &begin).await?;
        let asked = input.iter().filter_map(|item| match item {
            SttInput::Finalize(id) => Some(*id),
            SttInput::Audio { .. } => None,
        });
        finals_answer(&events, &asked.collect::<Vec<_>>()).map_err(|breach| Case::Undisturbed.breach(breach))?;
        self.disturb(&input, events.len(), &begin).await
    }

    /// Tries a language model with this request. Gives the number of items of the undisturbed call.
    ///
    /// # Errors
    /// The first breach.
    pub async fn llm(&self, provider: &dyn LlmProvider, request: LlmRequest) -> Result<usize, Breach> {
        // A model has no stream to read; what was asked stands in for it.
        let begin = |_: BoxStream<'static, ()>, cx| provider.generate(request.clone(), cx);
        let events: Vec<LlmEvent> = self.undisturbed(&[], &begin).await?;
        self.disturb(&[], events.len(), &begin).await
    }

    /// Tries a synthesiser with this input; it should end with [`TtsInput::Flush`]. Gives the number of items of the
    /// undisturbed call.
    ///
    /// # Errors
    /// The first breach.
    pub async fn tts(&self, provider: &dyn TtsProvider, input: Vec<TtsInput>) -> Result<usize, Breach> {
        let begin = |items, cx| provider.synthesize(items, cx);
        let events = self.undisturbed(&input, &begin).await?;
        sentences_in_order(&events, &input).map_err(|breach| Case::Undisturbed.breach(breach))?;
        self.disturb(&input, events.len(), &begin).await
    }

    async fn undisturbed<I, T>(
        &self,
        input: &[I],
        begin: &impl Fn(BoxStream<'static, I>, CallContext) -> BoxStream<'static, StageResult<T>>,
    ) -> Result<Vec<T>, Breach>
    where
        I: Clone + Send + 'static,
    {
        let case = Case::Undisturbed;
        let cx = CallContext::detached();
        let mut output = begin(stream::iter(input.to_vec()).boxed(), cx.clone());
        let mut events = Vec::new();
        loop {
            match timeout(self.patience, output.next()).await {
                Err(_) => return Err(case.breach("neither an item nor the end came in time")),
                Ok(None) => break,
                Ok(Some(Err(error))) => return Err(case.breach(format!("failed: {error}"))),
                Ok(Some(Ok(event))) => events.push(event),
            }
        }
        drop(output);
        self.nothing_left(case, &cx, None).await?;
        Ok(events)
    }

    async fn disturb<I, T>(
        &self,
        input: &[I],
        items: usize,
        begin: &impl Fn(BoxStream<'static, I>, CallContext) -> BoxStream<'static, StageResult<T>>,
    ) -> Result<usize, Breach>
    where
        I: Clone + Send + 'static,
    {
        for after in (0..=items).filter(|after| *after < DISTURBED_AT_MOST || *after == items) {
            for case in [Case::CancelledAfter(after), Case::CancelledWaitingAfter(after), Case::DroppedAfter(after)] {
                self.disturb_once(case, after, input, begin).await?;
            }
        }
        Ok(items)
    }

    async fn disturb_once<I, T>(
        &self,
        case: Case,
        after: usize,
        input: &[I],
        begin: &impl Fn(BoxStream<'static, I>, CallContext) -> BoxStream<'static, StageResult<T>>,
    ) -> Result<(), Breach>
    where
        I: Clone + Send + 'static,
    {
        let cx = CallContext::detached();
        let held = Arc::new(());
        let holds = held.clone();
        // More input never comes and the end of it neither: only the disturbance can end the call.
        let endless = stream::iter(input.to_vec()).chain(stream::pending()).inspect(move |_| {
            let _ = &holds;
        });
        let mut output = begin(endless.boxed(), cx.clone());
        for _ in 0..after {
            match timeout(self.patience, output.next()).await {
                // How many partial results there are may depend on time.
                Err(_) | Ok(None) => break,
                Ok(Some(Err(error))) => return Err(case.breach(format!("failed: {error}"))),
                Ok(Some(Ok(_))) => {}
            }
        }
        match case {
            Case::DroppedAfter(_) => {}
            Case::CancelledWaitingAfter(_) => self.ends_when_cancelled_waiting(case, &mut output, &cx).await?,
            Case::CancelledAfter(_) | Case::Undisturbed => {
                cx.cancel.cancel();
                self.has_ended(case, &mut output).await?;
            }
        }
        drop(output);
        self.nothing_left(case, &cx, Some(&held)).await
    }

    /// Whoever waits for an item when the call is cancelled is woken.
    async fn ends_when_cancelled_waiting<T>(
        &self,
        case: Case,
        output: &mut BoxStream<'static, StageResult<T>>,
        cx: &CallContext,
    ) -> Result<(), Breach> {
        let cancelling = pin!(async {
            // The item is waited for first: this future is polled second and gives way once.
            tokio::task::yield_now().await;
            cx.cancel.cancel();
        });
        match select(output.next(), cancelling).await {
            Either::Left((Some(Err(error)), _)) => return Err(case.breach(format!("failed: {error}"))),
            Either::Left(_) => cx.cancel.cancel(),
            Either::Right(((), next)) => match timeout(self.patience, next).await {
                Err(_) => return Err(case.breach("did not end")),
                Ok(Some(Ok(_))) => return Err(case.breach("gave an item after it was cancelled")),
                Ok(Some(Err(error))) => return Err(case.breach(format!("gave an error: {error}"))),
                Ok(None) => return Ok(()),
            },
        }
        self.has_ended(case, output).await
    }

    async fn has_ended<T>(&self, case: Case, output: &mut BoxStream<'static, StageResult<T>>) -> Result<(), Breach> {
        match timeout(self.patience, output.next()).await {
            Err(_) => Err(case.breach("did not end")),
            Ok(None) => Ok(()),
            Ok(Some(Ok(_))) => Err(case.breach("gave an item after it was cancelled")),
            Ok(Some(Err(error))) => Err(case.breach(format!("gave an error: {error}"))),
        }
    }

    async fn nothing_left(&self, case: Case, cx: &CallContext, input: Option<&Arc<()>>) -> Result<(), Breach> {
        for look in 0..=LOOKS {
            let tasks = cx.tasks.len();
            let alive = self.calls.as_ref().map_or(0, LiveCalls::alive);
            let input_held = input.is_some_and(|input| Arc::strong_count(input) > 1);
            if tasks == 0 && alive == 0 && !input_held {
                return Ok(());
            }
            if look == LOOKS {
                let input = if input_held { ", its input" } else { "" };
                return Err(case.breach(format!("left behind: {tasks} tasks, {alive} calls{input}")));
            }
            sleep(self.patience / LOOKS).await;
        }
        Ok(())
    }
}

/// Exactly one final transcript for each request, in order.
fn finals_answer(events: &[SttEvent], asked: &[FinalizeId]) -> Result<(), String> {
    let answered: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            SttEvent::Final { id, .. } => Some(*id),
            _ => None,
        })
        .collect();
    if answered == asked { Ok(()) } else { Err(format!("was asked for the finals {asked:?} and gave {answered:?}")) }
}

/// Audio in whole samples, sentence after sentence, and an end for each.
fn sentences_in_order(events: &[TtsEvent], input: &[TtsInput]) -> Result<(), String> {
    let mut open = input.iter().filter_map(|item| match item {
        TtsInput::Text { sentence, .. } => Some(*sentence),
        TtsInput::Flush => None,
    });
    let mut current = open.next();
    for event in events {
        match event {
            TtsEvent::Audio { pcm, .. } if pcm.len() % 2 != 0 => return Err("gave half a sample".into()),
            TtsEvent::Audio { sentence, .. } | TtsEvent::Words { sentence, .. } if Some(*sentence) != current => {
                return Err(format!("spoke sentence {sentence} where {current:?} was due"));
            }
            TtsEvent::SentenceEnd { sentence } if Some(*sentence) != current => {
                return Err(format!("ended sentence {sentence} where {current:?} was due"));
            }
            TtsEvent::SentenceEnd { .. } => current = open.next(),
            TtsEvent::Audio { .. } | TtsEvent::Words { .. } | TtsEvent::Notice(_) => {}
        }
    }
    current.map_or(Ok(()), |sentence| Err(format!("never ended sentence {sentence}")))
}
