//! The services: when they answer what, and how they fail.

use super::scenario::{Fault, Faults, Model, Recogniser, SimulatedTool, Voice};
use crate::conversation::{Input, Prompt};
use crate::error::{ErrorKind, Stage};
use crate::id::{ReplyId, SentenceId, TurnId};
use crate::testing::Random;
use crate::text::{Sentence, SentenceSplitter};
use crate::tool::{ToolCall, ToolSpec};
use std::time::Duration;

/// Facts, each with the time from the request to it.
pub(super) type Facts = Vec<(Duration, Input)>;

/// Audio comes in pieces of this length, as it is played.
const PIECE: Duration = Duration::from_millis(200);

impl Faults {
    /// What goes wrong with this call.
    fn of(&self, call: u32, random: &mut Random) -> Option<Fault> {
        if let Some(fault) = self.calls.get(&call) {
            return Some(*fault);
        }
        let (fail, stall) = (u64::from(self.fail_percent), u64::from(self.stall_percent));
        let silent = u64::from(self.silent_end_percent);
        if fail + stall + silent == 0 {
            return None;
        }
        match random.within(0..100) {
            drawn if drawn < fail => Some(Fault::Fail),
            drawn if drawn < fail + stall => Some(Fault::Stall),
            drawn if drawn < fail + stall + silent => Some(Fault::SilentEnd),
            _ => None,
        }
    }
}

fn failure(reply: Option<ReplyId>, stage: Stage) -> Input {
    Input::Failed { reply, stage, kind: ErrorKind::Unavailable, message: "made up".into() }
}

/// Calls that were made so far.
#[derive(Default)]
pub(super) struct Services {
    finals: u32,
    answers: u32,
    sentences: u32,
    tool_calls: u32,
}

impl Services {
    pub(super) fn last_words(
        &mut self,
        it: &Recogniser,
        (turn, attempt): (TurnId, u32),
        text: String,
        random: &mut Random,
    ) -> Option<(Duration, Input)> {
        let call = self.finals;
        self.finals += 1;
        let input = match it.faults.of(call, random) {
            None => Input::FinalTranscript { turn, attempt, text, unclear: false },
            Some(Fault::SilentEnd) => Input::FinalTranscript { turn, attempt, text: String::new(), unclear: false },
            Some(Fault::Fail) => failure(None, Stage::Stt),
            Some(Fault::Stall) => return None,
        };
        Some((it.last.sample(random), input))
    }

    /// Text that was given: no model is asked.
    pub(super) fn given_text(reply: ReplyId, text: &str) -> Facts {
        let mut splitter = SentenceSplitter::default();
        let mut sentences = splitter.push(text);
        sentences.extend(splitter.finish());
        let mut facts = vec![(Duration::ZERO, Input::FirstToken { reply })];
        facts.extend(sentences.into_iter().map(|sentence| (Duration::ZERO, told(reply, sentence))));
        facts.push((Duration::ZERO, Input::ReplyEnded { reply }));
        facts
    }

    pub(super) fn answer(
        &mut self,
        it: &Model,
        (reply, prompt): (ReplyId, &Prompt),
        tools: &[ToolSpec],
        random: &mut Random,
    ) -> Facts {
        if let Prompt::Text(text) = prompt {
            return Self::given_text(reply, text);
        }
        let call = self.answers;
        self.answers += 1;
        let fault = it.faults.of(call, random);
        let mut at = it.first_token.sample(random);
        if fault == Some(Fault::SilentEnd) {
            return vec![(at, Input::ReplyEnded { reply })];
        }
        if fault.is_none() && !tools.is_empty() && random.percent(u64::from(it.tool_percent)) {
            let calls = self.calls(tools, random);
            return vec![(at, Input::FirstToken { reply }), (at, Input::ToolCalls { reply, calls })];
        }
        let text = it.answers.get(call as usize % it.answers.len().max(1)).map_or("", String::as_str);
        let mut facts = Vec::new();
        let mut splitter = SentenceSplitter::default();
        for (index, token) in text.split_inclusive(' ').enumerate() {
            if index == 0 {
                facts.push((at, Input::FirstToken { reply }));
            } else {
                at += it.token.sample(random);
            }
            facts.extend(splitter.push(token).into_iter().map(|sentence| (at, told(reply, sentence))));
        }
        facts.extend(splitter.finish().into_iter().map(|sentence| (at, told(reply, sentence))));
        if fault.is_some() {
            facts.truncate(random.within(0..facts.len() as u64 + 1) as usize);
            at = facts.last().map_or(at, |(last, _)| *last);
        }
        match fault {
            Some(Fault::Fail) => facts.push((at, failure(Some(reply), Stage::Llm))),
            Some(Fault::Stall) => {}
            Some(Fault::SilentEnd) | None => facts.push((at, Input::ReplyEnded { reply })),
        }
        facts
    }

    /// One or two calls of tools on offer, now and then of one that is not.
    fn calls(&mut self, tools: &[ToolSpec], random: &mut Random) -> Vec<ToolCall> {
        let number = random.within(1..3);
        (0..number)
            .map(|_| {
                self.tool_calls += 1;
                let tool = tools.get(random.within(0..tools.len() as u64 + 1) as usize);
                ToolCall {
                    id: format!("call {}", self.tool_calls),
                    name: tool.map_or("nothing", |tool| tool.name.as_str()).to_owned(),
                    arguments: "{}".into(),
                }
            })
            .collect()
    }

    pub(super) fn result(
        &mut self,
        it: &SimulatedTool,
        (reply, id): (ReplyId, String),
        random: &mut Random,
    ) -> Option<(Duration, Input)> {
        let result = match it.faults.of(self.tool_calls, random) {
            None => Ok(format!("the result of {id}").into()),
            Some(Fault::Fail) => Err("made up".into()),
            Some(Fault::Stall | Fault::SilentEnd) => return None,
        };
        Some((it.latency.sample(random), Input::ToolResult { reply, id, result }))
    }

    /// The audio of a sentence, as facts about it.
    pub(super) fn speech(
        &mut self,
        it: &Voice,
        rate: u32,
        (reply, sentence, text): (ReplyId, SentenceId, &str),
        random: &mut Random,
    ) -> Facts {
        let call = self.sentences;
        self.sentences += 1;
        let fault = it.faults.of(call, random);
        let mut at = it.first_byte.sample(random);
        let mut facts = Vec::new();
        let milliseconds = text.chars().count() as u64 * u64::from(it.character_ms);
        let mut left = milliseconds * u64::from(rate) / 1_000;
        if fault.is_some() {
            left = random.within(0..left + 1) * u64::from(fault != Some(Fault::SilentEnd));
        }
        let piece = (u64::from(rate) * PIECE.as_millis() as u64 / 1_000).max(1);
        while left > 0 {
            let samples = left.min(piece);
            facts.push((at, Input::Synthesized { reply, sentence, samples }));
            at += PIECE.div_f64(it.speed.max(0.01));
            left -= samples;
        }
        match fault {
            Some(Fault::Fail) => facts.push((at, failure(Some(reply), Stage::Tts))),
            Some(Fault::Stall) => {}
            Some(Fault::SilentEnd) | None => facts.push((at, Input::SentenceSynthesized { reply, sentence })),
        }
        facts
    }
}

fn told(reply: ReplyId, sentence: Sentence) -> Input {
    Input::Reply { reply, text: sentence.text, speech: sentence.speech }
}
