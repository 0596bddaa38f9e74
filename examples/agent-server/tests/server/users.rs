//! Users who are known from before, and clients that only say they are.
#![cfg(unix)]

use crate::nodes::{Model, node_with, resume};
use crate::support::{Client, PATIENCE, Redis, TestServer};
use serde_json::{Value, json};
use std::time::Duration;
use voice_core::Message;

const SECRET: &str = "a-secret-of-thirty-two-bytes-or-more";

async fn server(redis: &Redis, model: &Model) -> TestServer {
    node_with(&[("REDIS_URL", &redis.url()), ("USER_MEMORY_TTL", "60"), ("TOKEN_SECRET", SECRET)], model).await
}

/// A client whose token vouches for this user, with the first that it is told.
async fn come(server: &TestServer, path: &str, user: &str, start: Value) -> (Client, Value) {
    let wish = json!({ "user": user }).to_string();
    let answer = server.request("POST", "/api/tokens").body(wish).send().await.json();
    let bearer = format!("Bearer {}", answer["token"].as_str().unwrap());
    let mut client = Client::try_connect_to(server.address, path, &[("authorization", &bearer)]).await.unwrap();
    client.send(start).await;
    let first = client.next().await.json().clone();
    (client, first)
}

/// One that gets a session.
async fn enter(server: &TestServer, user: &str, start: Value) -> (Client, Value) {
    let (client, first) = come(server, "/ws", user, start).await;
    assert_eq!(first["type"], "ready", "{first}");
    (client, first)
}

async fn leave(mut client: Client) {
    client.send(json!({ "type": "end" })).await;
    client.closed().await;
}

/// What an operator is told, once there is something.
async fn known(server: &TestServer, user: &str) -> Value {
    for _ in 0..400 {
        let answer = server.get(&format!("/api/users/{user}/memory")).send().await;
        if answer.status == 200 {
            return answer.json();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing is remembered of {user}");
}

#[tokio::test]
async fn a_user_who_is_vouched_for_is_known_again_on_any_server_and_can_be_forgotten() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let (first, second) = (server(&redis, &model).await, server(&redis, &model).await);
    let start = json!({ "type": "start", "user": "ada" });
    let (mut client, _) = enter(&first, "ada", start.clone()).await;
    client.ask("I like apples.").await;
    leave(client).await;
    assert_eq!(known(&second, "ada").await, json!({ "user": "ada", "summary": "They talked of fruit." }));
    let (mut client, _) = enter(&second, "ada", start.clone()).await;
    client.ask("Hello again.").await;
    let prompt = [Message::Summary("They talked of fruit.".into()), Message::user("Hello again.")];
    assert_eq!(model.last().messages, prompt);
    let path = "/api/users/ada/memory";
    assert_eq!(first.request("DELETE", path).send().await.status, 204);
    leave(client).await;
    let (mut client, _) = enter(&first, "ada", start).await;
    client.ask("Hello.").await;
    assert_eq!(model.last().messages, [Message::user("Hello.")]);
    let answer = first.get(path).send().await;
    assert_eq!((answer.status, answer.code()), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_client_that_only_says_who_it_is_gets_a_session_without_memory() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let server = server(&redis, &model).await;
    let (mut client, _) = enter(&server, "bob", json!({ "type": "start", "user": "ada" })).await;
    let error = client.of_type("error").await.json().clone();
    assert_eq!(error["code"], "bad_value");
    assert!(error["message"].as_str().unwrap().contains("`user`"), "{error}");
    client.ask("I like apples.").await;
    leave(client).await;
    let mut stranger = server.connect().await;
    stranger.send(json!({ "type": "start", "user": "ada" })).await;
    stranger.ready().await;
    assert_eq!(stranger.error().await, "bad_value");
}

#[tokio::test]
async fn a_session_that_a_user_has_opened_is_nobody_elses_on_another_server_either() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let (first, second) = (server(&redis, &model).await, server(&redis, &model).await);
    let (mut client, ready) = enter(&first, "ada", json!({ "type": "start" })).await;
    client.ask("I like apples.").await;
    crate::nodes::written(&redis, "I like apples").await;
    let (_, fresh) = enter(&second, "bob", resume(&ready)).await;
    assert_ne!(fresh["session"], ready["session"]);
    client.ask("It is still mine.").await;
    let (_, resumed) = enter(&second, "ada", resume(&ready)).await;
    assert_eq!(resumed["session"], ready["session"]);
}

#[tokio::test]
async fn a_user_who_comes_back_to_another_server_that_is_full_loses_nothing_and_is_let_in_when_it_is_not() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let first = server(&redis, &model).await;
    let small = [("REDIS_URL", &*redis.url()), ("TOKEN_SECRET", SECRET), ("MAX_SESSIONS", "1")];
    let second = node_with(&small, &model).await;
    let (other, _) = enter(&second, "bob", json!({ "type": "start" })).await;
    let (mut client, ready) = enter(&first, "ada", json!({ "type": "start" })).await;
    client.ask("I like apples.").await;
    crate::nodes::written(&redis, "I like apples").await;
    client.vanish();
    let come_back = |user| come(&second, "/ws?resume=1", user, resume(&ready));
    let refused = json!({ "type": "bye", "reason": "limit" });
    assert_eq!(come_back("ada").await.1, refused);
    let path = format!("/api/sessions/{}", ready["session"].as_str().unwrap());
    let held = second.get(&path).send().await;
    assert_eq!((held.status, held.json()["id"].clone()), (200, ready["session"].clone()), "it was not taken away");

    leave(other).await;
    let again = async {
        loop {
            let (client, told) = come_back("ada").await;
            if told["session"] == ready["session"] {
                return client;
            }
            assert_eq!(told, refused);
        }
    };
    let mut client = tokio::time::timeout(PATIENCE, again).await.expect("there is room");
    client.ask("And pears.").await;
    assert_eq!(model.last().messages.len(), 3);
    // The server is full again, with her own session: it is hers, and nobody else's.
    client.vanish();
    assert_eq!(come_back("bob").await.1, refused);
    assert_eq!(come_back("ada").await.1["session"], ready["session"]);
}

#[tokio::test]
async fn a_server_that_remembers_nobody_says_so() {
    let server = TestServer::start(&[]).await;
    let answer = server.get("/api/users/ada/memory").send().await;
    assert_eq!((answer.status, answer.code()), (404, "not_found".to_owned()));
    let mut client = server.connect().await;
    client.send(json!({ "type": "start", "user": "ada" })).await;
    client.ready().await;
    assert_eq!(client.error().await, "bad_value");
}
