//! What an operator can do.

use crate::support::{Client, PATIENCE, TestServer, fakes, settings};
use serde_json::{Value, json};

async fn session(server: &TestServer) -> (Client, String) {
    let mut client = server.connect().await;
    client.send(json!({ "type": "start" })).await;
    let id = client.ready().await["session"].as_str().unwrap().to_owned();
    (client, id)
}

#[tokio::test]
async fn sessions_are_listed_with_their_state_and_latencies() {
    let server = TestServer::start(&[]).await;
    assert_eq!(server.get("/api/sessions").send().await.json(), json!([]));
    let (mut client, id) = session(&server).await;
    let nothing_yet = json!({
        "vad_end_ms": null, "stt_ms": null, "llm_ttft_ms": null, "tts_ms": null, "total_ms": null,
        "speculative": false, "path": [],
    });
    let fresh = json!({
        "id": id, "state": "listening", "turn": 0,
        "providers": { "stt": "fake", "llm": "fake", "tts": "fake" },
        "latencies": nothing_yet,
    });
    let listed = server.get("/api/sessions").send().await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    for (field, value) in fresh.as_object().unwrap() {
        assert_eq!(&listed[0][field], value, "{field}");
    }
    client.ask("hello").await;
    let one = server.get(&format!("/api/sessions/{id}")).send().await.json();
    assert_eq!(one["turn"], 1);
    assert!(one["latencies"]["total_ms"].as_f64().unwrap() >= 0.0, "{one}");
    assert!(!one["latencies"]["path"].as_array().unwrap().is_empty(), "{one}");
    assert!(one["latencies"]["turn"].is_null(), "{one}");
}

#[tokio::test]
async fn a_session_shows_its_age_its_client_its_counts_and_its_last_turns() {
    let server = TestServer::start(&[("INSTRUCTIONS", "be brief")]).await;
    let (mut client, id) = session(&server).await;
    let path = format!("/api/sessions/{id}");
    client.ask("one").await;
    client.send(json!({ "type": "text", "text": "word ".repeat(100) })).await;
    client.of_type("audio").await;
    client.send(json!({ "type": "interrupt" })).await;
    client.of_type("reply_end").await;
    let shown = server.get(&path).send().await.json();
    assert_eq!((&shown["connected"], &shown["last_error"]), (&json!(true), &json!(null)), "{shown}");
    assert!(shown["age_s"].as_u64().unwrap() < 60);
    let counts = json!({
        "turns": 2, "interruptions": 1, "false_interruptions": 0, "failures": 0, "fallbacks": 0, "tool_calls": 0,
    });
    assert_eq!(shown["counts"], counts);
    assert_eq!((&shown["instructions"], &shown["context"]), (&json!("be brief"), &json!(null)));
    let frames: Vec<&Value> = client.seen.iter().filter(|f| f.kind() == "metrics").map(|f| f.json()).collect();
    let turns = shown["turns"].as_array().unwrap();
    assert_eq!(turns.len(), 2);
    for (turn, frame) in turns.iter().rev().zip(frames) {
        for (field, value) in turn.as_object().unwrap() {
            assert_eq!(&frame[field], value, "{field} as the client was told");
        }
    }
    server.request("PUT", &format!("{path}/context")).body("{\"context\":\"it rains\"}").send().await;
    client.ask("two").await;
    assert_eq!(server.get(&path).send().await.json()["context"], "it rains");
    client.vanish();
    let gone = async { while server.get(&path).send().await.json()["connected"] == true {} };
    tokio::time::timeout(PATIENCE, gone).await.expect("the connection counts as lost");
}

#[tokio::test]
async fn a_deleted_session_says_goodbye_and_is_gone() {
    let server = TestServer::start(&[]).await;
    let (mut client, id) = session(&server).await;
    let path = format!("/api/sessions/{id}");
    assert_eq!(server.request("DELETE", &path).send().await.status, 204);
    assert_eq!(server.get(&path).send().await.status, 404);
    assert_eq!(server.request("DELETE", &path).send().await.status, 404);
    assert_eq!(client.of_type("bye").await.json()["reason"], "deleted");
    assert_eq!(client.closed().await, Some(1000));
}

#[tokio::test]
async fn a_new_context_is_in_the_next_prompt() {
    let seen = prompts::Recorder::default();
    let mut providers = fakes();
    providers.llm = Some(std::sync::Arc::new(seen.clone()));
    let server = TestServer::with(&settings(&[("INSTRUCTIONS", "be brief")]), providers).await;
    let (mut client, id) = session(&server).await;
    let path = format!("/api/sessions/{id}/context");
    let put = |body: Value| server.request("PUT", &path).body(body.to_string()).send();
    client.ask("one").await;
    for change in
        [json!({ "context": "it rains" }), json!({ "instructions": null }), json!({}), json!({ "context": "dry" })]
    {
        assert_eq!(put(change).await.status, 204);
        client.ask("next").await;
    }
    let brief = Some("be brief".to_owned());
    let rains = Some("it rains".to_owned());
    assert_eq!(
        seen.prompts(),
        [
            (brief.clone(), None),
            (brief, rains.clone()),
            (None, rains.clone()),
            (None, rains),
            (None, Some("dry".into()))
        ]
    );
    for (body, code) in [
        ("{", "bad_json"),
        ("[]", "bad_json"),
        ("{\"context\":1}", "bad_value"),
        ("{\"contexts\":\"typo\"}", "bad_value"),
    ] {
        let answer = server.request("PUT", &path).body(body).send().await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{body}");
    }
}

#[tokio::test]
async fn the_api_asks_for_the_token_where_one_is_set() {
    let server = TestServer::start(&[("ADMIN_TOKEN", "s3cret")]).await;
    for (header, status) in [
        (None, 401),
        (Some("Bearer s3cret"), 200),
        (Some("bearer s3cret"), 200),
        (Some("Bearer wrong"), 401),
        (Some("Bearer "), 401),
        (Some("Basic s3cret"), 401),
        (Some("s3cret"), 401),
    ] {
        let request = server.get("/api/sessions");
        let request = match header {
            Some(header) => request.header("authorization", header),
            None => request,
        };
        let answer = request.send().await;
        assert_eq!(answer.status, status, "{header:?}");
        if status == 401 {
            assert_eq!(answer.code(), "unauthorized");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    for path in ["/api/sessions/x", "/api/sessions/x/context", "/metrics", "/api/metrics/history", "/api/errors"] {
        assert_eq!(server.get(path).send().await.status, 401, "{path}");
    }
    assert_eq!(server.get("/api/examples").send().await.status, 200);
}

#[tokio::test]
async fn without_a_token_the_api_is_for_the_loopback_alone() {
    let open = TestServer::start(&[("HOST", "127.0.0.1")]).await;
    assert_eq!(open.get("/api/sessions").send().await.status, 200);
    let closed = TestServer::start(&[("HOST", "0.0.0.0")]).await;
    let answer = closed.get("/api/sessions").send().await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"));
    assert_eq!(closed.get("/metrics").send().await.status, 403);
    assert_eq!(open.get("/metrics").send().await.status, 200);
    assert_eq!(closed.get("/api/examples").send().await.status, 200);
}

mod prompts {
    use futures::StreamExt;
    use futures::stream::{self, BoxStream};
    use std::sync::{Arc, Mutex};
    use voice_core::Result;
    use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest};

    type Prompt = (Option<String>, Option<String>);

    /// A model that keeps the instructions and context of every prompt.
    #[derive(Clone, Default)]
    pub(super) struct Recorder(Arc<Mutex<Vec<Prompt>>>);

    impl Recorder {
        pub(super) fn prompts(&self) -> Vec<Prompt> {
            self.0.lock().unwrap().clone()
        }
    }

    impl LlmProvider for Recorder {
        fn name(&self) -> &str {
            "recorder"
        }

        fn generate(&self, request: LlmRequest, _: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
            let text = |text: Option<Arc<str>>| text.map(|text| text.to_string());
            self.0.lock().unwrap().push((text(request.instructions), text(request.context)));
            stream::iter([Ok(LlmEvent::Text("Yes.".into()))]).boxed()
        }
    }
}
