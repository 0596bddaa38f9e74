//! The calls of a reply: to the language model, to the synthesiser, to tools.

use super::{Runner, failed};
use crate::cancel::CancelToken;
use crate::conversation::{Input, Prompt};
use crate::id::TurnId;
use crate::stage::{CallContext, LlmRequest};
use crate::time::SessionTime;
use serde_json::Value;

impl Runner {
    pub(super) fn start_reply(&mut self, turn: TurnId, prompt: Prompt, now: SessionTime) {
        let cancel = self.cancel.child();
        self.think(turn, prompt, cancel.child());
        let cx = self.call_context(turn, cancel.child());
        if let Err(error) = self.mouth.begin(&self.parts, self.format, cx, now) {
            self.learn(failed(Some(turn), error));
        }
    }

    pub(super) fn think(&mut self, turn: TurnId, prompt: Prompt, cancel: CancelToken) {
        let request = LlmRequest {
            instructions: self.conversation.instructions().map(Into::into),
            context: self.conversation.context().map(Into::into),
            messages: self.conversation.messages(),
            tools: self.conversation.tools(),
        };
        let cx = self.call_context(turn, cancel);
        self.mind.start(&self.parts, prompt, request, cx);
    }

    pub(super) fn run_tool(&mut self, turn: TurnId, id: String, name: &str, arguments: Value) {
        let cx = self.call_context(turn, self.cancel.child());
        match self.parts.tools.iter().find(|tool| tool.spec().name == name) {
            Some(tool) => self.hands.run(tool, id, arguments, cx),
            None => self.learn(Input::ToolResult { turn, id, result: Err(format!("there is no tool {name:?}")) }),
        }
    }

    fn call_context(&self, turn: TurnId, cancel: CancelToken) -> CallContext {
        CallContext { session: self.id.clone(), turn, cancel, tasks: self.tasks.clone() }
    }
}
