//! A conversation told fact by fact at given times, without a clock.

use super::timeline::{Moment, Timeline};
use crate::conversation::{Conversation, ConversationConfig, Input};
use crate::time::SessionTime;
use crate::tool::ToolSpec;
use std::sync::Arc;

/// Timed facts for a [`Conversation`]. Deadlines that pass between two facts are told at their own time, as a driver
/// would, so a script says what the world does and nothing else.
///
/// ```
/// use voice_core::conversation::{ConversationConfig, Input};
/// use voice_core::testing::Script;
///
/// let timeline = Script::new(ConversationConfig::default())
///     .at(0, Input::Start { output_rate: 16_000 })
///     .at(100, Input::UserText("Good morning.".into()))
///     .run_until(20_000);
/// assert!(timeline.to_string().contains("StartReply"));
/// ```
#[derive(Debug, Clone)]
pub struct Script {
    conversation: Conversation,
    now: SessionTime,
    timeline: Timeline,
}

/// Deadlines told in a row without a fact between them: more means that a conversation does not come to rest.
const TIMEOUTS_IN_A_ROW: usize = 1_000;

impl Script {
    /// A conversation that has not begun, at 0 ms.
    pub fn new(config: ConversationConfig) -> Self {
        Self { conversation: Conversation::new(config), now: SessionTime::ZERO, timeline: Timeline::default() }
    }

    /// The same conversation with tools for the model.
    #[must_use]
    pub fn with_tools(mut self, tools: Arc<[ToolSpec]>) -> Self {
        self.conversation = self.conversation.with_tools(tools);
        self
    }

    /// Tells a fact `at_ms` ms after the session began; an earlier time than that of the fact before counts as the
    /// same time.
    #[must_use]
    pub fn at(mut self, at_ms: u64, input: Input) -> Self {
        self.pass(SessionTime::from_millis(at_ms));
        self.tell(input);
        self
    }

    /// Lets time pass up to `until_ms` ms after the session began and gives all that happened.
    #[must_use]
    pub fn run_until(mut self, until_ms: u64) -> Timeline {
        self.pass(SessionTime::from_millis(until_ms));
        self.timeline
    }

    /// The conversation as it stands, for questions that its commands do not answer.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    fn pass(&mut self, until: SessionTime) {
        for _ in 0..TIMEOUTS_IN_A_ROW {
            let Some(deadline) = self.conversation.next_timeout().filter(|deadline| *deadline <= until) else { break };
            self.now = self.now.max(deadline);
            self.tell(Input::Timeout);
        }
        self.now = self.now.max(until);
    }

    fn tell(&mut self, input: Input) {
        self.conversation.handle(self.now, input.clone());
        let commands = std::iter::from_fn(|| self.conversation.poll()).collect();
        self.timeline.push(Moment { at: self.now, input, commands });
    }
}
