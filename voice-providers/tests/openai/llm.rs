//! The language model.

use crate::server::{Reply, Server, Step};
use futures::StreamExt;
use serde_json::json;
use std::time::Duration;
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest};
use voice_core::{Error, ErrorKind, Message};
use voice_providers::openai::{OpenAiLlm, OpenAiLlmConfig};
use voice_providers::{Secret, groq};

pub const KEY: &str = "gsk_Abc123Def456Ghi789Jkl";

pub fn config(server: &Server) -> OpenAiLlmConfig {
    let mut config = OpenAiLlmConfig::default();
    config.base_url = Some(server.url("/v1"));
    config.key = Some(Secret::new(KEY));
    config.model = Some("m".to_owned());
    config
}

pub fn request() -> LlmRequest {
    LlmRequest { messages: vec![Message::user("hi")], ..LlmRequest::default() }
}

pub async fn ask(model: &OpenAiLlm) -> (String, Option<Error>) {
    let mut stream = model.generate(request(), CallContext::detached());
    let (mut text, mut failure) = (String::new(), None);
    while let Some(event) = stream.next().await {
        assert!(failure.is_none(), "nothing comes after an error");
        match event {
            Ok(LlmEvent::Text(piece)) => text += &piece,
            Ok(_) => {}
            Err(error) => {
                assert!(!format!("{error} {error:?}").contains("gsk_"), "{error:?}");
                failure = Some(error);
            }
        }
    }
    (text, failure)
}

/// One script, one call: what was said, how it failed, how often the server was asked.
async fn play(script: impl IntoIterator<Item = Reply>) -> (String, Option<ErrorKind>, usize) {
    let server = Server::start(script).await;
    let (text, error) = ask(&OpenAiLlm::new(config(&server)).unwrap()).await;
    (text, error.map(|error| error.kind().clone()), server.requests().len())
}

fn good() -> Reply {
    Reply::stream().text("Sure").text(", yes.").finish()
}

#[tokio::test]
async fn the_request_is_exact() {
    let server = Server::start([good()]).await;
    let mut config = config(&server);
    config.max_tokens = Some(100);
    config.headers.insert("x-team".to_owned(), Secret::new("voice"));
    let model = OpenAiLlm::new(config).unwrap();
    assert_eq!(ask(&model).await.0, "Sure, yes.");
    let sent = &server.requests()[0];
    assert_eq!(sent.line, "POST /v1/chat/completions");
    assert_eq!(sent.header("authorization"), Some(&*format!("Bearer {KEY}")));
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(sent.header("accept"), Some("text/event-stream"));
    assert_eq!(sent.header("x-team"), Some("voice"));
    let expected = concat!(
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"#,
        r#""stream_options":{"include_usage":true},"max_tokens":100}"#
    );
    assert_eq!(sent.text(), expected);
    assert!(!format!("{model:?}").contains("gsk_"));
}

#[tokio::test]
async fn groq_has_its_own_settings() {
    let server = Server::start([good()]).await;
    let model = groq::llm(Some(Secret::new(KEY)), None, Some(server.url(""))).unwrap();
    assert_eq!((model.name(), model.model()), ("groq", "openai/gpt-oss-120b"));
    ask(&model).await;
    let sent = &server.requests()[0];
    assert_eq!(sent.line, "POST /openai/v1/chat/completions");
    let expected = concat!(
        r#"{"model":"openai/gpt-oss-120b","messages":[{"role":"user","content":"hi"}],"stream":true,"#,
        r#""stream_options":{"include_usage":true},"reasoning_effort":"low"}"#
    );
    assert_eq!(sent.text(), expected);
    let whole = groq::llm(None, Some("qwen/qwen3.6-27b".to_owned()), Some(server.url("/openai/v1"))).unwrap();
    ask(&whole).await;
    let sent = &server.requests()[1];
    assert_eq!(sent.line, "POST /openai/v1/chat/completions", "the path is added once");
    assert!(sent.text().contains(r#""reasoning_effort":"none""#));
    assert_eq!(sent.header("authorization"), None);
}

type Change = fn(&mut OpenAiLlmConfig);

#[tokio::test]
async fn settings_that_cannot_work_are_named() {
    let server = Server::start([good()]).await;
    let cases: [(Change, ErrorKind, &str); 7] = [
        (|config| config.gap_timeout_ms = 0, ErrorKind::InvalidConfig, "gap_timeout_ms"),
        (|config| (config.base_url, config.key) = (None, None), ErrorKind::Auth, "OPENAI_API_KEY"),
        (|config| config.key = Some(Secret::new("gsk_\nx")), ErrorKind::Auth, "OPENAI_API_KEY"),
        (|config| config.model = None, ErrorKind::InvalidConfig, "LLM=openai:"),
        (
            |config| config.body = json!({ "model": "x" }).as_object().unwrap().clone(),
            ErrorKind::InvalidConfig,
            "model",
        ),
        (|config| drop(config.headers.insert("a b".into(), Secret::new("gsk_"))), ErrorKind::InvalidConfig, "headers"),
        (|config| drop(config.headers.insert("a".into(), Secret::new("gsk_\n"))), ErrorKind::InvalidConfig, "headers"),
    ];
    for (change, kind, words) in cases {
        let mut config = config(&server);
        change(&mut config);
        let error = OpenAiLlm::new(config).unwrap_err();
        assert_eq!(*error.kind(), kind, "{error}");
        assert!(error.message().contains(words) && !format!("{error:?}").contains("gsk_"), "{error:?}");
    }
    let error = groq::llm(None, None, None).unwrap_err();
    assert!(error.message().contains("GROQ_API_KEY"), "{error}");
}

#[test]
fn options_are_read_from_data_and_never_shown() {
    let options = json!({
        "base_url": "http://localhost:11434/v1", "key": KEY, "model": "llama3.2", "max_tokens_field": "max_tokens",
        "headers": { "x-key": KEY }, "body": { "seed": 7 }, "gap_timeout_ms": 20_000,
    });
    let config: OpenAiLlmConfig = serde_json::from_value(options).unwrap();
    assert_eq!((config.first_token_timeout_ms, config.gap_timeout_ms), (5_000, 20_000));
    assert!(!format!("{config:?}").contains(KEY));
    assert!(serde_json::from_str::<OpenAiLlmConfig>(r#"{"modle":"m"}"#).is_err());
}

#[tokio::test]
async fn chunks_may_end_anywhere() {
    let event = "data: {\"choices\":[{\"delta\":{\"content\":\"Grüße, 漢字 🎙.\"}}]}\r\n\r\n";
    let split = event.as_bytes().chunks(1).fold(Reply::stream(), |reply, byte| reply.chunk(byte));
    assert_eq!(play([split.finish()]).await, ("Grüße, 漢字 🎙.".to_owned(), None, 1));
    let joined = Reply::stream().chunk(format!(": ping\n\n{event}{event}data: [DONE]")).end();
    assert_eq!(play([joined]).await.0, "Grüße, 漢字 🎙.Grüße, 漢字 🎙.");
}

#[tokio::test]
async fn a_stream_that_fails_after_the_first_word_is_not_tried_again() {
    let begun = || Reply::stream().text("Sure");
    for (reply, kind) in [
        (begun().then(Step::Close), ErrorKind::Unavailable),
        (begun().end(), ErrorKind::Protocol),
        (begun().event(r#"{"error":{"message":"it broke"}}"#).end(), ErrorKind::Unavailable),
        (begun().chunk("event: error\ndata: {\"message\":\"it broke\"}\n\n").end(), ErrorKind::Unavailable),
        (begun().chunk(vec![b'x'; 1_100_000]).end(), ErrorKind::Protocol),
    ] {
        assert_eq!(play([reply, good()]).await, ("Sure".to_owned(), Some(kind), 1));
    }
}

#[tokio::test]
async fn what_cannot_pass_is_not_tried_again() {
    for (status, headers, kind) in [
        (400, "", ErrorKind::InvalidInput),
        (401, "", ErrorKind::Auth),
        (404, "", ErrorKind::InvalidConfig),
        (429, "retry-after: 9\r\n", ErrorKind::RateLimited { retry_after: Some(Duration::from_secs(9)) }),
    ] {
        let body = format!(r#"{{"error":{{"message":"no, {KEY}"}}}}"#);
        assert_eq!(play([Reply::of(status, headers, &body), good()]).await, (String::new(), Some(kind), 1));
    }
}

#[tokio::test]
async fn what_passes_is_tried_once_more() {
    let whole = ("Sure, yes.".to_owned(), None, 2);
    for failing in [
        Reply::of(500, "", ""),
        Reply::of(503, "", r#"{"error":{"code":503,"message":"Loading model"}}"#),
        Reply::of(429, "retry-after: 0.02\r\n", ""),
        Reply::of(429, "retry-after-ms: 20\r\n", ""),
        Reply(vec![Step::Close]),
        Reply::stream().then(Step::Close),
        Reply::stream().event(r#"{"error":{"message":"overloaded"}}"#).end(),
    ] {
        assert_eq!(play([failing, good()]).await, whole);
    }
    assert_eq!(play([Reply::of(500, "", "")]).await, (String::new(), Some(ErrorKind::Unavailable), 2));
}

#[tokio::test]
async fn every_wait_has_an_end() {
    for (reply, said) in [
        (Reply(vec![Step::AwaitClose]), ""),
        (Reply::stream().event(r#"{"choices":[{"delta":{"reasoning":"hm"}}]}"#).then(Step::AwaitClose), ""),
        (Reply::stream().text("Sure").chunk(": ping\n\n").then(Step::AwaitClose), "Sure"),
    ] {
        let server = Server::start([reply]).await;
        let mut config = config(&server);
        (config.first_token_timeout_ms, config.gap_timeout_ms) = (300, 200);
        let (text, error) = ask(&OpenAiLlm::new(config).unwrap()).await;
        assert_eq!((text.as_str(), error.unwrap().kind()), (said, &ErrorKind::Timeout));
        server.closed(1).await;
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_neither_ends_nor_goes_on_after_its_last_word_is_left() {
    let finish = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let server = Server::start([Reply::stream().text("Sure").event(finish).then(Step::AwaitClose)]).await;
    let (text, error) = ask(&OpenAiLlm::new(config(&server)).unwrap()).await;
    assert_eq!((text.as_str(), error.is_none()), ("Sure", true));
    server.closed(1).await;
}

#[tokio::test]
async fn a_key_is_not_carried_elsewhere() {
    let elsewhere = Server::start([good()]).await;
    let location = format!("location: {}\r\n", elsewhere.url("/v1/chat/completions"));
    let (text, error, _) = play([Reply::of(307, &location, "")]).await;
    assert_eq!((text.as_str(), error), ("", Some(ErrorKind::InvalidConfig)));
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_slow_first_word_within_its_time_is_waited_for() {
    let pause = Step::Pause(Duration::from_millis(150));
    let slow = Reply(vec![pause.clone()]);
    let slow = Reply([slow.0, Reply::stream().then(pause).text("Sure").finish().0].concat());
    assert_eq!(play([slow]).await, ("Sure".to_owned(), None, 1));
}

#[tokio::test]
async fn nobody_listens_there() {
    let mut config = config(&Server::start([good()]).await);
    config.base_url = Some("http://127.0.0.1:1/v1".parse().unwrap());
    let error = ask(&OpenAiLlm::new(config).unwrap()).await.1.unwrap();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    assert!(!format!("{error:?}").contains("127.0.0.1:1/v1"), "the address may be private: {error:?}");
}

#[tokio::test]
async fn cancelling_ends_the_stream_and_closes_the_connection() {
    for (reply, pieces) in
        [(Reply(vec![Step::AwaitClose]), 0), (Reply::stream().text("Sure").then(Step::AwaitClose), 1)]
    {
        let server = Server::start([reply]).await;
        let model = OpenAiLlm::new(config(&server)).unwrap();
        let cx = CallContext::detached();
        let mut stream = model.generate(request(), cx.clone());
        for _ in 0..pieces {
            stream.next().await.unwrap().unwrap();
        }
        let cancel = async {
            server.asked(1).await;
            cx.cancel.cancel();
        };
        assert!(futures::join!(stream.next(), cancel).0.is_none());
        server.closed(1).await;
        assert!(stream.next().await.is_none());
    }
}

#[tokio::test]
async fn dropping_closes_the_connection() {
    let server = Server::start([Reply::stream().text("Sure").then(Step::AwaitClose)]).await;
    let model = OpenAiLlm::new(config(&server)).unwrap();
    let mut stream = model.generate(request(), CallContext::detached());
    stream.next().await.unwrap().unwrap();
    drop(stream);
    server.closed(1).await;
    let mut waiting = model.generate(request(), CallContext::detached());
    let asked = server.asked(2);
    tokio::select! {
        _ = async { while waiting.next().await.is_some() {} } => unreachable!("the answer does not end"),
        () = asked => {}
    }
    drop(waiting);
    server.closed(2).await;
}

#[tokio::test]
async fn a_connection_serves_again_after_a_whole_answer() {
    let late_end = Reply::stream().text("Sure").event("[DONE]").then(Step::Pause(Duration::from_millis(5))).end();
    let server = Server::start([late_end, good()]).await;
    let model = OpenAiLlm::new(config(&server)).unwrap();
    for _ in 0..3 {
        assert!(ask(&model).await.1.is_none());
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
}
