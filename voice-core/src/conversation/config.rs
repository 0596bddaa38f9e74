//! The policy of a conversation: how long silence counts, what interrupts, what is said when things go wrong.

use super::endpointing::Endpointing;
use super::interruption::Interruption;
use super::memory::Memory;
use super::speculation::Speculation;
use serde::{Deserialize, Serialize};

/// How a conversation behaves. All times are in ms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ConversationConfig {
    /// When a pause ends the turn.
    pub endpointing: Endpointing,
    /// When an answer is prepared before the turn has ended.
    pub speculation: Speculation,
    /// What stops the agent while it speaks.
    pub interruption: Interruption,
    /// How tools are used.
    pub tools: ToolUse,
    /// How long a final transcript may take after the end of a turn before the partial one is taken for it.
    pub transcript_timeout_ms: u64,
    /// How long the language model may give no sign of life.
    pub llm_timeout_ms: u64,
    /// How long the synthesiser may give no audio while it owes some.
    pub tts_timeout_ms: u64,
    /// How long to wait, after an interruption, for the listener's last report of what was played.
    pub heard_report_ms: u64,
    /// How long a session lives on after its client went away.
    pub detached_ms: u64,
    /// A line is there that can be played when the synthesiser fails; set by the driver.
    pub standby_line: bool,
    /// Replies are shown and never spoken: there is no synthesiser.
    pub text_only: bool,
    /// Spoken at the start, as turn 0.
    pub greeting: Option<String>,
    /// Spoken when something was said that the recogniser could not make out; `None` stays silent.
    pub unclear_reply: Option<String>,
    /// Spoken when the recogniser failed and left no words; `None` stays silent.
    pub unheard_reply: Option<String>,
    /// Spoken when the language model failed after it had begun to speak; `None` stays silent.
    pub broken_off: Option<String>,
    /// Spoken when the language model failed before it said anything, or ended without a word; `None` stays
    /// silent.
    pub apology: Option<String>,
    /// How much of the conversation the language model is told again.
    pub memory: Memory,
    /// Speeches of [`Input::Say`](super::Input::Say) that may wait; more are refused with an error event.
    pub say_queue: usize,
}

impl Default for ConversationConfig {
    fn default() -> Self {
        Self {
            endpointing: Endpointing::default(),
            speculation: Speculation::default(),
            interruption: Interruption::default(),
            tools: ToolUse::default(),
            transcript_timeout_ms: 5_000,
            llm_timeout_ms: 15_000,
            tts_timeout_ms: 8_000,
            heard_report_ms: 300,
            detached_ms: 60_000,
            standby_line: false,
            text_only: false,
            greeting: None,
            unclear_reply: Some("Sorry, I did not catch that.".into()),
            unheard_reply: Some("Sorry, I could not hear you just then. Please say it again.".into()),
            broken_off: Some("Sorry, I cannot finish that just now.".into()),
            apology: Some("Sorry, something went wrong on my side. Please try again.".into()),
            memory: Memory::default(),
            say_queue: 8,
        }
    }
}

/// How tools are used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ToolUse {
    /// How often in one reply the model may call tools; then it is asked once more without any.
    pub max_rounds: usize,
    /// Calls of one answer that are done, all at once; the others are refused.
    pub max_calls: usize,
    /// Characters of a result that the model gets to read.
    pub result_chars: usize,
    /// Said once a round when the tools take long and nothing is to be heard; `None` stays silent.
    pub filler: Option<String>,
    /// When, in ms after the calls.
    pub filler_ms: u64,
}

impl Default for ToolUse {
    fn default() -> Self {
        Self {
            max_rounds: 4,
            max_calls: 8,
            result_chars: 16_000,
            filler: Some("One moment, please.".into()),
            filler_ms: 2_000,
        }
    }
}
