//! Tokens that are good for so many sessions, whichever of several servers they are shown to.
#![cfg(unix)]

use crate::nodes::{Model, node_with, resume, written};
use crate::support::{Answer, Client, PATIENCE, Redis, TestServer};
use serde_json::{Value, json};
use std::time::Duration;

const SECRET: &str = "a-secret-of-thirty-two-bytes-or-more";

async fn server(redis: &Redis) -> TestServer {
    let settings = [("REDIS_URL", &*redis.url()), ("TOKEN_SECRET", SECRET), ("REQUIRE_TOKEN", "1")];
    node_with(&settings, &Model::new(Duration::ZERO)).await
}

/// `Bearer` and a token that is good for this much.
async fn token(server: &TestServer, wish: Value) -> String {
    let answer = server.request("POST", "/api/tokens").body(wish.to_string()).send().await.json();
    format!("Bearer {}", answer["token"].as_str().unwrap())
}

async fn shown(server: &TestServer, token: &str) -> Answer {
    server.handshake().header("authorization", token).send().await
}

async fn enter(server: &TestServer, path: &str, token: &str, start: Value) -> (Client, Value) {
    let mut client = Client::try_connect_to(server.address, path, &[("authorization", token)]).await.unwrap();
    client.send(start).await;
    let ready = client.ready().await;
    (client, ready)
}

/// Waits until a token opens a session again, and has it.
async fn free(server: &TestServer, token: &str) -> Client {
    let free = async {
        loop {
            if let Ok(client) = Client::try_connect(server.address, &[("authorization", token)]).await {
                return client;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let mut client = tokio::time::timeout(PATIENCE, free).await.expect("what has ended counts no more");
    client.ready().await;
    client
}

#[tokio::test]
async fn one_that_was_used_up_is_worth_nothing_to_any_server() {
    let Some(redis) = Redis::start().await else { return };
    let (first, second) = (server(&redis).await, server(&redis).await);
    let token = token(&first, json!({ "max_uses": 2 })).await;
    let start = json!({ "type": "start" });
    let (mut one, _) = enter(&first, "/ws", &token, start.clone()).await;
    enter(&second, "/ws", &token, start).await;
    for server in [&first, &second] {
        let refused = shown(server, &token).await;
        assert_eq!((refused.status, refused.code().as_str()), (403, "token_used_up"));
    }
    one.send(json!({ "type": "end" })).await;
    one.closed().await;
    let late = server(&redis).await;
    assert_eq!(shown(&late, &token).await.code(), "token_used_up", "nor to one that came later");
}

#[tokio::test]
async fn one_opens_so_many_sessions_at_once_on_all_servers() {
    let Some(redis) = Redis::start().await else { return };
    let (first, second) = (server(&redis).await, server(&redis).await);
    let token = token(&first, json!({ "max_sessions": 1 })).await;
    let (mut client, _) = enter(&first, "/ws", &token, json!({ "type": "start" })).await;
    let refused = shown(&second, &token).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "token_busy"));
    client.send(json!({ "type": "end" })).await;
    client.closed().await;
    free(&second, &token).await;
}

#[tokio::test]
async fn what_did_not_begin_was_no_use() {
    let Some(redis) = Redis::start().await else { return };
    let (first, second) = (server(&redis).await, server(&redis).await);
    let token = token(&first, json!({ "max_uses": 1 })).await;
    Client::try_connect(first.address, &[("authorization", &token)]).await.unwrap().vanish();
    let _open = free(&second, &token).await;
    assert_eq!(shown(&first, &token).await.code(), "token_used_up", "once it has begun it is one");
}

#[tokio::test]
async fn a_session_that_goes_on_elsewhere_is_no_further_use_and_is_open_there() {
    let Some(redis) = Redis::start().await else { return };
    let (first, second) = (server(&redis).await, server(&redis).await);
    let token = token(&first, json!({ "user": "ada", "max_sessions": 1, "max_uses": 2 })).await;
    let (mut client, ready) = enter(&first, "/ws", &token, json!({ "type": "start" })).await;
    client.ask("apple").await;
    written(&redis, "You said apple").await;
    let (mut moved, resumed) = enter(&second, "/ws?resume=1", &token, resume(&ready)).await;
    assert_eq!(resumed["session"], ready["session"]);
    client.closed().await;
    let (mut back, _) = enter(&first, "/ws?resume=1", &token, resume(&ready)).await;
    moved.closed().await;
    for server in [&first, &second] {
        assert_eq!(shown(server, &token).await.code(), "token_busy", "it is one session, and open");
    }
    back.send(json!({ "type": "end" })).await;
    back.closed().await;
    let _second = free(&second, &token).await;
    assert_eq!(shown(&first, &token).await.code(), "token_used_up", "that was its second use");
}

#[tokio::test]
async fn without_redis_each_server_counts_what_it_sees() {
    let Some(mut redis) = Redis::start().await else { return };
    let (first, second) = (server(&redis).await, server(&redis).await);
    let token = token(&first, json!({ "max_uses": 1 })).await;
    redis.kill();
    for server in [&first, &second] {
        enter(server, "/ws", &token, json!({ "type": "start" })).await;
        assert_eq!(shown(server, &token).await.code(), "token_used_up");
    }
}

#[tokio::test]
async fn who_could_open_sessions_is_not_known_by_what_redis_holds() {
    let Some(redis) = Redis::start().await else { return };
    let server = server(&redis).await;
    let answer = server.request("POST", "/api/tokens").body(r#"{"user":"ada","max_uses":3}"#).send().await.json();
    let bearer = format!("Bearer {}", answer["token"].as_str().unwrap());
    enter(&server, "/ws", &bearer, json!({ "type": "start" })).await;
    let dump = redis.dump().await;
    assert!(dump.contains("voice-agent:token:"), "{dump}");
    for part in [answer["id"].as_str().unwrap(), answer["token"].as_str().unwrap()] {
        assert!(!dump.contains(part), "{dump}");
    }
}
