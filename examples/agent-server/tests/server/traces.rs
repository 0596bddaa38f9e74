//! Traces, as a collector gets them: over HTTP, in protobuf.

use crate::cloud::{deepgram, groq, speak, text};
use crate::support::{Client, Frame, TestServer, fakes, settings};
use crate::tools::{search_in_fragments, tavily};
use agent_server::Providers;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Of a caller that is traced.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// What a collector was sent.
#[derive(Default)]
struct Taken {
    spans: Vec<Span>,
    resource: Vec<KeyValue>,
    headers: Vec<HeaderMap>,
}

/// A collector that decodes and keeps what it is sent.
async fn collector(tasks: &mut JoinSet<()>) -> (String, Arc<Mutex<Taken>>) {
    let taken: Arc<Mutex<Taken>> = Arc::default();
    let keep = taken.clone();
    let take = move |headers: HeaderMap, body: Bytes| async move {
        let request = ExportTraceServiceRequest::decode(body).expect("protobuf");
        let mut taken = keep.lock().unwrap();
        taken.headers.push(headers);
        for of_resource in request.resource_spans {
            taken.resource = of_resource.resource.expect("a resource").attributes;
            taken.spans.extend(of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
        StatusCode::OK
    };
    (serve(tasks, Router::new().route("/otlp/v1/traces", post(take))).await, taken)
}

async fn serve(tasks: &mut JoinSet<()>, app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/otlp", listener.local_addr().unwrap());
    tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(attributes: &[KeyValue], key: &str) -> Option<Value> {
    let value = attributes.iter().find(|attribute| attribute.key == key)?.value.clone()?.value?;
    Some(match value {
        Any::StringValue(text) => json!(text),
        Any::BoolValue(flag) => json!(flag),
        Any::IntValue(number) => json!(number),
        Any::DoubleValue(number) => json!(number),
        other => panic!("{other:?}"),
    })
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name} of {:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>());
    found[0]
}

fn milliseconds(span: &Span) -> f64 {
    (span.end_time_unix_nano - span.start_time_unix_nano) as f64 / 1e6
}

/// The clock of the spans counts in µs at worst.
fn assert_lasts(span: &Span, ms: &Value) {
    let ms = ms.as_f64().expect("a figure");
    assert!((milliseconds(span) - ms).abs() < 0.02, "{}: {} ms for {ms}", span.name, milliseconds(span));
}

#[tokio::test]
async fn a_spoken_turn_is_a_span_of_its_stages_in_the_trace_of_its_caller() {
    let mut tasks = JoinSet::new();
    let asking: Vec<Value> = [text("Let me look.")].into_iter().chain(search_in_fragments()).collect();
    let (groq, _) = groq(&mut tasks, &[&asking, &[text("It rains in Oslo.")], &[text("You are welcome.")]]).await;
    let (tavily, _) = tavily(&mut tasks).await;
    let deepgram = deepgram(&mut tasks, "dg-key").await;
    let (collector, taken) = collector(&mut tasks).await;
    let config = settings(&[
        ("DEEPGRAM_API_KEY", "dg-key"),
        ("DEEPGRAM_BASE_URL", &deepgram),
        ("GROQ_API_KEY", "groq-key"),
        ("GROQ_BASE_URL", &groq),
        ("LLM", "groq:openai/gpt-oss-120b"),
        ("TAVILY_API_KEY", "tvly-key"),
        ("TAVILY_BASE_URL", &tavily),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20collector-key"),
        ("OTEL_SERVICE_NAME", "phone-line"),
    ]);
    let mut server = TestServer::with(&config, Providers::from_config(&config).unwrap()).await;
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let mut client = Client::try_connect(server.address, &[("traceparent", &traceparent)]).await.unwrap();
    client.send(json!({ "type": "start" })).await;
    let session = client.ready().await["session"].clone();
    speak(&mut client).await;
    client.until(|frame| frame.kind() == "reply_end").await;
    let frame = client.seen.iter().find(|frame| frame.kind() == "metrics").map(Frame::json).unwrap().clone();
    client.send(json!({ "type": "end" })).await;
    client.closed().await;
    server.shut_down();
    server.ended().await;

    let taken = taken.lock().unwrap();
    assert_eq!(taken.headers[0]["authorization"], "Bearer collector-key");
    assert_eq!(taken.headers[0]["content-type"], "application/x-protobuf");
    assert_eq!(attribute(&taken.resource, "service.name"), Some(json!("phone-line")));
    let spans = &taken.spans;
    assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE));
    let of_session = named(spans, "session");
    assert_eq!(hex(&of_session.parent_span_id), PARENT);
    assert_eq!(attribute(&of_session.attributes, "gen_ai.conversation.id"), Some(session.clone()));
    assert_eq!(attribute(&of_session.attributes, "voice_agent.close_reason"), Some(json!("end")));
    let turn = named(spans, "turn");
    assert_eq!(turn.parent_span_id, of_session.span_id);
    assert_eq!(attribute(&turn.attributes, "voice_agent.turn"), Some(json!(1)));
    assert_eq!(attribute(&turn.attributes, "voice_agent.total_ms"), Some(frame["total_ms"].clone()));

    let names = [("vad", "vad"), ("stt", "stt"), ("llm", "chat openai/gpt-oss-120b"), ("tts", "tts")];
    let figures = ["vad_end_ms", "stt_ms", "llm_ttft_ms", "tts_ms"];
    for ((_, name), figure) in names.iter().zip(figures) {
        let span = named(spans, name);
        assert_eq!(span.parent_span_id, turn.span_id, "{name}");
        assert_lasts(span, &frame[figure]);
        assert!(turn.start_time_unix_nano <= span.start_time_unix_nano, "{name}");
        assert!(span.end_time_unix_nano <= turn.end_time_unix_nano, "{name}");
    }
    let (vad, send) = (named(spans, "vad"), named(spans, "send"));
    let total = (send.end_time_unix_nano - vad.start_time_unix_nano) as f64 / 1e6;
    assert!((total - frame["total_ms"].as_f64().unwrap()).abs() < 0.1, "{total} ms for {}", frame["total_ms"]);
    let chat = named(spans, "chat openai/gpt-oss-120b");
    for (key, value) in [
        ("gen_ai.operation.name", json!("chat")),
        ("gen_ai.provider.name", json!("groq")),
        ("gen_ai.request.model", json!("openai/gpt-oss-120b")),
        ("gen_ai.conversation.id", session),
    ] {
        assert_eq!(attribute(&chat.attributes, key), Some(value), "{key}");
    }
    assert_eq!(chat.kind, 3, "a client of another service");
    let tool = named(spans, "execute_tool web_search");
    assert_eq!(tool.parent_span_id, turn.span_id);
    assert_eq!(attribute(&tool.attributes, "gen_ai.tool.call.id"), Some(json!("call_7")));
}

#[tokio::test]
async fn requests_are_traced_where_their_callers_are() {
    let mut tasks = JoinSet::new();
    let (collector, taken) = collector(&mut tasks).await;
    let mut server = TestServer::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector)]).await;
    server.get("/api/sessions").send().await;
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    server.get("/api/sessions/nobody").header("traceparent", &traceparent).send().await;
    server.get("/api/sessions/nobody").header("traceparent", "00-nonsense-01").send().await;
    server.shut_down();
    server.ended().await;
    let taken = taken.lock().unwrap();
    let span = named(&taken.spans, "GET /api/sessions/{id}");
    assert_eq!(taken.spans.len(), 1);
    assert_eq!((hex(&span.trace_id).as_str(), hex(&span.parent_span_id).as_str()), (TRACE, PARENT));
    assert_eq!(attribute(&span.attributes, "http.response.status_code"), Some(json!(404)));
}

#[tokio::test]
async fn a_caller_who_does_not_want_to_be_traced_is_not() {
    let mut tasks = JoinSet::new();
    let (collector, taken) = collector(&mut tasks).await;
    let mut server = TestServer::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector)]).await;
    let unsampled = format!("00-{TRACE}-{PARENT}-00");
    let mut client = Client::try_connect(server.address, &[("traceparent", &unsampled)]).await.unwrap();
    client.send(json!({ "type": "start" })).await;
    client.ready().await;
    client.ask("hello").await;
    drop(client);
    server.shut_down();
    server.ended().await;
    assert_eq!(taken.lock().unwrap().spans.len(), 0);
}

#[tokio::test]
async fn a_collector_that_hangs_costs_three_seconds_at_the_end_and_nothing_before() {
    let mut tasks = JoinSet::new();
    let hanging = || std::future::pending::<StatusCode>();
    let collector = serve(&mut tasks, Router::new().route("/otlp/v1/traces", post(hanging))).await;
    let config = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector)]);
    let mut server = TestServer::with(&config, fakes()).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    assert_eq!(client.ask("hello").await.trim(), "You said hello.");
    let asked = Instant::now();
    server.shut_down();
    assert_eq!(client.of_type("bye").await.json()["reason"], "drain");
    server.ended().await;
    assert!(asked.elapsed() >= Duration::from_secs(3), "the collector was waited for");
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
}

#[cfg(unix)]
#[tokio::test]
async fn a_collector_that_is_gone_is_told_once() {
    use crate::process::Process;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (mut process, address) = Process::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{gone}")),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=collector-key"),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
    ])
    .await;
    for _ in 0..3 {
        let mut client = Client::connect(address).await;
        client.ask("what is two times nine").await;
        client.send(json!({ "type": "end" })).await;
        client.closed().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    process.signal("-TERM");
    let (status, _) = process.end().await;
    assert_eq!(status.code(), Some(0));
    let told = process.log.iter().filter(|line| line["message"].to_string().contains("takes no traces"));
    assert_eq!(told.count(), 1, "{:#?}", process.log);
    assert!(!process.log.iter().any(|line| line.to_string().contains("collector-key")));
}
