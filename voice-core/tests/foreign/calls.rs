//! One call: how it is asked, cancelled, filled and ended, and what its mistakes become.

use super::{MS, asking, host};
use bytes::Bytes;
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use std::sync::Arc;
use voice_core::agent::{Agent, Control, Output, SessionOptions};
use voice_core::conversation::{CloseReason, Event};
use voice_core::foreign::{
    CallOver, ForeignCall, ForeignError, ForeignItem, ForeignLlm, ForeignStt, ForeignTool, ForeignTts, SendError,
};
use voice_core::stage::{
    CallContext, FinalizeId, LlmEvent, SttEvent, SttInput, SttProvider, Tool, TtsEvent, TtsInput, TtsProvider,
};
use voice_core::{AudioTime, ErrorKind, SentenceId, Stage, Token, TurnId};

#[tokio::test(start_paused = true)]
async fn a_call_is_asked_in_json_and_its_items_are_those_of_the_trait() {
    let (host, mut calls) = host();
    let (mut answer, _) = asking(&ForeignLlm::new("mine", host));
    let serve = async {
        let call = calls.recv().await.expect("a call");
        assert_eq!(
            call.request,
            r#"{"instructions":null,"context":null,"messages":[{"role":"user","text":"Hello."}],"tools":[],"purpose":"reply"}"#
        );
        call.sink.send(ForeignItem::json(r#""Hi ""#)).await.expect("it is wanted");
        let item = r#"{"type":"tool_call","id":"1","name":"look","arguments":{"at":"this"}}"#;
        call.sink.send(ForeignItem::json(item)).await.expect("it is wanted");
        call.sink.finish(Ok(())).await;
        call
    };
    let (call, events) = tokio::join!(serve, answer.by_ref().map(|event| event.expect("it works")).collect::<Vec<_>>());
    assert_eq!(events[0], LlmEvent::Text("Hi ".into()));
    let LlmEvent::ToolCall(wanted) = &events[1] else { panic!("{events:?}") };
    assert_eq!((wanted.name.as_str(), wanted.arguments.as_str()), ("look", r#"{"at":"this"}"#));
    assert_eq!(events.len(), 2);
    assert!(call.sink.is_over() && !call.cancel.is_cancelled(), "it ended; nobody cancelled it");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_or_cancelled_is_told_at_once() {
    let (host, mut calls) = host();
    let llm = ForeignLlm::new("mine", host);
    for cancelled in [false, true] {
        let (mut answer, cx) = asking(&llm);
        assert!(answer.next().now_or_never().is_none());
        let call = calls.recv().await.expect("a call");
        assert!(call.cancel.cancelled().now_or_never().is_none());
        if cancelled {
            cx.cancel.cancel();
            assert!(matches!(answer.next().now_or_never(), Some(None)), "it ends, without an error");
        } else {
            drop(answer);
        }
        assert!(call.cancel.cancelled().now_or_never().is_some());
        let refused = call.sink.send(ForeignItem::json(r#""late""#)).now_or_never();
        assert!(matches!(refused, Some(Err(SendError::Over(CallOver)))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_not_begun_before_it_is_looked_at_and_never_once_it_is_cancelled() {
    let (host, mut calls) = host();
    let llm = ForeignLlm::new("mine", host);
    drop(asking(&llm));
    let (mut answer, cx) = asking(&llm);
    cx.cancel.cancel();
    assert!(answer.next().await.is_none());
    assert!(calls.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_full_sink_makes_the_host_wait_and_its_end_frees_it() {
    let (host, mut calls) = host();
    let (mut answer, _) = asking(&ForeignLlm::new("mine", host));
    assert!(answer.next().now_or_never().is_none());
    let call = calls.recv().await.expect("a call");
    let mut sent = 0;
    while let Some(result) = call.sink.send(ForeignItem::json(r#""word ""#)).now_or_never() {
        result.expect("it is wanted");
        sent += 1;
    }
    assert_eq!(sent, 16);
    let mut waiting = Box::pin(call.sink.send(ForeignItem::json(r#""one more ""#)));
    assert!(waiting.as_mut().now_or_never().is_none());
    drop(answer);
    assert!(matches!(waiting.await, Err(SendError::Over(_))));
}

#[tokio::test(start_paused = true)]
async fn an_item_without_sense_is_refused_where_it_is_sent_and_the_call_goes_on() {
    let (host, mut calls) = host();
    let (mut answer, _) = asking(&ForeignLlm::new("mine", host));
    assert!(answer.next().now_or_never().is_none());
    let call = calls.recv().await.expect("a call");
    let Err(SendError::Refused(error)) = call.sink.send(ForeignItem::json(r#"{"type":"text","txt":"a"}"#)).await else {
        panic!("it is refused")
    };
    assert!(error.message().contains("unknown field `txt`"), "{error}");
    call.sink.send(ForeignItem::json(r#""right""#)).await.expect("it is wanted");
    assert_eq!(answer.next().await.expect("an item").expect("no error"), LlmEvent::Text("right".into()));
}

#[tokio::test(start_paused = true)]
async fn an_exception_is_an_error_of_its_kind_with_the_exception_behind_it() {
    let (host, mut calls) = host();
    let (mut answer, _) = asking(&ForeignLlm::new("mine", host));
    let fails = async {
        let call = calls.recv().await.expect("a call");
        call.sink.send(ForeignItem::json(r#""Well, ""#)).await.expect("it is wanted");
        let error = ForeignError::new("no such model").kind_named("auth", None).token(Token::new("the exception"));
        call.sink.finish(Err(error)).await;
    };
    let ((), events) = tokio::join!(fails, answer.by_ref().collect::<Vec<_>>());
    assert_eq!(events.len(), 2, "what was sent before still counts");
    let error = events[1].as_ref().expect_err("it failed");
    assert_eq!((error.kind(), error.stage(), error.message()), (&ErrorKind::Auth, Stage::Llm, "no such model"));
    assert_eq!(error.token().and_then(Token::get::<&str>), Some(&"the exception"));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_lets_go_of_a_call_has_failed() {
    let (answer, _) = asking(&ForeignLlm::new("mine", Arc::new(drop::<ForeignCall>)));
    let events: Vec<_> = answer.collect().await;
    let [Err(error)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((error.kind(), error.message()), (&ErrorKind::Internal, "the host let go of the call without an end"));
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_names_no_turn_means_the_one_it_was_given() {
    let (host, mut calls) = host();
    let asked = |turn, attempt| FinalizeId { turn: TurnId(turn), attempt };
    let input = [
        SttInput::Audio { turn: TurnId(3), at: AudioTime::from_millis(250), pcm: Bytes::from_static(&[1, 0]) },
        SttInput::Finalize(asked(3, 0)),
        SttInput::Finalize(asked(3, 1)),
    ];
    let stt = ForeignStt::new("mine", host);
    let mut events = stt.transcribe(stream::iter(input).boxed(), CallContext::detached());
    let serve = async {
        let call = calls.recv().await.expect("a call");
        let input = call.input.as_ref().expect("audio");
        let mut items = Vec::new();
        while let Some(item) = input.next().await {
            items.push((item.json, item.audio.is_some()));
        }
        assert_eq!(items[0], (r#"{"type":"audio","turn":3,"at_ms":250.0}"#.to_owned(), true));
        assert_eq!(items[2], (r#"{"type":"finalize","turn":3,"attempt":1}"#.to_owned(), false));
        for item in [
            r#"{"type":"partial","text":"a"}"#,
            r#"{"type":"final","turn":3,"attempt":1,"text":"a b"}"#,
            r#"{"type":"final","text":"a"}"#,
            r#"{"type":"final","text":"nobody asked"}"#,
        ] {
            call.sink.send(ForeignItem::json(item)).await.expect("it is wanted");
        }
    };
    let ((), events) = tokio::join!(serve, events.by_ref().take(4).collect::<Vec<_>>());
    let told = |index: usize| events[index].as_ref().expect("no error").clone();
    assert_eq!(told(0), SttEvent::Partial { turn: TurnId(3), text: "a".into() });
    assert_eq!(told(1), SttEvent::Final { id: asked(3, 1), text: "a b".into(), unclear: false });
    assert_eq!(told(2), SttEvent::Final { id: asked(3, 0), text: "a".into(), unclear: false });
    assert_eq!(*events[3].as_ref().expect_err("it is wrong").kind(), ErrorKind::Protocol);
}

#[tokio::test(start_paused = true)]
async fn sentences_end_by_themselves_where_the_voice_does_not_end_them() {
    let (host, mut calls) = host();
    let text = |sentence, text: &str| TtsInput::Text { sentence: SentenceId(sentence), text: text.into() };
    let tts = ForeignTts::new("mine", 16_000, host);
    let input = stream::iter([text(0, "One."), text(1, "Two."), text(2, "…"), TtsInput::Flush]).boxed();
    let mut events = tts.synthesize(input, CallContext::detached());
    let serve = async {
        let call = calls.recv().await.expect("a call");
        let input = call.input.as_ref().expect("text");
        for _ in 0..2 {
            input.next().await.expect("a sentence");
            call.sink.send(ForeignItem::audio(vec![0; 4])).await.expect("it is wanted");
        }
        while input.next().await.is_some() {}
        call.sink.finish(Ok(())).await;
    };
    let ((), events) = tokio::join!(serve, events.by_ref().map(|event| event.expect("it works")).collect::<Vec<_>>());
    let audio = |sentence| TtsEvent::Audio { sentence: SentenceId(sentence), pcm: vec![0; 4].into() };
    let end = |sentence| TtsEvent::SentenceEnd { sentence: SentenceId(sentence) };
    assert_eq!(events, [audio(0), end(0), audio(1), end(1), end(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_tool_gives_one_output() {
    let (host, mut calls) = host();
    let description = r#"{"name":"look","description":"Looks.","effect":"irreversible","deadline_ms":500}"#;
    let tool = ForeignTool::new(description, host).expect("it is described");
    assert_eq!(tool.spec().deadline, 500 * MS);
    for (outputs, expected) in
        [(0, Err("the tool gave no output")), (1, Ok("seen")), (2, Err("the tool gave more than one output"))]
    {
        let answer = tool.call(serde_json::json!({"at": "this"}), CallContext::detached());
        let serve = async {
            let call = calls.recv().await.expect("a call");
            assert_eq!(call.request, r#"{"name":"look","arguments":{"at":"this"}}"#);
            for _ in 0..outputs {
                call.sink.send(ForeignItem::json(r#""seen""#)).await.expect("it is wanted");
            }
            call.sink.finish(Ok(())).await;
        };
        let (output, ()) = tokio::join!(answer, serve);
        assert_eq!(output.as_ref().map(|output| output.text.as_str()).map_err(|error| error.message()), expected);
    }
    let error = ForeignTool::new(r#"{"name":"look"}"#, Arc::new(drop::<ForeignCall>)).expect_err("it is not described");
    assert!(error.message().contains("missing field `description`"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_never_answers_meets_the_deadline_of_every_provider() {
    let (host, mut calls) = host();
    let agent = Agent::builder().llm(Arc::new(ForeignLlm::new("mine", host))).build();
    let session = agent.open(SessionOptions::default()).expect("it opens");
    session.control(Control::Text("Hello.".into())).expect("it is open");
    let call = calls.recv().await.expect("a call");
    let failed = async {
        loop {
            let output = session.next_output().await.expect("the session lives");
            if let Output::Event(Event::Failed { stage, kind, .. }) = output {
                break (stage, kind);
            }
        }
    };
    assert_eq!(failed.await, (Stage::Llm, ErrorKind::Timeout));
    assert!(call.cancel.is_cancelled(), "and the host is told");
}

#[tokio::test(start_paused = true)]
async fn a_session_has_the_exception_behind_the_failure_it_tells_of() {
    let failing = |call: ForeignCall| {
        let sink = call.sink;
        #[allow(clippy::disallowed_methods)]
        tokio::spawn(async move {
            sink.finish(Err(ForeignError::new("it broke").token(Token::new(7_u32)))).await;
        });
    };
    let agent = Agent::builder().llm(Arc::new(ForeignLlm::new("mine", Arc::new(failing)))).build();
    let session = agent.open(SessionOptions::default()).expect("it opens");
    session.control(Control::Text("Hello.".into())).expect("it is open");
    let cause = loop {
        let Output::Event(event) = session.next_output().await.expect("the session lives") else { continue };
        if let Event::Failed { message, .. } = &event {
            assert_eq!(message, "it broke");
            break session.cause_of(&event);
        }
    };
    assert_eq!(cause.as_ref().and_then(Token::get::<u32>), Some(&7));
    session.control(Control::Close(CloseReason::End)).expect("it is open");
    session.closed().await;
}
