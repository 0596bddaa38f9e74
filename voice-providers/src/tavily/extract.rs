//! `web_extract`: gives the model the text of one page.

use super::wire::{ExtractAnswer, ExtractRequest, quote};
use super::{ASKED, Service, TavilyConfig};
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use voice_core::stage::{CallContext, FunctionTool, Tool};
use voice_core::{Error, ErrorKind, Result, Stage, ToolOutput, ToolSpec};

/// The text of a web page. Five pages cost 1 credit; the service fetches them, not this machine.
///
/// The model chooses the address, and a page it has read may talk it into one that carries what the user said. Offer
/// this only to an agent that knows no secrets.
#[derive(Debug, Clone)]
pub struct WebExtract(FunctionTool);

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// The page's address, beginning with http:// or https://.
    url: String,
    /// What is to be found there; without it the beginning of the page is given.
    #[serde(default)]
    query: Option<String>,
}

impl WebExtract {
    /// The tool.
    ///
    /// # Errors
    /// `Auth` without a key; `InvalidConfig` naming the option that cannot work.
    pub fn new(config: TavilyConfig) -> Result<Self> {
        let service = Arc::new(Service::new(&config)?);
        let (deadline, tokens) = (service.deadline(), config.result_tokens);
        let extract = move |arguments: Arguments, _: CallContext| {
            let service = Arc::clone(&service);
            async move { read(&service, tokens, arguments).await }
        };
        let description = "Reads a web page. Use it when a search result is not enough.";
        Ok(Self(FunctionTool::new("web_extract", description, extract).deadline(deadline)))
    }
}

async fn read(service: &Service, tokens: usize, arguments: Arguments) -> Result<ToolOutput> {
    let url = arguments.url.trim();
    if !url.starts_with("https://") && !url.starts_with("http://") {
        let message = "`url`: must begin with http:// or https://";
        return Err(Error::new(ErrorKind::InvalidInput, Stage::Tool, message));
    }
    let query = arguments.query.as_deref().map(str::trim).filter(|query| !query.is_empty());
    let request = ExtractRequest { urls: [url], extract_depth: "basic", format: "text", query };
    let body = service.ask("/extract", &request).await?;
    let answer = ExtractAnswer::read(&body).ok_or_else(|| ASKED.nonsense())?;
    if answer.pages.is_empty() {
        let why = answer.failure.map(|why| format!(": {why}")).unwrap_or_default();
        return Err(Error::new(ErrorKind::InvalidInput, Stage::Tool, format!("the page cannot be read{why}")));
    }
    Ok(quote(&answer.pages, tokens))
}

impl Tool for WebExtract {
    fn spec(&self) -> &ToolSpec {
        self.0.spec()
    }

    fn call(&self, arguments: Value, cx: CallContext) -> BoxFuture<'static, Result<ToolOutput>> {
        self.0.call(arguments, cx)
    }
}
