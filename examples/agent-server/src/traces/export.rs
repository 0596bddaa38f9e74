//! The way to the collector. The thread that gathers the spans sends them as well, on a runtime of its own: it needs none
//! of the server's threads, and waits for a collector that hangs without anybody else waiting.

use crate::config::Telemetry;
use crate::metrics::Metrics;
use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderValue, Request, Response};
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long the collector may take for one batch: the specification's default.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends batches, one at a time.
pub(super) struct Collector {
    url: String,
    headers: HeaderMap,
    runtime: Runtime,
    metrics: Arc<Metrics>,
    /// The last batch was not taken, which has been told.
    failing: AtomicBool,
}

impl Collector {
    pub(super) fn new(url: String, settings: &Telemetry, metrics: Arc<Metrics>) -> io::Result<Self> {
        let header = |value: &str| {
            let mut value = HeaderValue::from_str(value).ok()?;
            value.set_sensitive(true);
            Some(value)
        };
        let headers = &settings.headers;
        let headers =
            headers.iter().filter_map(|(name, value)| Some((name.clone(), header(value.expose())?))).collect();
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("traces").enable_all().build()?;
        Ok(Self { url, headers, runtime, metrics, failing: AtomicBool::new(false) })
    }

    async fn post(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let mut headers = parts.headers;
        headers.extend(self.headers.clone());
        let sent =
            voice_providers::http_client().post(&self.url).headers(headers).body(body).timeout(PATIENCE).send().await;
        let answer = sent.map_err(|error| error.without_url())?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        Ok(response)
    }

    /// Tells a failure once, until it is over.
    fn note(&self, result: &Result<Response<Bytes>, HttpError>) {
        let problem = match result {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(error.to_string()),
        };
        self.metrics.traces_exported(problem.is_none());
        match (problem, self.failing.load(Ordering::Relaxed)) {
            (Some(problem), false) => {
                tracing::warn!(problem, "the collector takes no traces; they are dropped until it does")
            }
            (None, true) => tracing::info!("the collector takes traces again"),
            (None, false) | (Some(_), true) => return,
        }
        self.failing.fetch_xor(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl HttpClient for Collector {
    /// Called by the thread of the batches alone, which waits for nothing else: it may wait here, inside of the call.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let result = self.runtime.block_on(self.post(request));
        self.note(&result);
        result
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").field("url", &self.url).finish_non_exhaustive()
    }
}
