//! Requests of callers who are traced themselves.

use super::Caller;
use crate::state::AppState;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, SpanKind, Status, Tracer};

/// Gives a request that came with a `traceparent` a span in that trace. Others get none: a dashboard asks every second.
pub(crate) async fn trace(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(traces) = &state.traces else { return next.run(request).await };
    let caller = Caller::of(request.headers());
    if caller.0.is_none() {
        return next.run(request).await;
    }
    let method = request.method().as_str().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or_else(String::new, |path| path.as_str().to_owned());
    let builder = traces
        .tracer
        .span_builder(format!("{method} {route}"))
        .with_kind(SpanKind::Server)
        .with_attributes([KeyValue::new("http.request.method", method), KeyValue::new("http.route", route)]);
    let mut span = traces.tracer.build_with_context(builder, &caller.context());
    let response = next.run(request).await;
    span.set_attribute(KeyValue::new("http.response.status_code", i64::from(response.status().as_u16())));
    if response.status().is_server_error() {
        span.set_status(Status::error(""));
    }
    span.end();
    response
}
