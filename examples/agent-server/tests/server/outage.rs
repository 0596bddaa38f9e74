//! Redis that is not there: sessions go on with what their server remembers, and nobody waits.
#![cfg(unix)]

use crate::nodes::{Model, begin, node, resume, written};
use crate::process::Process;
use crate::support::{Client, Redis, TestServer};
use serde_json::{Value, json};
use std::time::Duration;
use voice_core::Message;

async fn ask(client: &mut Client, text: &str, turn: u32) {
    client.send(json!({ "type": "text", "text": text })).await;
    assert_eq!(client.of_type("reply_end").await.json()["turn"], turn);
}

/// The answer would take seconds to be spoken.
async fn begin_turn(client: &mut Client, text: &str) {
    client.send(json!({ "type": "text", "text": text })).await;
    client.of_type("transcript").await;
}

/// A server with a session in which one turn was answered, which Redis knows.
async fn after_one_turn(redis: &Redis, model: &Model) -> (TestServer, Client, Value) {
    let server = node(redis, model).await;
    let (mut client, ready) = begin(server.address, json!({ "type": "start" })).await;
    ask(&mut client, "apple", 1).await;
    written(redis, "You said apple").await;
    (server, client, ready)
}

/// What can be continued elsewhere is all of what was said.
async fn continues_elsewhere(redis: &Redis, model: &Model, ready: &Value, questions: &[&str]) {
    written(redis, &format!("You said {}", questions.last().unwrap())).await;
    let other: TestServer = node(redis, model).await;
    let (mut again, resumed) = begin(other.address, resume(ready)).await;
    assert_eq!(resumed["session"], ready["session"]);
    again.ask("and now?").await;
    let asked: Vec<Message> =
        model.last().messages.into_iter().filter(|message| matches!(message, Message::User(_))).collect();
    let expected: Vec<Message> = questions.iter().chain(&["and now?"]).map(|text| Message::user(*text)).collect();
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_server_starts_without_its_redis_and_writes_what_there_is_when_it_comes() {
    let Some(mut redis) = Redis::start().await else { return };
    redis.kill();
    let model = Model::new(Duration::ZERO);
    let server = node(&redis, &model).await;
    let (mut client, ready) = begin(server.address, json!({ "type": "start" })).await;
    ask(&mut client, "apple", 1).await;
    redis.start_again().await;
    continues_elsewhere(&redis, &model, &ready, &["apple"]).await;
}

#[tokio::test]
async fn turns_go_on_while_redis_is_gone_and_are_kept_when_it_is_back() {
    let Some(mut redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let (server, mut client, ready) = after_one_turn(&redis, &model).await;
    redis.kill();
    ask(&mut client, "peach", 2).await;
    // A new session as well, and one that comes back to this server.
    let (mut other, fresh) = begin(server.address, json!({ "type": "start" })).await;
    ask(&mut other, "plum", 1).await;
    other.vanish();
    let (mut other, resumed) = begin(server.address, resume(&fresh)).await;
    assert_eq!(resumed["session"], fresh["session"]);
    ask(&mut other, "cherry", 2).await;
    redis.start_again().await;
    continues_elsewhere(&redis, &model, &ready, &["apple", "peach"]).await;
    continues_elsewhere(&redis, &model, &fresh, &["plum", "cherry"]).await;
}

#[tokio::test]
async fn a_redis_that_comes_back_empty_learns_of_sessions_that_said_nothing_meanwhile() {
    let Some(mut redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let (_server, _client, ready) = after_one_turn(&redis, &model).await;
    redis.kill();
    redis.start_again().await;
    continues_elsewhere(&redis, &model, &ready, &["apple"]).await;
}

#[tokio::test]
async fn a_client_that_comes_back_while_redis_is_away_is_waited_with() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let (_first, _client, ready) = after_one_turn(&redis, &model).await;
    let second = node(&redis, &model).await;
    redis.hang(true);
    let mut again = Client::connect(second.address).await;
    again.send(resume(&ready)).await;
    // The first attempt has failed by now.
    while String::from_utf8_lossy(&second.get("/metrics").send().await.body).contains("store_up 1") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    redis.hang(false);
    assert_eq!(again.ready().await["session"], ready["session"]);
}

#[tokio::test]
async fn no_turn_waits_for_a_redis_that_hangs() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let server = node(&redis, &model).await;
    let (mut client, ready) = begin(server.address, json!({ "type": "start" })).await;
    redis.hang(true);
    // It will not answer before these turns are over.
    for (index, text) in ["apple", "peach", "plum"].into_iter().enumerate() {
        ask(&mut client, text, index as u32 + 1).await;
    }
    let (mut unknown, _) =
        begin(server.address, json!({ "type": "start", "resume": format!("{}.{}", "0".repeat(32), "0".repeat(64)) }))
            .await;
    assert_eq!(unknown.error().await, "bad_value", "who cannot be looked up is new here");
    let answer = server.get("/api/sessions/0123456789abcdef0123456789abcdef").send().await;
    assert_eq!((answer.status, answer.code()), (503, "store_unavailable".to_owned()));
    redis.hang(false);
    continues_elsewhere(&redis, &model, &ready, &["apple", "peach", "plum"]).await;
}

#[tokio::test]
async fn an_outage_is_one_warning_and_its_end_one_line() {
    let Some(mut redis) = Redis::start().await else { return };
    let variables =
        [("REDIS_URL", redis.url()), ("STT", "fake".into()), ("LLM", "fake".into()), ("TTS", "fake".into())];
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (mut process, address) = Process::start(&variables).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        let (mut client, ready) = begin(address, json!({ "type": "start" })).await;
        begin_turn(&mut client, "apple").await;
        clients.push((client, ready));
    }
    redis.kill();
    for (client, _) in &mut clients {
        begin_turn(client, "peach").await;
    }
    redis.start_again().await;
    for (_, ready) in &clients {
        written(&redis, ready["session"].as_str().unwrap()).await;
    }
    process.signal("-TERM");
    process.end().await;
    let lines = |level: &str, words: &str| {
        let of_it = |line: &&Value| line["level"] == level && line["message"].as_str().unwrap().contains(words);
        process.log.iter().filter(of_it).count()
    };
    assert_eq!(lines("warn", "Redis cannot be reached"), 1, "{:#?}", process.log);
    assert_eq!(lines("info", "Redis can be reached again"), 1, "{:#?}", process.log);
}
