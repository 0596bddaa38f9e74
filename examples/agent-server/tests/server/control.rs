//! Operators may ask any server about any session: the one that holds it answers.
#![cfg(unix)]

use crate::nodes::{Model, begin, node, resume, written};
use crate::process::Process;
use crate::support::{Redis, Request, TestServer};
use serde_json::{Value, json};
use std::time::Duration;

fn path(ready: &Value) -> String {
    format!("/api/sessions/{}", ready["session"].as_str().unwrap())
}

#[tokio::test]
async fn the_context_of_a_session_can_be_changed_through_any_server() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let (holder, other) = (node(&redis, &model).await, node(&redis, &model).await);
    let (mut client, ready) = begin(holder.address, json!({ "type": "start", "instructions": "Be brief." })).await;
    client.ask("apple").await;
    written(&redis, "You said apple").await;
    let change = json!({ "instructions": null, "context": "It is noon." }).to_string();
    let put = |server: &TestServer, body: &str| server.request("PUT", &format!("{}/context", path(&ready))).body(body);
    assert_eq!(put(&other, &change).send().await.status, 204);
    client.ask("peach").await;
    let asked = model.last();
    assert_eq!((asked.instructions.as_deref(), asked.context.as_deref()), (None, Some("It is noon.")));
    let refused = put(&other, "[]").send().await;
    assert_eq!((refused.status, refused.code()), (400, "bad_json".to_owned()));
}

#[tokio::test]
async fn sessions_are_shown_listed_and_ended_through_any_server() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let (holder, other) = (node(&redis, &model).await, node(&redis, &model).await);
    let (mut client, ready) = begin(holder.address, json!({ "type": "start" })).await;
    let (_waiting, mine) = begin(other.address, json!({ "type": "start" })).await;
    client.ask("apple").await;
    written(&redis, "You said apple").await;
    let shown = other.get(&path(&ready)).send().await;
    assert_eq!((shown.status, shown.json()["turn"].clone()), (200, json!(1)));
    let of = |answer: Value| -> Vec<(Value, bool)> {
        let mut sessions: Vec<_> = answer
            .as_array()
            .unwrap()
            .iter()
            .map(|session| (session["id"].clone(), session["node"].is_string()))
            .collect();
        sessions.sort_by_key(|(id, _)| id.to_string());
        sessions
    };
    assert_eq!(of(other.get("/api/sessions").send().await.json()), [(mine["session"].clone(), false)]);
    let mut both = [(mine["session"].clone(), true), (ready["session"].clone(), true)];
    both.sort_by_key(|(id, _)| id.to_string());
    assert_eq!(of(other.get("/api/sessions?all=1").send().await.json()), both);
    assert_eq!(other.request("DELETE", &path(&ready)).send().await.status, 204);
    assert_eq!(client.of_type("bye").await.json()["reason"], "deleted");
    for server in [&holder, &other] {
        let answer = server.get(&path(&ready)).send().await;
        assert_eq!((answer.status, answer.code()), (404, "not_found".to_owned()));
    }
}

#[tokio::test]
async fn a_session_nobody_knows_is_unknown_at_once() {
    let Some(redis) = Redis::start().await else { return };
    let server = node(&redis, &Model::new(Duration::ZERO)).await;
    for id in ["nobody", "0123456789abcdef0123456789abcdef", "a%0d%0ab"] {
        let answer = server.request("DELETE", &format!("/api/sessions/{id}")).send().await;
        assert_eq!((answer.status, answer.code()), (404, "not_found".to_owned()), "{id}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_and_one_that_is_gone_are_told_apart() {
    let Some(redis) = Redis::start().await else { return };
    let asked = node(&redis, &Model::new(Duration::ZERO)).await;
    let variables =
        [("REDIS_URL", redis.url()), ("STT", "fake".into()), ("LLM", "fake".into()), ("TTS", "fake".into())];
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (holder, address) = Process::start(&variables).await;
    let (client, ready) = begin(address, json!({ "type": "start" })).await;
    written(&redis, ready["session"].as_str().unwrap()).await;
    holder.signal("-STOP");
    let answer = asked.get(&path(&ready)).send().await;
    assert_eq!((answer.status, answer.code()), (504, "node_timeout".to_owned()));
    let all = asked.get("/api/sessions?all=1").send().await;
    assert_eq!((all.status, all.json()), (200, json!([])));
    assert!(all.header("voice-agent-silent-nodes").is_some(), "{}", all.head);
    holder.signal("-KILL");
    drop(client);
    // Its connections are closed by the system, sooner or later.
    let mut answer = asked.get(&path(&ready)).send().await;
    for _ in 0..200 {
        if answer.status != 504 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        answer = asked.get(&path(&ready)).send().await;
    }
    assert_eq!((answer.status, answer.code()), (503, "node_lost".to_owned()));
    // What it left can be erased, and is then nobody's to continue.
    assert_eq!(asked.request("DELETE", &path(&ready)).send().await.status, 204);
    assert_eq!(asked.get(&path(&ready)).send().await.status, 404);
    let (_, fresh) = begin(asked.address, resume(&ready)).await;
    assert_ne!(fresh["session"], ready["session"]);
}

#[tokio::test]
async fn a_server_alone_knows_its_own_sessions_only() {
    let server = TestServer::start(&[]).await;
    let (_client, ready) = begin(server.address, json!({ "type": "start" })).await;
    let all = Request::new(server.address, "GET", "/api/sessions?all=1").send().await.json();
    assert_eq!(all[0]["id"], ready["session"]);
    assert_eq!(server.get("/api/sessions/0123456789abcdef0123456789abcdef").send().await.status, 404);
}
