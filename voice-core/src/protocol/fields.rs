//! Fields of a JSON object, read so that a wrong one is named in plain words.

use super::RATES;
use super::rejection::{ErrorCode, Rejection};
use serde_json::{Map, Value};

/// The largest whole number that a JSON reader with 64-bit floats still holds exactly: 2^53 − 1.
pub(super) const MAX_EXACT: u64 = (1 << 53) - 1;

/// The fields of one frame. A field that is `null` counts as absent, unknown fields are never looked at.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// The object in `json`.
    pub(super) fn parse(json: &str) -> Result<Self, Rejection> {
        match serde_json::from_str(json) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(other) => {
                Err(Rejection::error(ErrorCode::BadJson, format!("a frame is a JSON object, not {}", name_of(&other))))
            }
            Err(error) => Err(Rejection::error(
                ErrorCode::BadJson,
                format!("not JSON: error in line {}, column {}", error.line(), error.column()),
            )),
        }
    }

    /// A string that may be absent.
    pub(super) fn string(&mut self, name: &str) -> Result<Option<String>, Rejection> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, "a string", &other)),
        }
    }

    /// A flag, false when absent.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Rejection> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(wrong(name, "true or false", &other)),
        }
    }

    /// A whole number from 0 to `max` that may be absent.
    pub(super) fn number(&mut self, name: &str, max: u64) -> Result<Option<u64>, Rejection> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match whole(&value) {
            Some(number) if number <= max => Ok(Some(number)),
            _ => Err(wrong(name, &format!("a whole number from 0 to {max}"), &value)),
        }
    }

    /// A sample rate of the contract that may be absent.
    pub(super) fn rate(&mut self, name: &str) -> Result<Option<u32>, Rejection> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let known = RATES.into_iter().find(|rate| whole(&value) == Some(u64::from(*rate)));
        known.map(Some).ok_or_else(|| wrong(name, "8000, 16000, 24000 or 48000", &value))
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }
}

/// The value of a field that must be there.
pub(super) fn required<T>(name: &str, value: Option<T>) -> Result<T, Rejection> {
    value.ok_or_else(|| Rejection::error(ErrorCode::BadValue, format!("`{name}` is missing")))
}

/// `16000.0` is as good as `16000`: some JSON writers know only floats.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let float = value.as_f64()?;
        ((0.0..=MAX_EXACT as f64).contains(&float) && float.fract() == 0.0).then_some(float as u64)
    })
}

fn wrong(name: &str, wanted: &str, got: &Value) -> Rejection {
    Rejection::error(ErrorCode::BadValue, format!("`{name}` must be {wanted}, not {}", name_of(got)))
}

/// Numbers are shown; what else a client sent may be long or private and is only named.
fn name_of(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(_) => "a string".into(),
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
    }
}
