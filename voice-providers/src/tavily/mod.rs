//! Tavily: web search, and the text of web pages, as tools for a language model.
//!
//! What comes from the web was written by strangers. The model gets it between marks that no page can write, with the
//! remark that it is data; still, a tool that acts on the world is better not offered beside one that reads the web.

mod config;
mod extract;
mod search;
mod wire;

pub use config::{SearchDepth, TavilyConfig};
pub use extract::WebExtract;
pub use search::WebSearch;

use crate::http::{Asked, client};
use crate::retry::at_most_twice;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use std::time::Duration;
use voice_core::{Error, ErrorKind, Result, Stage};

const BASE: &str = "https://api.tavily.com";
const ASKED: Asked = Asked { service: "Tavily", stage: Stage::Tool, key: "TAVILY_API_KEY", model: "" };
/// What is read of an answer.
const LONGEST_ANSWER: usize = 4 * 1_024 * 1_024;

/// Requests to the service, shared by its tools and all sessions.
#[derive(Debug)]
struct Service {
    base: String,
    authorization: HeaderValue,
    limit: Duration,
}

impl Service {
    fn new(config: &TavilyConfig) -> Result<Self> {
        let key = config.key.as_ref().filter(|key| !key.expose().trim().is_empty());
        let key =
            key.ok_or_else(|| Error::new(ErrorKind::Auth, Stage::Tool, "Tavily needs a key in TAVILY_API_KEY"))?;
        if config.timeout_ms == 0 {
            let message = "timeout_ms: nothing answers within 0 ms";
            return Err(Error::new(ErrorKind::InvalidConfig, Stage::Tool, message));
        }
        let base = config.base_url.as_ref().map_or_else(|| BASE.to_owned(), |url| url.http(""));
        Ok(Self { base, authorization: ASKED.bearer(key)?, limit: Duration::from_millis(config.timeout_ms) })
    }

    /// How long a call may take as seen from outside: a little longer than the service may.
    fn deadline(&self) -> Duration {
        self.limit + Duration::from_millis(500)
    }

    /// Asks, and once more when the first request failed for a reason that passes.
    ///
    /// # Errors
    /// As [`Asked`] tells a request without an answer, or a refusal; `Timeout` when both took too long.
    async fn ask(&self, path: &str, request: &impl Serialize) -> Result<Vec<u8>> {
        let body = serde_json::to_vec(request).map(Bytes::from).map_err(|error| {
            Error::new(ErrorKind::Internal, Stage::Tool, "the request cannot be written").with_source(error)
        })?;
        let attempt = || async {
            let request = client().post(format!("{}{path}", self.base)).body(body.clone());
            let request =
                request.header(CONTENT_TYPE, "application/json").header(AUTHORIZATION, self.authorization.clone());
            let response = request.send().await.map_err(|error| ASKED.unanswered(error))?;
            if response.status().is_success() {
                ASKED.body(response, LONGEST_ANSWER).await
            } else {
                Err(ASKED.refused(response).await)
            }
        };
        at_most_twice(self.limit, || ASKED.timed_out("answer", self.limit), attempt).await
    }
}
