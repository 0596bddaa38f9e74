//! Tools: what the model may have done for it.

use super::CallContext;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::tool::{SideEffect, ToolOutput, ToolSpec};
use futures::FutureExt;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How long a call may take unless its tool says otherwise.
const DEADLINE: Duration = Duration::from_secs(10);

/// Something the model may call. Shared by all sessions.
pub trait Tool: Send + Sync {
    /// What the model is told of it, and how it is to be run.
    fn spec(&self) -> &ToolSpec;

    /// Does it, and gives what the model gets to read. An error is told to the model as well and ends nothing:
    /// its message should say what the model could do better.
    ///
    /// The call is dropped when its deadline passes, or when it is cancelled, which `cx.cancel` says a little earlier;
    /// one with an [`Irreversible`](SideEffect::Irreversible) effect is not cancelled by an interruption.
    fn call(&self, arguments: Value, cx: CallContext) -> BoxFuture<'static, Result<ToolOutput>>;
}

type Function = dyn Fn(Value, CallContext) -> BoxFuture<'static, Result<ToolOutput>> + Send + Sync;

/// A tool made of a function. The model is told the schema of its argument type, and which field is wrong where
/// the arguments do not fit it.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use voice_core::stage::{FunctionTool, Tool};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Place {
///     /// A city, in English.
///     city: String,
/// }
///
/// let weather = FunctionTool::new("weather", "Tells the weather of a city.", |place: Place, _cx| async move {
///     Ok(format!("It rains in {}.", place.city))
/// });
/// assert_eq!(weather.spec().parameters["properties"]["city"]["description"], "A city, in English.");
/// ```
#[derive(Clone)]
pub struct FunctionTool {
    spec: ToolSpec,
    function: Arc<Function>,
}

impl FunctionTool {
    /// A tool without side effect that may take 10 s.
    pub fn new<Arguments, Output, Answer>(
        name: impl Into<String>,
        description: impl Into<String>,
        function: impl Fn(Arguments, CallContext) -> Answer + Send + Sync + 'static,
    ) -> Self
    where
        Arguments: DeserializeOwned + JsonSchema,
        Output: Into<ToolOutput>,
        Answer: Future<Output = Result<Output>> + Send + 'static,
    {
        let function = move |arguments, cx| match read::<Arguments>(arguments) {
            Ok(arguments) => {
                let answer = function(arguments, cx);
                async move { answer.await.map(Into::into) }.boxed()
            }
            Err(error) => async { Err(error) }.boxed(),
        };
        Self {
            spec: ToolSpec { parameters: schema::<Arguments>(), ..described(name, description) },
            function: Arc::new(function),
        }
    }

    /// The same tool, which changes the world.
    #[must_use]
    pub fn irreversible(mut self) -> Self {
        self.spec.effect = SideEffect::Irreversible;
        self
    }

    /// The same tool, which may also be called for an answer that is discarded.
    #[must_use]
    pub fn pure(mut self) -> Self {
        self.spec.effect = SideEffect::Pure;
        self
    }

    /// The same tool with another deadline.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.spec.deadline = deadline;
        self
    }
}

impl Tool for FunctionTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(&self, arguments: Value, cx: CallContext) -> BoxFuture<'static, Result<ToolOutput>> {
        (self.function)(arguments, cx)
    }
}

impl fmt::Debug for FunctionTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionTool").field("spec", &self.spec).finish_non_exhaustive()
    }
}

fn described(name: impl Into<String>, description: impl Into<String>) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: description.into(),
        parameters: Value::Null,
        effect: SideEffect::None,
        deadline: DEADLINE,
    }
}

/// The schema as models know it best: in one piece, with nothing in it that constrains no argument.
fn schema<Arguments: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<Arguments>();
    // The name of a Rust type, formats such as `uint32` (which some servers refuse) and a default of nothing mean
    // nothing to a model.
    RecursiveTransform(|schema: &mut schemars::Schema| {
        schema.remove("title");
        schema.remove("format");
        if schema.get("default") == Some(&Value::Null) {
            schema.remove("default");
        }
    })
    .transform(&mut schema);
    schema.to_value()
}

/// Reads the arguments.
///
/// # Errors
/// `InvalidInput` naming the field that does not fit.
fn read<Arguments: DeserializeOwned>(arguments: Value) -> Result<Arguments> {
    serde_path_to_error::deserialize(arguments).map_err(|error| {
        let field = error.path().to_string();
        let place = if field == "." { String::new() } else { format!("`{field}`: ") };
        Error::new(ErrorKind::InvalidInput, Stage::Tool, format!("wrong arguments: {place}{}", error.inner()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Order {
        /// What to bring.
        dishes: Vec<Dish>,
        table: Option<u32>,
    }

    #[derive(Deserialize, JsonSchema)]
    struct Dish {
        name: String,
    }

    fn order() -> FunctionTool {
        FunctionTool::new("order", "Orders food.", |order: Order, _cx| async move {
            Ok(format!("{} for {:?}", order.dishes[0].name, order.table))
        })
    }

    fn call(arguments: Value) -> Result<ToolOutput> {
        order().call(arguments, CallContext::detached()).now_or_never().unwrap()
    }

    #[test]
    fn the_schema_is_that_of_the_argument_type() {
        let expected = json!({
            "type": "object",
            "properties": {
                "dishes": {
                    "description": "What to bring.",
                    "type": "array",
                    "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
                },
                "table": {"type": ["integer", "null"], "minimum": 0}
            },
            "required": ["dishes"],
            "additionalProperties": false
        });
        assert_eq!(order().spec().parameters, expected);
    }

    #[test]
    fn a_wrong_argument_is_named() {
        assert_eq!(call(json!({"dishes": [{"name": "soup"}], "table": 4})).unwrap().text, "soup for Some(4)");
        for (arguments, words) in [
            (json!({"dishes": [{"name": "soup"}, {"name": 5}]}), "`dishes[1].name`: invalid type: integer `5`"),
            (json!({"dishes": [], "tabel": 4}), "unknown field `tabel`"),
            (json!({}), "missing field `dishes`"),
            (json!("soup"), "invalid type: string \"soup\""),
        ] {
            let error = call(arguments).unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::InvalidInput);
            assert!(error.message().contains(words), "{error}");
        }
    }
}
