//! Paths, health and the page.

use crate::support::{TestServer, fakes, settings};
use agent_server::{ExampleGroup, MissingEngine};
use serde_json::json;
use voice_core::Stage;

#[tokio::test]
async fn every_path_answers_as_the_contract_says() {
    let server = TestServer::start(&[]).await;
    for (method, path, status, code) in [
        ("GET", "/", 200, ""),
        ("HEAD", "/", 200, ""),
        ("GET", "/main.js", 200, ""),
        ("GET", "/?server=wss://voice.example", 200, ""),
        ("GET", "/healthz", 200, ""),
        ("GET", "/readyz", 200, ""),
        ("GET", "/api/examples", 200, ""),
        ("GET", "/api/sessions", 200, ""),
        ("GET", "/api/sessions/nobody", 404, "not_found"),
        ("DELETE", "/api/sessions/nobody", 404, "not_found"),
        ("PUT", "/api/sessions/nobody/context", 404, "not_found"),
        ("POST", "/api/sessions", 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("POST", "/", 405, "method_not_allowed"),
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/../Cargo.toml", 404, "not_found"),
        ("GET", "/%2e%2e/Cargo.toml", 404, "not_found"),
        ("GET", "/ws", 426, "upgrade_required"),
        ("GET", "/metrics", 200, ""),
        ("GET", "/dashboard", 200, ""),
        ("POST", "/metrics", 405, "method_not_allowed"),
        ("GET", "/api/errors", 200, ""),
        ("GET", "/v1/realtime", 501, "not_implemented"),
        ("POST", "/webrtc", 501, "not_implemented"),
        ("GET", "/twilio", 501, "not_implemented"),
    ] {
        let answer = server.request(method, path).send().await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        if !code.is_empty() {
            assert_eq!(answer.code(), code, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_page_may_load_nothing_from_elsewhere_and_is_revalidated() {
    let server = TestServer::start(&[]).await;
    let page = server.get("/").send().await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap();
    for rule in ["default-src 'self'", "connect-src 'self' ws: wss:", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let dashboard = server.get("/dashboard").send().await;
    assert_eq!(dashboard.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = dashboard.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'self'; object-src 'none'") && !policy.contains("ws:"), "{policy}");
    let tag = page.header("etag").unwrap();
    let again = server.get("/").header("if-none-match", tag).send().await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let changed = server.get("/").header("if-none-match", "\"other\"").send().await;
    assert_eq!(changed.status, 200);
    let script = server.get("/main.js").send().await;
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
}

#[tokio::test]
async fn readiness_names_providers_and_what_is_missing() {
    let mut providers = fakes();
    providers.tts = None;
    providers.missing = vec![MissingEngine { stage: Stage::Tts, message: "install libflite1".into() }];
    let server = TestServer::with(&settings(&[("MAX_SESSIONS", "7")]), providers).await;
    let answer = server.get("/readyz").send().await;
    assert_eq!(answer.status, 200);
    let mut body = answer.json();
    let tasks = body.as_object_mut().unwrap().remove("tasks");
    assert!(tasks.is_some_and(|tasks| tasks.as_u64() >= Some(1)), "at least the one that answers");
    assert_eq!(
        body,
        json!({
            "status": "ready",
            "providers": { "stt": "fake", "llm": "fake", "tts": null },
            "missing": [{ "stage": "tts", "message": "install libflite1" }],
            "sessions": { "open": 0, "limit": 7 },
            "regions": [],
        })
    );
}

#[tokio::test]
async fn the_page_learns_what_one_can_say() {
    let server = TestServer::start(&[]).await;
    assert_eq!(server.get("/api/examples").send().await.json(), json!({ "groups": [] }));
    let mut providers = fakes();
    providers.examples = vec![ExampleGroup { title: "Time".into(), sentences: vec!["what time is it".into()] }];
    let server = TestServer::with(&settings(&[]), providers).await;
    assert_eq!(
        server.get("/api/examples").send().await.json(),
        json!({ "groups": [{ "title": "Time", "sentences": ["what time is it"] }] })
    );
}

#[tokio::test]
async fn a_body_that_is_too_big_is_refused() {
    let server = TestServer::start(&[]).await;
    let mut client = server.connect().await;
    client.send(json!({ "type": "start" })).await;
    let id = client.ready().await["session"].as_str().unwrap().to_owned();
    let body = format!("{{\"context\":\"{}\"}}", "x".repeat(70_000));
    let answer = server.request("PUT", &format!("/api/sessions/{id}/context")).body(body).send().await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "too_big"));
}
