//! A provider as it is asked for.

use super::wrong;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use voice_core::{ErrorKind, Result, Stage, json};

pub(super) struct Specification {
    pub(super) stage: Stage,
    pub(super) provider: String,
    fields: Map<String, Value>,
}

impl Specification {
    pub(super) fn read(stage: Stage, value: Value) -> Result<Self> {
        let mut fields = match value {
            Value::Object(fields) => fields,
            Value::String(name) => named(&name),
            _ => return Err(wrong(stage, "a provider is its name, an object with `provider`, or a list of those")),
        };
        match fields.remove("provider") {
            Some(Value::String(provider)) => Ok(Self { stage, provider, fields }),
            Some(_) => Err(wrong(stage, "`provider`: a name")),
            None => Err(wrong(stage, "`provider` is missing")),
        }
    }

    /// Takes a field out; `null` where it is not there.
    pub(super) fn take(&mut self, field: &str) -> Value {
        self.fields.remove(field).unwrap_or_default()
    }

    /// With the key and the address that the environment has and the specification does not.
    pub(super) fn completed(mut self, environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let Some(prefix) = prefix(&self.provider) else { return self };
        for (field, suffix) in [("key", "API_KEY"), ("base_url", "BASE_URL")] {
            if self.fields.get(field).is_none_or(Value::is_null)
                && let Some(value) = environment(&format!("{prefix}_{suffix}")).filter(|value| !value.is_empty())
            {
                self.fields.insert(field.to_owned(), value.into());
            }
        }
        self
    }

    /// The settings of the provider.
    pub(super) fn settings<T: DeserializeOwned>(self) -> Result<T> {
        // What is null is left out: it takes its default.
        let fields = self.fields.into_iter().filter(|(_, value)| !value.is_null()).collect();
        let settings = json::take(Value::Object(fields), ErrorKind::InvalidConfig, self.stage);
        settings.map_err(|error| wrong(self.stage, format!("{}: {}", self.provider, error.message())))
    }
}

/// `groq:openai/gpt-oss-120b` is the model `openai/gpt-oss-120b` of `groq`.
fn named(name: &str) -> Map<String, Value> {
    let (provider, model) = match name.split_once(':') {
        Some((provider, model)) => (provider, Some(model)),
        None => (name, None),
    };
    let provider = ("provider".to_owned(), provider.into());
    [provider].into_iter().chain(model.map(|model| ("model".to_owned(), model.into()))).collect()
}

/// How the settings of a service begin in the environment.
fn prefix(provider: &str) -> Option<&'static str> {
    match provider {
        "cartesia" => Some("CARTESIA"),
        "deepgram" => Some("DEEPGRAM"),
        "groq" => Some("GROQ"),
        "openai" => Some("OPENAI"),
        "tavily" | "tavily_extract" => Some("TAVILY"),
        _ => None,
    }
}
