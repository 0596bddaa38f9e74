//! Settings as JSON: what a host gives in its own language arrives here whole, so a new option needs no code on the way.

use super::{AgentConfig, ClientFormat, SessionOptions};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::id::SessionId;
use crate::json;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Settings of an agent that have a short name as well: those that nearly everybody sets.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Short {
    endpointing_ms: Option<u64>,
    greeting: Option<String>,
    language: Option<String>,
}

/// The short names, which are not those of the settings themselves.
const SHORT: [&str; 3] = ["endpointing_ms", "greeting", "language"];

impl AgentConfig {
    /// The settings in a JSON object: the fields of this struct as they are, what is left out at its default, and beside
    /// them the short names `endpointing_ms` (the silence that ends a turn, however complete it sounds), `greeting` and
    /// `language`. A field named in full counts more than its short name.
    ///
    /// # Errors
    /// `InvalidConfig`, naming the field that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields: Map<String, Value> = read(json)?;
        let short: Map<_, _> = SHORT.iter().filter_map(|name| fields.remove_entry(*name)).collect();
        let short: Short = from_value(short)?;
        let mut defaults = Self::default();
        let conversation = &mut defaults.conversation;
        if let Some(silence) = short.endpointing_ms {
            conversation.endpointing.end_after(silence);
        }
        conversation.greeting = short.greeting;
        conversation.interruption.language = short.language;
        let Value::Object(mut whole) = serde_json::to_value(&defaults).map_err(|error| wrong(&error.to_string()))?
        else {
            return Err(wrong("the settings are an object"));
        };
        overlay(&mut whole, fields);
        from_value(whole)
    }
}

/// Puts `fields` over `defaults`, object by object. What is unknown stays, to be refused by name.
fn overlay(defaults: &mut Map<String, Value>, fields: Map<String, Value>) {
    for (name, value) in fields {
        match (defaults.get_mut(&name), value) {
            (Some(Value::Object(inner)), Value::Object(over)) => overlay(inner, over),
            (_, value) => {
                defaults.insert(name, value);
            }
        }
    }
}

/// A session as a host asks for it.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    id: Option<String>,
    input_rate: u32,
    output_rate: u32,
    pause: bool,
    echo_cancellation: bool,
    instructions: Option<String>,
    context: Option<String>,
}

impl Default for Asked {
    fn default() -> Self {
        let ClientFormat { input_rate, output_rate, can_pause, echo_cancellation } = ClientFormat::default();
        Self {
            id: None,
            input_rate,
            output_rate,
            pause: can_pause,
            echo_cancellation,
            instructions: None,
            context: None,
        }
    }
}

impl SessionOptions {
    /// The options in a JSON object: `id`, `input_rate`, `output_rate` (Hz, 16000), `pause`, `echo_cancellation` (false),
    /// `instructions`, `context`; all may be left out.
    ///
    /// # Errors
    /// `InvalidConfig`, naming the field that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let asked: Asked = read(json)?;
        for (name, rate) in [("input_rate", asked.input_rate), ("output_rate", asked.output_rate)] {
            if !(4_000..=192_000).contains(&rate) {
                return Err(wrong(&format!("`{name}`: 4000 … 192000 Hz, not {rate}")));
            }
        }
        if asked.id.as_ref().is_some_and(|id| id.is_empty() || id.len() > 128) {
            return Err(wrong("`id`: 1 … 128 bytes"));
        }
        Ok(Self {
            id: asked.id.as_deref().map(SessionId::from),
            format: ClientFormat {
                input_rate: asked.input_rate,
                output_rate: asked.output_rate,
                can_pause: asked.pause,
                echo_cancellation: asked.echo_cancellation,
            },
            instructions: asked.instructions,
            context: asked.context,
            ..Self::default()
        })
    }
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T> {
    json::read(json, ErrorKind::InvalidConfig, Stage::Session)
}

fn from_value<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T> {
    json::take(Value::Object(fields), ErrorKind::InvalidConfig, Stage::Session)
}

fn wrong(problem: &str) -> Error {
    Error::new(ErrorKind::InvalidConfig, Stage::Session, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_its_settings_and_what_is_left_out_is_a_default() {
        let config = AgentConfig::from_json(
            r#"{"instructions":"Be brief.","endpointing_ms":700,"conversation":{"endpointing":{"max_ms":3000}}}"#,
        )
        .expect("they make sense");
        assert_eq!(config.instructions.as_deref(), Some("Be brief."));
        let endpointing = config.conversation.endpointing;
        assert_eq!((endpointing.complete_ms, endpointing.min_ms, endpointing.max_ms), (700, 700, 3_000));
        assert_eq!(AgentConfig::from_json("{}").expect("nothing is set"), AgentConfig::default());
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for (json, told) in [
            (r#"{"instrctions":"a"}"#, "unknown field `instrctions`"),
            (
                r#"{"conversation":{"endpointing":{"min_ms":"long"}}}"#,
                "`conversation.endpointing.min_ms`: invalid type",
            ),
            (r#"{"endpointing_ms":-1}"#, "`endpointing_ms`: invalid value"),
            ("[]", "invalid type"),
        ] {
            let error = AgentConfig::from_json(json).expect_err("it is wrong");
            assert!(error.message().contains(told), "{json}: {error}");
        }
        for (json, told) in
            [(r#"{"input_rate":1}"#, "`input_rate`: 4000"), (r#"{"rate":8000}"#, "unknown field `rate`")]
        {
            let error = SessionOptions::from_json(json).expect_err("it is wrong");
            assert!(error.message().contains(told), "{json}: {error}");
        }
    }
}
