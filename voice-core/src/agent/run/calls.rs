//! The calls of a reply: to the language model, to the synthesiser, to tools.

use super::super::mind::Thought;
use super::super::mouth::{Utterance, playout_config};
use super::Runner;
use crate::cancel::CancelToken;
use crate::conversation::{AgentPhase, Input, Prompt};
use crate::error::{Result, Stage};
use crate::id::{ReplyId, SummaryId, TurnId};
use crate::message::Message;
use crate::stage::{CallContext, LlmPurpose, LlmRequest, Notice};
use crate::text::estimated_tokens;
use crate::time::SessionTime;
use crate::tool::ToolOutput;
use serde_json::Value;

impl Runner {
    pub(super) fn start_reply(&mut self, reply: ReplyId, prompt: Prompt, now: SessionTime) {
        let cancel = self.cancel.child();
        self.think(reply, prompt, cancel.child());
        let cx = self.call_context(reply.turn, cancel.child());
        if let Err(error) = self.mouth.begin(&self.parts, self.format, reply, cx, now) {
            self.failed(Some(reply), error);
        }
    }

    pub(super) fn think(&mut self, reply: ReplyId, prompt: Prompt, cancel: CancelToken) {
        let request = LlmRequest {
            instructions: self.conversation.instructions().map(Into::into),
            context: self.conversation.context().map(Into::into),
            messages: self.conversation.messages(),
            tools: self.conversation.tools(),
            purpose: LlmPurpose::Reply,
        };
        let cx = self.call_context(reply.turn, cancel);
        self.mind.start(&self.parts, reply, prompt, request, cx);
    }

    pub(super) fn run_tool(&mut self, reply: ReplyId, id: String, name: &str, arguments: Value) {
        let cx = self.call_context(reply.turn, self.cancel.child());
        match self.parts.tools.iter().find(|tool| tool.spec().name == name) {
            Some(tool) => self.hands.run(tool, reply, id, arguments, cx),
            None => self.learn(Input::ToolResult { reply, id, result: Err(format!("there is no tool {name:?}")) }),
        }
    }

    pub(super) fn tool_ended(&mut self, reply: ReplyId, id: String, result: Result<ToolOutput>) {
        if let Err(error) = &result {
            // Its end is told under the name of the call.
            self.causes.keep_as(&id, error);
        }
        let result = result.map_err(|error| error.message().to_owned());
        self.learn(Input::ToolResult { reply, id, result });
    }

    pub(super) fn sum_up(&mut self, id: SummaryId, messages: &[Message], most_tokens: usize) {
        let cx = self.call_context(self.conversation.newest_turn(), self.cancel.child());
        match &self.parts.llm {
            Some(llm) => self.scribe.start(llm, id, messages, most_tokens, cx),
            None => self.learn(Input::Summarised { id, summary: None }),
        }
    }

    pub(super) fn summed_up(&mut self, id: SummaryId, summary: Result<String>) {
        let tokens = summary.as_deref().map(estimated_tokens).unwrap_or_default();
        let error = summary.as_ref().err().map(tracing::field::display);
        tracing::debug!(session = %self.id, summary = %id, tokens, error, "older turns were summed up");
        self.history_changed = true;
        self.learn(Input::Summarised { id, summary: summary.ok() });
    }

    fn call_context(&self, turn: TurnId, cancel: CancelToken) -> CallContext {
        CallContext { session: self.id.clone(), turn, cancel, tasks: self.tasks.clone() }
    }

    pub(super) fn play_standby_line(&mut self, reply: ReplyId, now: SessionTime) {
        let Some(line) = &self.parts.standby_line else { return };
        match line.at(self.format.output_rate) {
            Ok(line) => {
                let held = self.conversation.agent_phase() == AgentPhase::Held;
                let playout = playout_config(&self.parts.config, self.format);
                self.mouth.play_line(line, reply, playout, held, now);
            }
            // A rate to which nothing can be brought has no sound at all.
            Err(error) => {
                self.failed(None, error);
                self.learn(Input::PlaybackDone { reply });
            }
        }
    }

    /// A provider that stands for several tells about them.
    pub(super) fn noticed(&mut self, reply: Option<ReplyId>, stage: Stage, notice: Notice) {
        self.learn(match notice {
            Notice::Serving { provider } => Input::Served { reply, stage, provider },
            Notice::FailedOver { provider, kind, message } => {
                Input::FailedOver { reply, stage, provider, kind, message }
            }
        });
    }

    pub(super) fn thought(&mut self, reply: ReplyId, thought: Thought) {
        match thought {
            Thought::Notice(notice) => self.noticed(Some(reply), Stage::Llm, notice),
            Thought::Served(provider) => {
                self.learn(Input::Served { reply: Some(reply), stage: Stage::Llm, provider });
            }
            Thought::Alive => self.learn(Input::ModelAlive { reply }),
            Thought::FirstToken => self.learn(Input::FirstToken { reply }),
            Thought::Sentence(sentence) => {
                self.learn(Input::Reply { reply, text: sentence.text, speech: sentence.speech });
            }
            Thought::Calls(calls) => self.learn(Input::ToolCalls { reply, calls }),
            Thought::Ended => self.learn(Input::ReplyEnded { reply }),
            Thought::Failed(error) => self.failed(Some(reply), error),
        }
    }

    pub(super) fn uttered(&mut self, reply: ReplyId, utterance: Utterance) {
        match utterance {
            Utterance::Notice(notice) => self.noticed(Some(reply), Stage::Tts, notice),
            Utterance::Audio { sentence, samples, served } => {
                if let Some(provider) = served {
                    self.learn(Input::Served { reply: Some(reply), stage: Stage::Tts, provider });
                }
                self.learn(Input::Synthesized { reply, sentence, samples });
            }
            Utterance::Words { sentence, words } => self.learn(Input::Words { reply, sentence, words }),
            Utterance::SentenceEnd(sentence) => self.learn(Input::SentenceSynthesized { reply, sentence }),
            Utterance::Failed(error) => self.failed(Some(reply), error),
        }
    }
}
