//! Traces for OpenTelemetry: a span for each session, each turn and each stage, with the times they really took.
//!
//! The spans are made of what the observer of a session is told, not on the way of the audio. They wait in a queue of
//! bounded length, and a collector that is slow or gone costs spans and nothing else.

mod export;
mod requests;
mod session;
mod turn;

pub(crate) use requests::trace;
pub(crate) use session::SessionTrace;

use crate::config::{Config, ProviderChoice};
use crate::metrics::Metrics;
use axum::http::HeaderMap;
use export::Collector;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How long the last spans have to reach the collector when the server ends.
const LAST_SPANS: Duration = Duration::from_secs(3);

/// Where spans are made and sent from.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    models: Models,
}

/// The span of whoever calls, in another process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller(Option<Context>);

impl Traces {
    /// Begins to send, where a collector is configured. Whether it is there shows only with the first spans.
    ///
    /// # Errors
    /// No thread can be had.
    pub(crate) fn start(config: &Config, metrics: &Arc<Metrics>) -> io::Result<Option<Self>> {
        let Some(endpoint) = &config.telemetry.endpoint else { return Ok(None) };
        let url = endpoint.http("/v1/traces");
        let collector = Collector::new(url.clone(), &config.telemetry, metrics.clone())?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(collector)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(url)
            .build()
            .map_err(io::Error::other)?;
        let resource = Resource::builder()
            .with_service_name(config.telemetry.service.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        let scope = InstrumentationScope::builder("voice_agent").with_version(env!("CARGO_PKG_VERSION")).build();
        let tracer = provider.tracer_with_scope(scope);
        Ok(Some(Self { provider, tracer, models: Models(config.llm.clone()) }))
    }

    /// Sends what is left, for 3 s at most, and ends.
    pub(crate) async fn end(&self) {
        let provider = self.provider.clone();
        // Waits for a thread, so not on one that others need.
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_SPANS)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last traces did not reach their collector in time");
        }
    }
}

impl Caller {
    /// Whoever sent a request with these headers, if it is traced (W3C Trace Context: `traceparent`, `tracestate`).
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
        Self(Some(context).filter(|context| context.span().span_context().is_valid()))
    }

    fn context(&self) -> Context {
        self.0.clone().unwrap_or_default()
    }
}

/// Which model answers, where one is configured.
#[derive(Debug, Clone)]
struct Models(Vec<ProviderChoice>);

impl Models {
    fn of(&self, provider: &str) -> Option<&str> {
        self.0.iter().find(|choice| choice.provider.as_str() == provider)?.model.as_deref()
    }
}
