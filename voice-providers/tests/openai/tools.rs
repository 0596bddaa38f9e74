//! Calls to tools, as servers send them.

use crate::llm::{KEY, config};
use crate::server::{Reply, Server};
use futures::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest};
use voice_core::{ErrorKind, Message, Result, SideEffect, ToolCall, ToolSpec};
use voice_providers::openai::OpenAiLlm;
use voice_providers::{Secret, groq};

fn request() -> LlmRequest {
    let tool = ToolSpec {
        name: "weather".into(),
        description: "Tells the weather.".into(),
        parameters: json!({ "type": "object", "properties": { "city": { "type": "string" } } }),
        effect: SideEffect::None,
        deadline: Duration::from_secs(5),
    };
    LlmRequest { messages: vec![Message::user("hi")], tools: [tool].into(), ..LlmRequest::default() }
}

async fn ask(model: &OpenAiLlm) -> Vec<Result<LlmEvent>> {
    model.generate(request(), CallContext::detached()).collect().await
}

fn calls(reply: Reply, fragments: Value) -> Reply {
    let delta = json!({ "choices": [{ "index": 0, "delta": { "tool_calls": fragments }, "finish_reason": null }] });
    reply.event(&delta.to_string())
}

fn finish(reply: Reply) -> Reply {
    let end = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
    reply.event(end).event("[DONE]").end()
}

fn whole_call() -> Reply {
    let fragment = json!([{ "index": 0, "id": "call_a", "type": "function",
        "function": { "name": "weather", "arguments": "{\"city\":\"Oslo\"}" } }]);
    finish(calls(Reply::stream(), fragment))
}

fn call(id: &str, arguments: &str) -> LlmEvent {
    LlmEvent::ToolCall(ToolCall { id: id.into(), name: "weather".into(), arguments: arguments.into() })
}

/// What is told while a call is being written.
fn at_work() -> LlmEvent {
    LlmEvent::Text(String::new())
}

#[tokio::test]
async fn a_tool_is_offered_and_called() {
    let server = Server::start([whole_call()]).await;
    let model = groq::llm(Some(Secret::new(KEY)), None, Some(server.url(""))).unwrap();
    let events: Vec<_> = ask(&model).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(events, [at_work(), call("call_a", r#"{"city":"Oslo"}"#)]);
    let expected = concat!(
        r#"{"model":"openai/gpt-oss-120b","messages":[{"role":"user","content":"hi"}],"#,
        r#""tools":[{"type":"function","function":{"name":"weather","description":"Tells the weather.","#,
        r#""parameters":{"properties":{"city":{"type":"string"}},"type":"object"}}}],"#,
        r#""stream":true,"stream_options":{"include_usage":true},"reasoning_effort":"low"}"#
    );
    assert_eq!(server.requests()[0].text(), expected);
}

#[tokio::test]
async fn calls_come_in_fragments_after_what_is_said() {
    let reply = Reply::stream().text("Let me look.");
    let reply = calls(reply, json!([{ "index": 0, "id": "a", "function": { "name": "weather", "arguments": "" } }]));
    let reply = calls(reply, json!([{ "index": 1, "id": "b", "function": { "name": "weather", "arguments": "" } }]));
    let reply = calls(
        reply,
        json!([{ "index": 0, "function": { "arguments": "{\"ci" } },
        { "index": 1, "function": { "arguments": "{}" } }]),
    );
    let reply = calls(reply, json!([{ "index": 0, "function": { "arguments": "ty\":\"Oslo\"}" } }]));
    let server = Server::start([finish(reply)]).await;
    let events: Vec<_> = ask(&OpenAiLlm::new(config(&server)).unwrap()).await.into_iter().map(Result::unwrap).collect();
    let said = LlmEvent::Text("Let me look.".into());
    let (pieces, calls) = events.split_at(5);
    assert_eq!(pieces, [said, at_work(), at_work(), at_work(), at_work()], "each fragment is a sign of life");
    assert_eq!(calls, [call("a", r#"{"city":"Oslo"}"#), call("b", "{}")]);
}

#[tokio::test]
async fn a_call_that_is_not_whole_is_none() {
    let begun = || {
        calls(Reply::stream(), json!([{ "index": 0, "id": "a", "function": { "name": "weather", "arguments": "{" } }]))
    };
    let server = Server::start([begun().end()]).await;
    let events = ask(&OpenAiLlm::new(config(&server)).unwrap()).await;
    let [Ok(_), Err(error)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(*error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn a_call_that_the_server_cannot_read_is_asked_for_once_more() {
    let miswritten = json!({ "error": { "message": "Failed to call a function.", "type": "invalid_request_error",
        "code": "tool_use_failed", "failed_generation": "<function=weather{private}" } })
    .to_string();
    for failing in [Reply::of(400, "", &miswritten), Reply::stream().event(&miswritten).end(), Reply::of(422, "", "{}")]
    {
        let server = Server::start([failing, whole_call()]).await;
        let events = ask(&OpenAiLlm::new(config(&server)).unwrap()).await;
        assert!(matches!(events.as_slice(), [Ok(LlmEvent::Text(_)), Ok(LlmEvent::ToolCall(_))]), "{events:?}");
        let temperatures: Vec<_> = server
            .requests()
            .iter()
            .map(|request| serde_json::from_slice::<Value>(&request.body).unwrap()["temperature"].clone())
            .collect();
        assert_eq!(temperatures, [Value::Null, json!(0.5)]);
    }
    let server = Server::start([Reply::of(400, "", &miswritten)]).await;
    let events = ask(&OpenAiLlm::new(config(&server)).unwrap()).await;
    let [Err(error)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((error.kind(), server.requests().len()), (&ErrorKind::InvalidInput, 2));
    assert!(!format!("{error:?}").contains("private"), "{error:?}");
}
