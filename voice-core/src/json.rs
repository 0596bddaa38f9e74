//! JSON that people write: read strictly, with the place of what is wrong in words.

use crate::error::{Error, ErrorKind, Result, Stage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Reads a text that holds one value and nothing else.
///
/// # Errors
/// One of this kind and stage, naming the field that is missing, unknown or wrong.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str, kind: ErrorKind, stage: Stage) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| problem(&error));
    let read = read.and_then(|value| reader.end().map(|()| value).map_err(|error| error.to_string()));
    read.map_err(|problem| Error::new(kind, stage, problem))
}

/// Reads a value.
///
/// # Errors
/// As [`read`].
pub fn take<T: DeserializeOwned>(value: Value, kind: ErrorKind, stage: Stage) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| Error::new(kind, stage, problem(&error)))
}

/// `value` as JSON, for values whose maps have text for keys.
pub fn written(value: &impl Serialize) -> String {
    // Fails only for maps whose keys are none.
    serde_json::to_string(value).unwrap_or_default()
}

/// What is wrong, after its place unless the words name it already.
fn problem(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let (path, mut inner) = (error.path().to_string(), error.inner().to_string());
    // A column helps where JSON itself is broken. A value that does not fit is named, and nobody wrote the one line it is in.
    if error.inner().is_data()
        && let Some(words) = inner.rfind(" at line 1 column ")
    {
        inner.truncate(words);
    }
    match path.as_str() {
        "." => inner,
        path if inner.contains(&format!("`{path}`")) => inner,
        path => format!("`{path}`: {inner}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Point {
        #[allow(dead_code)]
        x: Vec<f64>,
    }

    #[test]
    fn what_is_wrong_is_named_once() {
        for (text, told) in [
            (r#"{"x":[1,"a"]}"#, r#"`x[1]`: invalid type: string "a", expected f64"#),
            (r#"{"y":1}"#, "unknown field `y`, expected `x`"),
            ("{}", "missing field `x`"),
            ("{\n\"y\":1}", "unknown field `y`, expected `x` at line 2 column 3"),
            (r#"{"x":[]} 1"#, "trailing characters at line 1 column 10"),
        ] {
            let error = read::<Point>(text, ErrorKind::InvalidInput, Stage::Session).expect_err("it is wrong");
            assert_eq!(error.message(), told);
        }
    }
}
