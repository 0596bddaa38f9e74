//! A tool of the host.

use super::call::{ForeignHost, ForeignKind, begin, complete};
use super::hold::ClockHold;
use super::input::Source;
use super::item::Given;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::json::{self, written};
use crate::stage::{CallContext, Tool};
use crate::tool::{SideEffect, ToolOutput, ToolSpec};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A tool of the host.
#[derive(Clone)]
pub struct ForeignTool {
    spec: ToolSpec,
    host: Arc<dyn ForeignHost>,
    hold: Option<ClockHold>,
}

/// What a host says of a tool.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    name: String,
    description: String,
    #[serde(default = "no_arguments")]
    parameters: Value,
    #[serde(default)]
    effect: SideEffect,
    #[serde(default = "ten_seconds")]
    deadline_ms: u64,
}

fn no_arguments() -> Value {
    serde_json::json!({"type": "object", "properties": {}})
}

/// As a tool written in Rust.
fn ten_seconds() -> u64 {
    10_000
}

#[derive(Serialize)]
struct Request<'a> {
    name: &'a str,
    arguments: Value,
}

impl ForeignTool {
    /// The tool that `host` serves and `description` describes:
    /// `{"name","description","parameters":{JSON Schema},"effect":"none"|"pure"|"irreversible","deadline_ms":10000}`, of which
    /// the first two must be there.
    ///
    /// # Errors
    /// `InvalidConfig`, naming the field that is wrong.
    pub fn new(description: &str, host: Arc<dyn ForeignHost>) -> Result<Self> {
        let described = json::read(description, ErrorKind::InvalidConfig, Stage::Tool).map_err(|error| {
            Error::new(ErrorKind::InvalidConfig, Stage::Tool, format!("a tool's description: {}", error.message()))
        })?;
        let Described { name, description, parameters, effect, deadline_ms } = described;
        let deadline = Duration::from_millis(deadline_ms);
        Ok(Self { spec: ToolSpec { name, description, parameters, effect, deadline }, host, hold: None })
    }

    /// The same, in simulated time: the clock stands still while a call is at work.
    #[must_use]
    pub fn holding(mut self, clock: Option<ClockHold>) -> Self {
        self.hold = clock;
        self
    }
}

impl Tool for ForeignTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(&self, arguments: Value, cx: CallContext) -> BoxFuture<'static, Result<ToolOutput>> {
        let (name, host, hold) = (self.spec.name.clone(), self.host.clone(), self.hold.clone());
        async move {
            let request = written(&Request { name: &name, arguments });
            let mut answer = begin(&*host, ForeignKind::Tool, request, Source::Nowhere, &cx, hold, complete());
            let mut output = None;
            while let Some(given) = answer.next().await {
                match given? {
                    Given::Tool(given) if output.is_none() => output = Some(given),
                    _ => return Err(wrong("the tool gave more than one output")),
                }
            }
            output.ok_or_else(|| wrong("the tool gave no output"))
        }
        .boxed()
    }
}

fn wrong(message: &str) -> Error {
    Error::new(ErrorKind::Protocol, Stage::Tool, message)
}

impl fmt::Debug for ForeignTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignTool").field("spec", &self.spec).finish_non_exhaustive()
    }
}
