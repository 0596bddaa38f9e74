use super::reader::Usage;
use super::*;
use crate::http::Asked;
use crate::openai::MaxTokensField;
use crate::sse::SseEvent;
use proptest::prelude::*;
use serde_json::{Map, json};
use std::time::Duration;
use voice_core::stage::LlmRequest;
use voice_core::{AnsweredCall, ErrorKind, Message, Result, SideEffect, Stage, ToolCall, ToolRound, ToolSpec};

const ASKED: Asked = Asked { service: "Groq", stage: Stage::Llm, key: "GROQ_API_KEY", model: "LLM" };

fn manner() -> Manner {
    Manner {
        model: "m".to_owned(),
        temperature: None,
        max_tokens: None,
        max_tokens_field: MaxTokensField::MaxTokens,
        reasoning_effort: None,
        more: Map::new(),
    }
}

fn event(data: impl ToString) -> SseEvent {
    SseEvent { name: String::new(), data: data.to_string() }
}

fn delta(delta: Value) -> SseEvent {
    event(json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] }))
}

fn finish(reason: &str) -> SseEvent {
    event(json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] }))
}

/// What is spoken of these events, and how the answer ends: the events are followed by the end of the body.
fn read(events: &[SseEvent]) -> (String, Result<()>) {
    let (mut reader, mut spoken) = (Reader::new(ASKED), String::new());
    let mut pieces: Vec<_> = events.iter().map(Some).collect();
    pieces.push(None);
    for piece in pieces {
        let piece = match piece {
            Some(event) => reader.read(event),
            None => reader.end_of_body(),
        };
        match piece {
            Ok(Piece::Text(text)) => spoken += &text,
            Ok(Piece::Call | Piece::Nothing) => {}
            Ok(Piece::End) => return (spoken, Ok(())),
            Err(error) => return (spoken, Err(error)),
        }
    }
    (spoken, Ok(()))
}

fn body(manner: &Manner, request: &LlmRequest) -> String {
    serde_json::to_string(&manner.request(request, false)).unwrap()
}

#[test]
fn the_least_request() {
    let request = LlmRequest { messages: vec![Message::user("hi")], ..LlmRequest::default() };
    let expected = concat!(
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"#,
        r#""stream":true,"stream_options":{"include_usage":true}}"#
    );
    assert_eq!(body(&manner(), &request), expected);
}

#[test]
fn a_request_with_everything() {
    let request = LlmRequest {
        instructions: Some("Be brief.".into()),
        context: Some("It is noon.".into()),
        messages: vec![
            Message::user("hi"),
            Message::agent(" "),
            Message::agent("Hello \"you\"."),
            Message::user("so?"),
        ],
        ..LlmRequest::default()
    };
    let mut manner = manner();
    manner.temperature = Some(0.5);
    manner.max_tokens = Some(200);
    manner.max_tokens_field = MaxTokensField::MaxCompletionTokens;
    manner.reasoning_effort = Some("low".to_owned());
    manner.more.insert("service_tier".to_owned(), json!("flex"));
    let expected = concat!(
        r#"{"model":"m","messages":[{"role":"system","content":"Be brief.\n\nWhat you know now:\n<context>\nIt is noon.\n</context>"},"#,
        r#"{"role":"user","content":"hi"},{"role":"assistant","content":"Hello \"you\"."},{"role":"user","content":"so?"}],"#,
        r#""stream":true,"stream_options":{"include_usage":true},"temperature":0.5,"max_completion_tokens":200,"#,
        r#""reasoning_effort":"low","service_tier":"flex"}"#
    );
    assert_eq!(body(&manner, &request), expected);
    manner.max_tokens_field = MaxTokensField::MaxTokens;
    assert!(body(&manner, &request).contains(r#""max_tokens":200"#));
}

#[test]
fn a_summary_is_told_as_the_agents_answer_before_the_turns_that_follow_it() {
    let messages = vec![Message::Summary("The user is called Ada.".into()), Message::user("Who am I?")];
    let expected = concat!(
        r#""messages":[{"role":"user","content":"Sum up what we have talked about before."},"#,
        r#"{"role":"assistant","content":"The user is called Ada."},{"role":"user","content":"Who am I?"}]"#
    );
    let body = body(&manner(), &LlmRequest { messages, ..LlmRequest::default() });
    assert!(body.contains(expected), "{body}");
}

fn answered(id: &str, arguments: &str, result: &str) -> AnsweredCall {
    let call = ToolCall { id: id.into(), name: "weather".into(), arguments: arguments.into() };
    AnsweredCall { call, result: result.into() }
}

#[test]
fn tools_are_offered_and_a_round_follows_what_was_said_before_it() {
    let tool = ToolSpec {
        name: "weather".into(),
        description: "Tells the weather.".into(),
        parameters: json!({ "type": "object", "properties": { "city": { "type": "string" } } }),
        effect: SideEffect::None,
        deadline: Duration::from_secs(1),
    };
    let round = ToolRound {
        calls: vec![answered("a", r#"{"city":"Oslo"}"#, "rain"), answered("b", r#"{"city":"#, "no such city")],
    };
    let mut odd = answered("c", "", "snow");
    odd.call.name = "weather<|json|>".into();
    let request = LlmRequest {
        messages: vec![
            Message::user("Oslo?"),
            Message::agent("Let me look."),
            Message::Tools(round),
            Message::Tools(ToolRound { calls: vec![odd] }),
        ],
        tools: [tool].into(),
        ..LlmRequest::default()
    };
    let expected = concat!(
        r#"{"model":"m","messages":[{"role":"user","content":"Oslo?"},{"role":"assistant","content":"Let me look.","tool_calls":["#,
        r#"{"id":"a","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}},"#,
        r#"{"id":"b","type":"function","function":{"name":"weather","arguments":"{}"}}]},"#,
        r#"{"role":"tool","tool_call_id":"a","content":"rain"},{"role":"tool","tool_call_id":"b","content":"no such city"},"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"weather__json__","arguments":"{}"}}]},"#,
        r#"{"role":"tool","tool_call_id":"c","content":"snow"}],"#,
        r#""tools":[{"type":"function","function":{"name":"weather","description":"Tells the weather.","#,
        r#""parameters":{"properties":{"city":{"type":"string"}},"type":"object"}}}],"#,
        r#""stream":true,"stream_options":{"include_usage":true}}"#
    );
    assert_eq!(body(&manner(), &request), expected);
}

#[test]
fn after_a_miswritten_call_the_model_is_asked_in_a_cooler_way() {
    let mut manner = manner();
    let temperature = |manner: &Manner| {
        let request = LlmRequest::default();
        serde_json::to_value(manner.request(&request, true)).unwrap()["temperature"].as_f64()
    };
    assert_eq!(temperature(&manner), Some(0.5));
    manner.temperature = Some(0.5);
    assert_eq!(temperature(&manner), Some(0.25));
}

#[test]
fn words_are_spoken_and_thoughts_are_not() {
    let events = [
        delta(json!({ "role": "assistant", "content": "", "refusal": null })),
        delta(json!({ "reasoning": "they greet" })),
        delta(json!({ "reasoning_content": "so do I", "content": null })),
        event(": what is this"),
        delta(json!({ "content": "Su", "annotations": [{}], "shiny_new": 7 })),
        delta(json!({ "content": "re." })),
        finish("a_new_reason"),
        event(json!({ "choices": [], "usage": { "prompt_tokens": 3 } })),
        event("[DONE]"),
        delta(json!({ "content": "never" })),
    ];
    let (spoken, end) = read(&events);
    assert_eq!(spoken, "Sure.");
    end.unwrap();
}

#[test]
fn thoughts_inside_the_text_are_not_spoken() {
    let events = [delta(json!({ "content": "<thi" })), delta(json!({ "content": "nk>x</think> Yes" })), finish("stop")];
    assert_eq!(read(&events).0, "Yes");
    let held = [delta(json!({ "content": "<th" })), event("[DONE]")];
    assert_eq!(read(&held).0, "<th", "what only looked like a thought is not lost");
}

#[test]
fn usage_is_taken_from_either_place() {
    let usage = json!({ "prompt_tokens": 21, "completion_tokens": 9,
        "completion_tokens_details": { "reasoning_tokens": 4 } });
    for chunk in [json!({ "choices": [], "usage": usage }), json!({ "usage": null, "x_groq": { "usage": usage } })] {
        let mut reader = Reader::new(ASKED);
        reader.read(&event(chunk)).unwrap();
        assert_eq!(reader.usage, Some(Usage { prompt: 21, cached: 0, completion: 9, reasoning: 4 }));
    }
}

#[test]
fn an_answer_may_end_with_a_reason_alone_but_not_without() {
    let hello = delta(json!({ "content": "Hello" }));
    assert!(read(&[hello.clone(), finish("stop")]).1.is_ok());
    assert!(read(&[hello.clone(), event("[DONE]")]).1.is_ok());
    let (spoken, end) = read(&[hello]);
    assert_eq!((spoken.as_str(), end.unwrap_err().kind()), ("Hello", &ErrorKind::Protocol));
}

#[test]
fn a_limit_without_room_for_words_names_what_to_change() {
    let error = read(&[delta(json!({ "reasoning": "hm" })), finish("length"), event("[DONE]")]).1.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidConfig);
    assert!(error.message().contains("max_tokens"), "{error}");
    assert!(read(&[delta(json!({ "content": "Well" })), finish("length")]).1.is_ok(), "a cut answer is one");
}

#[test]
fn an_error_inside_the_stream_is_one() {
    let limited = ErrorKind::RateLimited { retry_after: None };
    for (data, kind) in [
        (json!({ "error": { "message": "over", "type": "server_error" } }), ErrorKind::Unavailable),
        (json!({ "error": { "message": "gone", "code": "model_decommissioned" } }), ErrorKind::InvalidConfig),
        (json!({ "error": { "message": "slow", "code": "rate_limit_exceeded" }, "choices": [] }), limited.clone()),
        (json!({ "error": { "message": "slow", "status_code": 429 } }), limited),
        (json!({ "error": { "message": "bad", "code": 400 } }), ErrorKind::InvalidInput),
        (json!({ "error": "plain words" }), ErrorKind::Unavailable),
        (json!({ "choices": [], "x_groq": { "id": "req", "error": "broke" } }), ErrorKind::Unavailable),
        (json!({ "object": "error", "message": "old", "code": 40001, "type": "x" }), ErrorKind::Unavailable),
    ] {
        let error = read(&[event(&data)]).1.unwrap_err();
        assert_eq!(*error.kind(), kind, "{data}");
    }
    let named = SseEvent { name: "error".to_owned(), data: r#"{"message":"it broke"}"#.to_owned() };
    assert!(read(&[named]).1.unwrap_err().message().contains("it broke"));
}

#[test]
fn silence_has_no_words() {
    let transcript = |segments: Value| {
        let transcript: Transcript =
            serde_json::from_value(json!({ "text": " Hello. Thank you.", "segments": segments })).unwrap();
        transcript.words(0.6, -1.0)
    };
    let segment =
        |text: &str, no_speech: f64, log: f64| json!({ "text": text, "no_speech_prob": no_speech, "avg_logprob": log });
    assert_eq!(transcript(json!([])), "Hello. Thank you.");
    assert_eq!(
        transcript(json!([segment(" Hello.", 0.01, -0.2), segment(" Thank you.", 0.9, -0.3)])),
        "Hello. Thank you."
    );
    assert_eq!(transcript(json!([segment(" Hello.", 0.01, -0.2), segment(" Thank you.", 0.9, -1.4)])), "Hello.");
    assert_eq!(transcript(json!([segment(" Hello. Thank you.", 0.9, -1.4)])), "");
}

#[test]
fn a_model_is_looked_for_where_there_is_a_list() {
    let list = |data: Value| json!({ "object": "list", "data": data }).to_string();
    for (body, found) in [
        (list(json!([{ "id": "a" }, { "id": "m" }])), Some(true)),
        (list(json!([{ "id": "m:latest" }])), Some(true)),
        (list(json!([{ "id": "a" }])), Some(false)),
        (list(json!([{ "id": "file.gguf", "owned_by": "llamacpp" }])), None),
        (list(json!([])), None),
        ("<html>".to_owned(), None),
    ] {
        assert_eq!(lists_model(body.as_bytes(), "m"), found, "{body}");
    }
}

proptest! {
    #[test]
    fn any_event_is_survived(datas in prop::collection::vec("[\\[\\]{}:,\"a-e0-9 .-]{0,40}|.{0,20}", 0..6), name in "(error)?") {
        let events: Vec<_> = datas.into_iter().map(|data| SseEvent { name: name.clone(), data }).collect();
        let _ = read(&events);
    }

    #[test]
    fn text_is_given_as_it_came_however_it_is_cut(pieces in prop::collection::vec("[^<\\s].{0,10}", 1..6)) {
        let mut events: Vec<_> = pieces.iter().map(|piece| delta(json!({ "content": piece }))).collect();
        events.push(finish("stop"));
        let (spoken, end) = read(&events);
        prop_assert_eq!(spoken, pieces.concat());
        prop_assert!(end.is_ok());
    }
}
