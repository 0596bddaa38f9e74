//! What the stages of a script say: the part that is data, and that is interpreted once in each language. A host finds it under
//! `says` in the script: `script["llm"]["says"]`, `script["tts"]["says"]`, and for each tool `script["tools"][n]["says"]`.
//!
//! - **Language model.** The answer is the first in `answers` whose `to` is part of the user's last words (any, where it is
//!   left out) and whose `round` is the number of rounds of tools since then (0, where it is left out); none says nothing. Its
//!   `says` is given piece by piece, divided at `|`, in each of which `{user}` stands for the user's last words, `{context}` and
//!   `{instructions}` for those of the request, and `{results}` for the results of the tools since the user's last words, joined
//!   by `; `. Then come its `calls`, then the error `fails`, if there is one. A request for a summary is answered by `summary`.
//! - **Synthesiser.** For each sentence: with `timed`, its words; audio, every sample of which is the number of the turn, of
//!   `per_character_ms` a character (a Unicode scalar value), in pieces of 200 ms; its end. A word is what stands between spaces,
//!   and sounds while its characters do. In a sentence that `fails` names, the error comes in place of all that.
//! - **Tool.** Its `says`, where `{name}` stands for the argument `name` if that is a text; or the error `fails`.

use super::script::Failure;
use crate::foreign::ForeignError;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a language model says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LlmSays {
    /// Its answers.
    pub answers: Vec<Answer>,
    /// Its answer when it is asked to sum up.
    #[serde(default)]
    pub summary: String,
}

/// An answer of a language model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Answer {
    /// To what: a part of the user's last words.
    #[serde(default)]
    pub to: String,
    /// After so many rounds of tools.
    #[serde(default)]
    pub round: usize,
    /// Its text, divided into pieces at `|`.
    #[serde(default)]
    pub says: String,
    /// What it calls.
    #[serde(default)]
    pub calls: Vec<Called>,
    /// The error it ends with.
    #[serde(default)]
    pub fails: Option<Failure>,
    /// It never ends. For the runner: the stage itself ends.
    #[serde(default)]
    pub stands_still: bool,
}

/// A call to a tool.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Called {
    /// Its id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments, an object or, as it is, text that is to be their JSON.
    pub arguments: Value,
}

/// How text is spoken.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TtsSays {
    /// In Hz.
    #[serde(default = "rate")]
    pub sample_rate: u32,
    /// How long a character sounds.
    #[serde(default = "slow")]
    pub per_character_ms: u32,
    /// Whether it tells when its words sound.
    #[serde(default)]
    pub timed: bool,
    /// A sentence in which it fails.
    #[serde(default)]
    pub fails: Option<SentenceFailure>,
    /// A sentence of each reply before which it stands still for ever. For the runner: the stage itself goes on.
    #[serde(default)]
    pub stands_still_at: Option<u32>,
}

fn rate() -> u32 {
    16_000
}

fn slow() -> u32 {
    60
}

/// A sentence in which a synthesiser fails.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SentenceFailure {
    /// Its number in the reply.
    pub sentence: u32,
    /// Of the reply to this turn alone.
    #[serde(default)]
    pub turn: Option<u32>,
    /// The error.
    pub error: Failure,
}

/// What a tool does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ToolSays {
    /// What is told of it: as for [`ForeignTool::new`](crate::foreign::ForeignTool::new).
    pub spec: Map<String, Value>,
    /// What the model gets to read.
    #[serde(default)]
    pub says: String,
    /// The error it ends with instead.
    #[serde(default)]
    pub fails: Option<Failure>,
    /// It never ends. For the runner: the stage itself ends.
    #[serde(default)]
    pub stands_still: bool,
}

/// What a stage gives: items as a host sends them, and how it ends.
pub(super) struct Given {
    pub(super) items: Vec<(Value, Option<Vec<u8>>)>,
    pub(super) end: Result<(), ForeignError>,
}

impl Failure {
    pub(super) fn error(&self) -> ForeignError {
        ForeignError::new(&*self.message).kind_named(&self.kind, None)
    }
}

impl LlmSays {
    /// The answer to a request, as [`item`](crate::foreign::item) writes it; `None` for a summary and where none fits.
    pub(super) fn answer(&self, request: &Value) -> Option<&Answer> {
        if request["purpose"] == "summary" {
            return None;
        }
        let (user, rounds) = (last_words(request), rounds(request).len());
        self.answers.iter().find(|answer| user.contains(&answer.to) && answer.round == rounds)
    }

    pub(super) fn given(&self, request: &Value) -> Given {
        if request["purpose"] == "summary" {
            let summary = Some(&self.summary).filter(|summary| !summary.is_empty());
            return Given { items: summary.map(|text| (json!(text), None)).into_iter().collect(), end: Ok(()) };
        }
        let Some(answer) = self.answer(request) else { return Given { items: Vec::new(), end: Ok(()) } };
        let known = |name: &str| request[name].as_str().unwrap_or_default();
        let results = rounds(request).into_iter().flat_map(|round| round["calls"].as_array().into_iter().flatten());
        let results: Vec<&str> = results.filter_map(|call| call["result"].as_str()).collect();
        let filled = |piece: &str| {
            piece
                .replace("{user}", last_words(request))
                .replace("{context}", known("context"))
                .replace("{instructions}", known("instructions"))
                .replace("{results}", &results.join("; "))
        };
        let pieces = answer.says.split('|').filter(|piece| !piece.is_empty()).map(|piece| json!(filled(piece)));
        let calls = answer
            .calls
            .iter()
            .map(|call| json!({"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.arguments}));
        let items = pieces.chain(calls).map(|item| (item, None)).collect();
        Given { items, end: answer.fails.as_ref().map_or(Ok(()), |failure| Err(failure.error())) }
    }
}

fn messages(request: &Value) -> &[Value] {
    request["messages"].as_array().map_or(&[], Vec::as_slice)
}

fn last_words(request: &Value) -> &str {
    let said = messages(request).iter().rfind(|message| message["role"] == "user");
    said.and_then(|message| message["text"].as_str()).unwrap_or_default()
}

/// The rounds of tools since the user's last words.
fn rounds(request: &Value) -> Vec<&Value> {
    let since = messages(request).iter().rev().take_while(|message| message["role"] != "user");
    let mut rounds: Vec<_> = since.filter(|message| message["role"] == "tools").collect();
    rounds.reverse();
    rounds
}

impl TtsSays {
    /// What is given for an item that goes in.
    pub(super) fn given(&self, turn: u32, item: &Value) -> Given {
        let nothing = Given { items: Vec::new(), end: Ok(()) };
        let (Some(text), Some(sentence)) = (item["text"].as_str(), item["sentence"].as_u64()) else { return nothing };
        let fails = self
            .fails
            .as_ref()
            .filter(|fails| u64::from(fails.sentence) == sentence && fails.turn.is_none_or(|only| only == turn));
        if let Some(fails) = fails {
            return Given { end: Err(fails.error.error()), ..nothing };
        }
        let per_character = u64::from(self.per_character_ms);
        let samples = text.chars().count() as u64 * per_character * u64::from(self.sample_rate) / 1_000;
        let pcm = (turn as i16).to_le_bytes().repeat(samples as usize);
        let piece = (self.sample_rate as usize / 5).max(1) * 2;
        let words =
            self.timed.then(|| (json!({"type": "words", "sentence": sentence, "words": self.words(text)}), None));
        let audio = pcm.chunks(piece).map(|pcm| (json!({"type": "audio", "sentence": sentence}), Some(pcm.to_vec())));
        let end = [(json!({"type": "sentence_end", "sentence": sentence}), None)];
        Given { items: words.into_iter().chain(audio).chain(end).collect(), end: Ok(()) }
    }

    fn words(&self, text: &str) -> Vec<Value> {
        let per_character = self.per_character_ms as usize;
        let mut at = 0;
        let mut words = Vec::new();
        for word in text.split(' ') {
            let length = word.chars().count();
            if length > 0 {
                let (start_ms, end_ms) = (at * per_character, (at + length) * per_character);
                words.push(json!({"word": word, "start_ms": start_ms, "end_ms": end_ms}));
            }
            at += length + 1;
        }
        words
    }
}

impl ToolSays {
    pub(super) fn name(&self) -> &str {
        self.spec.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn given(&self, arguments: &Value) -> Given {
        if let Some(failure) = &self.fails {
            return Given { items: Vec::new(), end: Err(failure.error()) };
        }
        let mut says = self.says.clone();
        for (name, value) in arguments.as_object().into_iter().flatten() {
            if let Some(value) = value.as_str() {
                says = says.replace(&format!("{{{name}}}"), value);
            }
        }
        Given { items: vec![(json!(says), None)], end: Ok(()) }
    }
}
