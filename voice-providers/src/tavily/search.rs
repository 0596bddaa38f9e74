//! `web_search`: finds pages and gives the model what they say.

use super::wire::{SearchAnswer, SearchRequest, TimeRange, Topic, quote};
use super::{ASKED, Service, TavilyConfig};
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use voice_core::stage::{CallContext, FunctionTool, Tool};
use voice_core::{Error, ErrorKind, Result, Stage, ToolOutput, ToolSpec};

/// The longest query that the service takes, in characters.
const LONGEST_QUERY: usize = 400;

/// Web search. One request a call, or two; 1 credit each, 2 with [`SearchDepth::Advanced`](super::SearchDepth).
#[derive(Debug, Clone)]
pub struct WebSearch(FunctionTool);

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// What to search for, in a few words, without private details of the user.
    query: String,
    /// Where to look: everything (general), the news, or markets and companies (finance).
    #[serde(default)]
    topic: Option<Topic>,
    /// Only what was published within the last day, week, month or year.
    #[serde(default)]
    time_range: Option<TimeRange>,
}

impl WebSearch {
    /// The tool.
    ///
    /// # Errors
    /// `Auth` without a key; `InvalidConfig` naming the option that cannot work.
    pub fn new(config: TavilyConfig) -> Result<Self> {
        if !(1..=20).contains(&config.max_results) {
            let message = format!("max_results: {} is not 1 to 20", config.max_results);
            return Err(Error::new(ErrorKind::InvalidConfig, Stage::Tool, message));
        }
        let service = Arc::new(Service::new(&config)?);
        let deadline = service.deadline();
        let config = Arc::new(config);
        let search = move |arguments: Arguments, _: CallContext| {
            let (service, config) = (Arc::clone(&service), Arc::clone(&config));
            async move { find(&service, &config, arguments).await }
        };
        let description = "Searches the web. Use it for what is new, or what you are not sure of.";
        Ok(Self(FunctionTool::new("web_search", description, search).deadline(deadline)))
    }
}

async fn find(service: &Service, config: &TavilyConfig, arguments: Arguments) -> Result<ToolOutput> {
    let query = arguments.query.trim();
    if query.is_empty() || query.chars().count() > LONGEST_QUERY {
        let message = format!("`query`: must be 1 to {LONGEST_QUERY} characters");
        return Err(Error::new(ErrorKind::InvalidInput, Stage::Tool, message));
    }
    let request = SearchRequest {
        query,
        search_depth: config.search_depth,
        topic: arguments.topic,
        max_results: config.max_results,
        time_range: arguments.time_range,
        include_domains: &config.include_domains,
        exclude_domains: &config.exclude_domains,
    };
    let body = service.ask("/search", &request).await?;
    let answer = SearchAnswer::read(&body).ok_or_else(|| ASKED.nonsense())?;
    tracing::debug!(request_id = answer.request_id.as_deref(), results = answer.pages.len(), "searched the web");
    if answer.pages.is_empty() {
        return Ok("The search found nothing. Say so, or search for something else.".into());
    }
    Ok(quote(&answer.pages, config.result_tokens))
}

impl Tool for WebSearch {
    fn spec(&self) -> &ToolSpec {
        self.0.spec()
    }

    fn call(&self, arguments: Value, cx: CallContext) -> BoxFuture<'static, Result<ToolOutput>> {
        self.0.call(arguments, cx)
    }
}
