//! The demo brain: a script that answers a few sentences, in place of a language model.

mod action;
mod answer;
mod arithmetic;
mod clock;
mod dialogue;
mod file;
mod intents;
mod matching;
mod numbers;
mod order;
mod speech;
mod time_zone;
mod timers;
mod words;

pub use answer::Answer;
pub use clock::{Clock, SystemClock};
pub use intents::{ExampleGroup, Examples, Intents, Utterance};

use clock::LocalTime;
use dialogue::{Dialogue, Surroundings};
use futures::stream::{self, BoxStream, StreamExt};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use timers::Timers;
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmPurpose, LlmRequest};
use voice_core::{Message, Result};

/// Settings of the demo brain.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DemoBrainConfig {
    /// Time between two words of an answer; zero gives them at once.
    #[serde(rename = "word_interval_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub word_interval: Duration,
    /// Where it looks for the time.
    #[serde(skip)]
    pub clock: Arc<dyn Clock>,
}

impl Default for DemoBrainConfig {
    fn default() -> Self {
        Self { word_interval: Duration::from_millis(15), clock: Arc::new(SystemClock) }
    }
}

/// Answers the sentences of an [`Intents`] file by rules, word by word like a language model would.
///
/// The conversation in the request is its state: what was ordered or asked is read from the user's words. Only the
/// moment at which a timer was set is kept, for the last 1,024 sessions that set one.
pub struct DemoBrain {
    intents: Intents,
    config: DemoBrainConfig,
    timers: Timers,
}

impl DemoBrain {
    /// A brain with the demo's own sentences.
    ///
    /// # Errors
    /// As [`Intents::builtin`].
    pub fn new(config: DemoBrainConfig) -> Result<Self> {
        Ok(Self::with_intents(Intents::builtin()?, config))
    }

    /// A brain with other sentences.
    pub fn with_intents(intents: Intents, config: DemoBrainConfig) -> Self {
        Self { intents, config, timers: Timers::default() }
    }

    /// What it answers.
    pub fn intents(&self) -> &Intents {
        &self.intents
    }

    /// The whole answer to a request.
    pub fn answer(&self, request: &LlmRequest, cx: &CallContext) -> String {
        let now = self.config.clock.now();
        if let Some(Message::User(newest)) = request.messages.last()
            && self.sets_timer(newest)
        {
            self.timers.begin(&cx.session, cx.turn, newest, now);
        }
        let around = Surroundings {
            time: LocalTime::now(&*self.config.clock),
            context: request.context.as_deref(),
            timer: &|words, seconds| self.timers.look(&cx.session, words, seconds, now),
        };
        Dialogue::answer(&self.intents, &request.messages, &around)
    }

    fn sets_timer(&self, text: &str) -> bool {
        self.intents.find(text).is_some_and(|(intent, _)| intent.action == action::Action::SetTimer)
    }
}

impl LlmProvider for DemoBrain {
    fn name(&self) -> &str {
        "local"
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        if request.purpose == LlmPurpose::Summary {
            // It knows sentences, not what they are about.
            return stream::empty().boxed();
        }
        let words: Vec<String> = self.answer(&request, &cx).split_inclusive(' ').map(str::to_owned).collect();
        let interval = self.config.word_interval;
        let paced = stream::iter(words.into_iter().enumerate()).then(move |(index, word)| async move {
            if index > 0 && !interval.is_zero() {
                tokio::time::sleep(interval).await;
            }
            Ok(LlmEvent::Text(word))
        });
        paced.take_until(cx.cancel.cancelled()).boxed()
    }
}
