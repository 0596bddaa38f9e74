//! What goes over the border, as JSON: requests and items in, items out.
//!
//! | kind | request | items in | items out |
//! |---|---|---|---|
//! | `llm` | [`Request`](struct@LlmAsked) | none | `"text"`, or `{"type":"text","text"}`, `{"type":"tool_call","id","name","arguments"}` |
//! | `stt` | `{}` | `{"type":"audio","turn","at_ms"}` with PCM16 at 16 kHz, `{"type":"finalize","turn","attempt"}` | `{"type":"partial","turn","text"}`, `{"type":"final","turn","attempt","text","unclear"}`, `{"type":"turn_estimate","turn","probability"}` |
//! | `tts` | `{"sample_rate"}` | `{"type":"text","sentence","text"}`, `{"type":"flush"}` | audio alone, or `{"type":"audio","sentence"}` with it, `{"type":"words","sentence","words":[{"word","start_ms","end_ms"}]}`, `{"type":"sentence_end","sentence"}` |
//! | `tool` | `{"name","arguments"}` | none | `"text"`, or `{"text","sources":[{"title","url"}]}`, once |
//! | `vad` | `{"sample_rate","window_len"}` | `{"type":"window"}` with 32-bit floats in −1 … 1, `{"type":"reset"}` | a number, 0 … 1, for each window |
//!
//! A recogniser may leave out `turn` and `attempt`: a partial is then of the newest turn it was given audio of, a final
//! answers the oldest request that has none. A synthesiser may leave out `sentence`, which is then the last it has taken,
//! and `sentence_end`, which then follows from the audio of a later sentence or from the end of the call. `arguments` of a
//! tool call are an object, or its JSON as text. All audio is mono and little-endian.

use super::call::ForeignKind;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{self, written};
use crate::message::Message;
use crate::stage::{LlmPurpose, LlmRequest};
use crate::tool::{SideEffect, Source, ToolCall, ToolOutput, ToolSpec};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One item, either direction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForeignItem {
    /// What it says; empty for audio alone.
    pub json: String,
    /// The audio that belongs to it.
    pub audio: Option<Bytes>,
}

impl ForeignItem {
    /// An item without audio.
    pub fn json(json: impl Into<String>) -> Self {
        Self { json: json.into(), audio: None }
    }

    /// Audio that says all.
    pub fn audio(pcm: impl Into<Bytes>) -> Self {
        Self { json: String::new(), audio: Some(pcm.into()) }
    }

    pub(super) fn of(value: &impl Serialize, audio: Option<Bytes>) -> Self {
        Self { json: written(value), audio }
    }
}

/// Something a host gave, read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    Llm(LlmGiven),
    Stt(SttGiven),
    Tts(TtsGiven),
    Tool(ToolOutput),
    Vad(f32),
    /// Nothing more follows.
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum LlmGiven {
    Text(String),
    ToolCall(ToolCall),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum LlmItem {
    Text { text: String },
    ToolCall { id: String, name: String, arguments: Value },
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum SttGiven {
    Partial {
        turn: Option<u32>,
        text: String,
    },
    Final {
        turn: Option<u32>,
        attempt: Option<u32>,
        text: String,
        #[serde(default)]
        unclear: bool,
    },
    TurnEstimate {
        turn: Option<u32>,
        probability: f32,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TtsGiven {
    Audio { sentence: Option<u32>, pcm: Bytes },
    Words { sentence: Option<u32>, words: Vec<TimedWord> },
    SentenceEnd { sentence: Option<u32> },
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum TtsItem {
    Audio { sentence: Option<u32> },
    Words { sentence: Option<u32>, words: Vec<TimedWord> },
    SentenceEnd { sentence: Option<u32> },
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimedWord {
    pub(super) word: String,
    pub(super) start_ms: f32,
    pub(super) end_ms: f32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolItem {
    text: String,
    #[serde(default)]
    sources: Vec<Source>,
}

impl ForeignKind {
    /// Reads what a host gives in a call of this kind.
    pub(super) fn read(self, item: ForeignItem) -> Result<Given> {
        let ForeignItem { json, audio } = item;
        if self != Self::Tts && audio.is_some() {
            return Err(self.refused("takes no audio"));
        }
        match self {
            Self::Llm => self.llm(&json).map(Given::Llm),
            Self::Stt => self.stt(&json).map(Given::Stt),
            Self::Tts => self.tts(&json, audio).map(Given::Tts),
            Self::Tool => self.tool(&json).map(Given::Tool),
            Self::Vad => match self.parse(&json)? {
                probability @ 0.0..=1.0 => Ok(Given::Vad(probability)),
                other => Err(self.refused(&format!("a probability lies in 0 … 1, not {other}"))),
            },
        }
    }

    fn llm(self, json: &str) -> Result<LlmGiven> {
        if is_text(json) {
            return self.parse(json).map(LlmGiven::Text);
        }
        Ok(match self.parse(json)? {
            LlmItem::Text { text } => LlmGiven::Text(text),
            LlmItem::ToolCall { id, name, arguments } => {
                let arguments = match arguments {
                    Value::String(written) => written,
                    arguments @ Value::Object(_) => arguments.to_string(),
                    _ => return Err(self.refused("`arguments`: an object, or its JSON as text")),
                };
                LlmGiven::ToolCall(ToolCall { id, name, arguments })
            }
        })
    }

    fn stt(self, json: &str) -> Result<SttGiven> {
        let given = self.parse(json)?;
        match given {
            SttGiven::TurnEstimate { probability, .. } if !(0.0..=1.0).contains(&probability) => {
                Err(self.refused(&format!("`probability` lies in 0 … 1, not {probability}")))
            }
            SttGiven::Final { turn: None, attempt: Some(_), .. } => Err(self.refused("`attempt` without its `turn`")),
            given => Ok(given),
        }
    }

    fn tts(self, json: &str, audio: Option<Bytes>) -> Result<TtsGiven> {
        let item = if json.is_empty() { TtsItem::Audio { sentence: None } } else { self.parse(json)? };
        match (item, audio) {
            (TtsItem::Audio { .. }, Some(pcm)) if !pcm.len().is_multiple_of(2) => {
                Err(self.refused(&format!("audio of {} bytes is not whole 16-bit samples", pcm.len())))
            }
            (TtsItem::Audio { sentence }, Some(pcm)) => Ok(TtsGiven::Audio { sentence, pcm }),
            (TtsItem::Audio { .. }, None) => Err(self.refused("`audio` without any")),
            (_, Some(_)) => Err(self.refused("audio goes with `audio` alone")),
            (TtsItem::Words { sentence, words }, None) => Ok(TtsGiven::Words { sentence, words }),
            (TtsItem::SentenceEnd { sentence }, None) => Ok(TtsGiven::SentenceEnd { sentence }),
        }
    }

    fn tool(self, json: &str) -> Result<ToolOutput> {
        if is_text(json) {
            return self.parse::<String>(json).map(Into::into);
        }
        let ToolItem { text, sources } = self.parse(json)?;
        Ok(ToolOutput { text, sources })
    }

    fn parse<'a, T: Deserialize<'a>>(self, json: &'a str) -> Result<T> {
        json::read(json, ErrorKind::InvalidInput, self.stage()).map_err(|error| self.refused(error.message()))
    }

    fn refused(self, problem: &str) -> Error {
        Error::new(ErrorKind::InvalidInput, self.stage(), format!("an item of the host: {problem}"))
    }
}

fn is_text(json: &str) -> bool {
    json.trim_start().starts_with('"')
}

/// What a language model of the host is asked. Its messages are those of [`Said`].
#[derive(Debug, Serialize)]
pub struct LlmAsked<'a> {
    instructions: Option<&'a str>,
    context: Option<&'a str>,
    messages: Vec<Said<'a>>,
    tools: Vec<Offered<'a>>,
    purpose: &'static str,
}

impl<'a> From<&'a LlmRequest> for LlmAsked<'a> {
    fn from(request: &'a LlmRequest) -> Self {
        Self {
            instructions: request.instructions.as_deref(),
            context: request.context.as_deref(),
            messages: request.messages.iter().map(Into::into).collect(),
            tools: request.tools.iter().map(Into::into).collect(),
            purpose: match request.purpose {
                LlmPurpose::Reply => "reply",
                LlmPurpose::Summary => "summary",
            },
        }
    }
}

/// One thing said or done, in a request and in the history: `{"role":"user","text"}`, `{"role":"agent","text"}`,
/// `{"role":"tools","calls":[{"id","name","arguments","result"}]}`, `{"role":"summary","text"}`.
#[derive(Debug, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Said<'a> {
    /// The person's words.
    User {
        /// The words.
        text: &'a str,
    },
    /// The agent's words, as far as they were heard.
    Agent {
        /// The words.
        text: &'a str,
    },
    /// Tools the agent called.
    Tools {
        /// Its calls, in order.
        calls: Vec<Called<'a>>,
    },
    /// What was said and done before.
    Summary {
        /// In short.
        text: &'a str,
    },
}

/// A call with its result.
#[derive(Debug, Serialize)]
pub struct Called<'a> {
    id: &'a str,
    name: &'a str,
    /// As the model wrote them.
    arguments: &'a str,
    result: &'a str,
}

impl<'a> From<&'a Message> for Said<'a> {
    fn from(message: &'a Message) -> Self {
        match message {
            Message::User(text) => Self::User { text },
            Message::Agent(text) => Self::Agent { text },
            Message::Summary(text) => Self::Summary { text },
            Message::Tools(round) => Self::Tools {
                calls: round
                    .calls
                    .iter()
                    .map(|answered| Called {
                        id: &answered.call.id,
                        name: &answered.call.name,
                        arguments: &answered.call.arguments,
                        result: &answered.result,
                    })
                    .collect(),
            },
        }
    }
}

#[derive(Debug, Serialize)]
struct Offered<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
    effect: SideEffect,
    deadline_ms: u128,
}

impl<'a> From<&'a ToolSpec> for Offered<'a> {
    fn from(spec: &'a ToolSpec) -> Self {
        Self {
            name: &spec.name,
            description: &spec.description,
            parameters: &spec.parameters,
            effect: spec.effect,
            deadline_ms: spec.deadline.as_millis(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: ForeignKind, item: ForeignItem) -> String {
        kind.read(item).expect_err("it makes no sense").to_string()
    }

    #[test]
    fn an_item_that_makes_no_sense_is_refused_and_the_field_named() {
        for (kind, json, told) in [
            (ForeignKind::Llm, r#"{"type":"text","text":3}"#, "invalid type: integer `3`, expected a string"),
            (ForeignKind::Llm, r#"{"type":"text","txt":"a"}"#, "unknown field `txt`, expected `text`"),
            (ForeignKind::Llm, r#"{"type":"tool_call","id":"1","name":"a","arguments":[1]}"#, "`arguments`: an object"),
            (ForeignKind::Stt, r#"{"type":"final"}"#, "missing field `text`"),
            (ForeignKind::Stt, r#"{"type":"turn_estimate","probability":2}"#, "`probability` lies in 0 … 1, not 2"),
            (ForeignKind::Tts, r#"{"type":"audio"}"#, "`audio` without any"),
            (ForeignKind::Tool, r#"{"text":"a","sources":[{"title":"b"}]}"#, "`sources[0]`: missing field `url`"),
            (ForeignKind::Vad, "1.5", "a probability lies in 0 … 1, not 1.5"),
        ] {
            let problem = problem(kind, ForeignItem::json(json));
            assert!(problem.contains(told), "{json}: {problem}");
        }
        assert!(problem(ForeignKind::Tts, ForeignItem::audio(vec![0; 3])).contains("not whole 16-bit samples"));
        assert!(problem(ForeignKind::Llm, ForeignItem::audio(vec![0; 2])).contains("takes no audio"));
    }

    #[test]
    fn the_short_forms_say_the_same() {
        let read = |kind: ForeignKind, json: &str| kind.read(ForeignItem::json(json)).expect("it makes sense");
        assert_eq!(read(ForeignKind::Llm, r#""Hello.""#), read(ForeignKind::Llm, r#"{"type":"text","text":"Hello."}"#));
        assert_eq!(read(ForeignKind::Tool, r#""rain""#), read(ForeignKind::Tool, r#"{"text":"rain"}"#));
        let call = |arguments: &str| {
            read(ForeignKind::Llm, &format!(r#"{{"type":"tool_call","id":"1","name":"a","arguments":{arguments}}}"#))
        };
        assert_eq!(call(r#"{"a":1}"#), call(r#""{\"a\":1}""#));
    }
}
