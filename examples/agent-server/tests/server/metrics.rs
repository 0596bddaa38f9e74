//! What a monitor reads, and what the dashboard plots.

use crate::support::{Client, Frame, PATIENCE, Scrape, TestServer, fakes, settings};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest};
use voice_core::{Error, ErrorKind, Result, Stage};

/// Scrapes until it finds what it waits for.
async fn until(server: &TestServer, series: &str, wanted: f64) -> Scrape {
    let looking = async {
        loop {
            let scrape = Scrape::of(server).await;
            if scrape.find(series) == Some(wanted) {
                return scrape;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(scrape) => scrape,
        Err(_) => panic!("{series} is not {wanted} but {:?}", Scrape::of(server).await.find(series)),
    }
}

fn metrics(client: &Client) -> &Value {
    client.seen.iter().rev().find(|frame| frame.kind() == "metrics").expect("a metrics frame").json()
}

#[tokio::test]
async fn a_turn_stands_in_the_histograms_with_the_figures_of_its_frame() {
    let server = TestServer::start(&[]).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    client.ask("hello").await;
    let frame = metrics(&client);
    let scrape = until(&server, "turns_total", 1.0).await;
    let same = |series: &str, ms: &Value| {
        let (seconds, ms) = (scrape.get(series), ms.as_f64().expect("a figure"));
        assert!((seconds * 1_000.0 - ms).abs() < 1e-6, "{series}: {seconds} s for {ms} ms");
    };
    same("total_seconds_sum{turn=\"typed\"}", &frame["total_ms"]);
    same("llm_ttft_seconds_sum{provider=\"fake\"}", &frame["llm_ttft_ms"]);
    same("tts_seconds_sum{provider=\"fake\"}", &frame["tts_ms"]);
    for part in frame["path"].as_array().unwrap() {
        same(&format!("path_seconds_sum{{stage={}}}", part["stage"]), &part["ms"]);
    }
    assert_eq!(scrape.get("total_seconds_count{turn=\"typed\"}"), 1.0);
    assert_eq!(scrape.get("total_seconds_bucket{le=\"+Inf\",turn=\"typed\"}"), 1.0);
    assert_eq!(scrape.series("stt_seconds_sum"), Vec::<&str>::new(), "nobody spoke");
    let answer = server.get("/metrics").send().await;
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));

    let history = server.get("/api/metrics/history?minutes=5").send().await.json();
    assert_eq!(history["series"]["total"]["p50"], frame["total_ms"]);
    assert_eq!(history["series"]["total"]["points"][0][1], frame["total_ms"]);
    assert_eq!(history["series"]["tts"]["turns"], 1);
    assert_eq!(server.get("/api/metrics/history?minutes=x").send().await.status, 400);
}

#[tokio::test]
async fn sessions_are_counted_from_their_opening_to_their_end() {
    let server = TestServer::start(&[("MAX_SESSIONS", "2")]).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    let lost = server.begin(json!({ "type": "start" })).await;
    assert_eq!(Client::try_connect(server.address, &[]).await.err(), Some(503));
    let resume = lost.seen[0].json()["resume"].clone();
    lost.vanish();
    let scrape = until(&server, "sessions_connected", 1.0).await;
    for (series, wanted) in [
        ("sessions_open", 2.0),
        ("sessions_limit", 2.0),
        ("sessions{state=\"listening\"}", 2.0),
        ("sessions{state=\"speaking\"}", 0.0),
        ("sessions_opened_total", 2.0),
        ("refused_total{reason=\"full\"}", 1.0),
    ] {
        assert_eq!(scrape.get(series), wanted, "{series}");
    }
    assert!(scrape.get("connections") >= 2.0, "a WebSocket and the scrape itself");
    let _back = server.begin(json!({ "type": "start", "resume": resume })).await;
    until(&server, "sessions_resumed_total", 1.0).await;
    client.send(json!({ "type": "end" })).await;
    client.closed().await;
    let scrape = until(&server, "sessions_closed_total{reason=\"end\"}", 1.0).await;
    assert_eq!(scrape.get("sessions_open"), 1.0);
}

#[tokio::test]
async fn what_clients_do_wrong_and_what_is_cut_short_is_counted() {
    let server = TestServer::start(&[]).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    client.send_audio(vec![0u8; 3]).await;
    client.send_text("{").await;
    assert_eq!((client.error().await, client.error().await), ("odd_length".into(), "bad_json".into()));
    client.send(json!({ "type": "text", "text": "word ".repeat(100) })).await;
    client.of_type("audio").await;
    client.send(json!({ "type": "interrupt" })).await;
    client.of_type("reply_end").await;
    let scrape = until(&server, "interruptions_total", 1.0).await;
    assert_eq!(scrape.get("error_frames_total{code=\"odd_length\"}"), 1.0);
    assert_eq!(scrape.get("error_frames_total{code=\"bad_json\"}"), 1.0);
    assert_eq!(scrape.get("false_interruptions_total"), 0.0);
}

#[tokio::test]
async fn a_microphone_ahead_of_time_and_what_waits_for_it_is_told() {
    let mut providers = fakes();
    providers.vad = Some(voice_core::builtin::SileroModel::embedded().unwrap());
    let server = TestServer::with(&settings(&[]), providers).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    // Three seconds in two moments, then more than the queue holds.
    for _ in 0..8 {
        client.send_audio(vec![0u8; 64_000]).await;
    }
    assert_eq!(client.error().await, "overrun");
    let scrape = until(&server, "overruns_total", 1.0).await;
    assert!(scrape.get("queued{queue=\"microphone\"}") > 0.0);
    assert_eq!(scrape.get("queued{queue=\"microphone\"}"), scrape.get("queued_most{queue=\"microphone\"}"));
    assert_eq!(scrape.get("late_audio_total"), 0.0);
}

#[tokio::test]
async fn a_failure_is_counted_listed_and_shown_with_its_session() {
    let mut providers = fakes();
    providers.llm = Some(Arc::new(Broken));
    let server = TestServer::with(&settings(&[]), providers).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    let session = client.seen[0].json()["session"].clone();
    client.ask("hello").await;
    until(&server, "failures_total{stage=\"llm\",kind=\"unavailable\"}", 1.0).await;
    let errors = server.get("/api/errors").send().await.json()["errors"].clone();
    assert_eq!(errors.as_array().unwrap().len(), 1);
    let error = &errors[0];
    for (field, wanted) in [
        ("session", session.clone()),
        ("turn", json!(1)),
        ("stage", json!("llm")),
        ("kind", json!("unavailable")),
        ("provider", json!(null)),
        ("message", json!("the wire is cut")),
    ] {
        assert_eq!(error[field], wanted, "{field}");
    }
    assert!(error["at_ms"].as_u64().unwrap() > 1_600_000_000_000);
    let shown = server.get(&format!("/api/sessions/{}", session.as_str().unwrap())).send().await.json();
    assert_eq!((&shown["last_error"], &shown["counts"]["failures"]), (error, &json!(1)));
    assert_eq!(server.get("/api/errors?after=1").send().await.json(), json!({ "errors": [] }));
}

#[tokio::test]
async fn a_stranger_among_the_providers_makes_no_series_of_its_own() {
    let mut providers = fakes();
    providers.llm = Some(Arc::new(Stranger));
    let server = TestServer::with(&settings(&[]), providers).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    client.ask("hello").await;
    let scrape = until(&server, "turns_total", 1.0).await;
    assert_eq!(scrape.series("llm_ttft_seconds_count"), ["llm_ttft_seconds_count{provider=\"other\"}"]);
}

#[tokio::test]
async fn the_process_and_its_threads_are_watched() {
    let server = TestServer::start(&[]).await;
    let watched = async {
        while Scrape::of(&server).await.find("thread_lateness_seconds_count").unwrap_or(0.0) < 3.0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, watched).await.expect("the threads are watched");
    let scrape = Scrape::of(&server).await;
    for series in ["process_resident_memory_bytes", "process_threads", "process_open_fds", "process_cpu_seconds_total"]
    {
        assert!(scrape.get(series) > 0.0, "{series}");
    }
    assert_eq!(scrape.get(&format!("build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1.0);
}

#[tokio::test]
async fn a_gap_in_the_voice_is_counted() {
    let mut providers = fakes();
    // A synthesiser that takes longer for each sentence than the one before it sounds.
    let slow = voice_core::testing::FakeTts::new(Duration::from_millis(400), 16_000, Duration::from_millis(10));
    providers.tts = Some(Arc::new(slow));
    let server = TestServer::with(&settings(&[]), providers).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    client.ask("One thing. Another thing. A third.").await;
    assert!(Scrape::of(&server).await.get("late_audio_total") >= 1.0);
    assert!(client.seen.iter().any(|frame| matches!(frame, Frame::Audio(_))));
}

/// A model that cannot be reached.
struct Broken;

impl LlmProvider for Broken {
    fn name(&self) -> &str {
        "fake"
    }

    fn generate(&self, _: LlmRequest, _: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        stream::iter([Err(Error::new(ErrorKind::Unavailable, Stage::Llm, "the wire is cut"))]).boxed()
    }
}

/// A model of a name that no setting knows.
struct Stranger;

impl LlmProvider for Stranger {
    fn name(&self) -> &str {
        "stranger"
    }

    fn generate(&self, _: LlmRequest, _: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        stream::iter([Ok(LlmEvent::Text("Yes.".into()))]).boxed()
    }
}
