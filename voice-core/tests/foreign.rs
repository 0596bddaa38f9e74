//! Providers of a host: what they are told and when, what becomes of their mistakes, and that nobody waits for them.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, missing_docs)]

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use voice_core::agent::{Agent, Control, Output, SessionOptions};
use voice_core::conversation::{CloseReason, Event};
use voice_core::foreign::{
    CallOver, ClockHold, ForeignCall, ForeignError, ForeignHost, ForeignItem, ForeignLlm, ForeignStt, ForeignTool,
    ForeignTts, ForeignVad, SendError,
};
use voice_core::stage::{
    CallContext, FinalizeId, LlmEvent, LlmProvider, LlmRequest, SttEvent, SttInput, SttProvider, Tool, TtsEvent,
    TtsInput, TtsProvider, Vad,
};
use voice_core::testing::{FakeStt, Tried, foreign_conformance};
use voice_core::{AudioTime, ErrorKind, Message, SentenceId, Stage, Token, TurnId};

const MS: Duration = Duration::from_millis(1);

/// A host whose calls a test takes one by one.
fn host() -> (Arc<dyn ForeignHost>, mpsc::UnboundedReceiver<ForeignCall>) {
    let (calls, taken) = mpsc::unbounded_channel();
    let host = move |call: ForeignCall| calls.send(call).expect("the test takes its calls");
    (Arc::new(host), taken)
}

/// A host on a thread of its own that serves each call so.
fn serving(serve: fn(ForeignCall) -> BoxFuture<'static, ()>) -> Arc<dyn ForeignHost> {
    let (calls, taken) = futures::channel::mpsc::channel(1_000);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(taken.for_each_concurrent(None, serve));
    });
    let calls = Mutex::new(calls);
    Arc::new(move |call: ForeignCall| calls.lock().expect("nobody panics").try_send(call).expect("there is room"))
}

fn asking(llm: &ForeignLlm) -> (BoxStream<'static, voice_core::Result<LlmEvent>>, CallContext) {
    let cx = CallContext::detached();
    let request = LlmRequest { messages: vec![Message::user("Hello.")], ..LlmRequest::default() };
    (llm.generate(request, cx.clone()), cx)
}

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

fn window() -> Vec<f32> {
    vec![0.5; 512]
}

#[tokio::test(start_paused = true)]
async fn a_detector_is_given_2_s_of_audio_unanswered_and_says_how_far_behind_it_is() {
    let (host, mut calls) = host();
    let mut vad = ForeignVad::new(16_000, 512, &*host).expect("a detector");
    let call = calls.recv().await.expect("a call");
    assert_eq!(call.request, r#"{"sample_rate":16000,"window_len":512}"#);
    let input = call.input.as_ref().expect("windows");
    assert_eq!(vad.speech_probability(&window()).expect("nothing is known"), 0.0);
    let item = input.next().now_or_never().flatten().expect("a window");
    assert_eq!(item.audio.expect("its samples").len(), 2_048);
    call.sink.send(ForeignItem::json("0.75")).await.expect("it is wanted");
    assert_eq!(vad.lag(), 1);
    assert_eq!(vad.speech_probability(&window()).expect("of the window before"), 0.75);
    // 63 windows are the first ones to last 2 s.
    for behind in 2..=63 {
        assert_eq!(vad.speech_probability(&window()).expect("the newest known"), 0.75);
        assert_eq!(vad.lag(), behind);
    }
    let problem = loop {
        match vad.speech_probability(&window()) {
            Ok(_) => assert!(vad.lag() <= 65, "the queue has an end"),
            Err(error) => break error,
        }
    };
    assert_eq!(*problem.kind(), ErrorKind::Unavailable);
    assert!(problem.message().contains("windows behind"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn a_detector_that_is_reset_forgets_what_is_on_its_way() {
    let (host, mut calls) = host();
    let mut vad = ForeignVad::new(16_000, 512, &*host).expect("a detector");
    let call = calls.recv().await.expect("a call");
    vad.speech_probability(&window()).expect("nothing is known");
    vad.reset();
    vad.speech_probability(&window()).expect("nothing is known");
    call.sink.send(ForeignItem::json("0.9")).await.expect("of the stream before");
    assert_eq!(vad.speech_probability(&window()).expect("nothing is known"), 0.0);
    call.sink.send(ForeignItem::json("0.2")).await.expect("it is wanted");
    assert_eq!(vad.speech_probability(&window()).expect("known"), 0.2);
    drop(vad);
    assert!(call.cancel.is_cancelled());
}

fn loud_windows(call: &ForeignCall) -> impl Future<Output = ()> {
    let (input, sink) = (call.input.clone().expect("windows"), call.sink.clone());
    async move {
        while let Some(item) = input.next().await {
            let loud = item.audio.is_some_and(|window| window.iter().any(|byte| *byte != 0));
            if sink.send(ForeignItem::json(if loud { "0.98" } else { "0.0" })).await.is_err() {
                return;
            }
        }
    }
}

/// A session that listens by a detector of the host; the user speaks for 600 ms, then is silent.
async fn listening(serve: impl AsyncFnOnce(ForeignCall)) -> Vec<Event> {
    let (host, mut calls) = host();
    let agent = Agent::builder()
        .stt(Arc::new(FakeStt::new(100 * MS, ["Hello."])))
        .vad(move || Ok(Box::new(ForeignVad::new(16_000, 512, &*host)?)))
        .build();
    let (session, mut events) = agent.open_observed(SessionOptions::default()).expect("it opens");
    let call = calls.recv().await.expect("a call");
    let speaking = async {
        for frame in 0..150 {
            let sample: i16 = if (25..55).contains(&frame) { 8_000 } else { 0 };
            let pcm: Bytes = sample.to_le_bytes().repeat(320).into();
            session.send_audio(pcm).await.expect("it is open");
            tokio::time::sleep(20 * MS).await;
        }
        session.control(Control::Close(CloseReason::End)).expect("it is open");
        session.closed().await;
    };
    tokio::join!(speaking, serve(call));
    std::iter::from_fn(|| events.try_recv().ok()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_session_hears_by_a_detector_of_the_host_a_window_later() {
    let events = listening(async |call| loud_windows(&call).await).await;
    let onsets: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Speech { started: true, at } => Some(at.as_millis()),
            _ => None,
        })
        .collect();
    // The user began at 500 ms. A detector inside the session dates the onset to the window that began at 480 ms.
    assert_eq!(onsets, [512]);
    let words = |event: &Event| matches!(event, Event::Transcript { text, is_final: true, .. } if text == "Hello.");
    assert!(events.iter().any(words), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session_goes_on_while_its_detector_stands_still_and_tells_it_once() {
    let events = listening(async |call| call.cancel.cancelled().await).await;
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Failed { stage, kind, .. } => Some((*stage, kind.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(Stage::Vad, ErrorKind::Unavailable)]);
}

/// Answers each window after a while, in simulated time; tells how many there were.
async fn answering_slowly(call: ForeignCall, pause: Duration) -> usize {
    let (input, mut windows) = (call.input.expect("windows"), 0);
    while let Some(item) = input.next().await {
        let loud = item.audio.is_some_and(|window| window.iter().any(|byte| *byte != 0));
        tokio::time::sleep(pause).await;
        if call.sink.send(ForeignItem::json(if loud { "0.98" } else { "0.0" })).await.is_err() {
            break;
        }
        windows += 1;
    }
    windows
}

/// A client that sends 2 s of audio in one moment, speech from 500 to 1100 ms, and silence in real time afterwards; gives
/// what was told, and how many windows the detector answered.
async fn bursting(pause: Duration) -> (Vec<Event>, usize) {
    let (host, mut calls) = host();
    let agent = Agent::builder()
        .stt(Arc::new(FakeStt::new(100 * MS, ["Hello."])))
        .vad(move || Ok(Box::new(ForeignVad::new(16_000, 512, &*host)?)))
        .build();
    let (session, mut events) = agent.open_observed(SessionOptions::default()).expect("it opens");
    let call = calls.recv().await.expect("a call");
    let sending = async {
        let burst: Vec<u8> = (0..32_000)
            .flat_map(|sample| if (8_000..17_600).contains(&sample) { [0x40, 0x1f] } else { [0, 0] })
            .collect();
        session.send_audio(burst.into()).await.expect("it is open");
        tokio::time::sleep(2_000 * MS).await;
        for _ in 0..100 {
            session.send_audio(vec![0; 640].into()).await.expect("it is open");
            tokio::time::sleep(20 * MS).await;
        }
        tokio::time::sleep(2_000 * MS).await;
        session.control(Control::Close(CloseReason::End)).expect("it is open");
        session.closed().await;
    };
    let ((), windows) = tokio::join!(sending, answering_slowly(call, pause));
    (std::iter::from_fn(|| events.try_recv().ok()).collect(), windows)
}

/// Whether the detector failed; the agent has no model to answer, which is told as well.
fn misses(event: &Event) -> bool {
    matches!(event, Event::Failed { stage: Stage::Vad, .. })
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_2_s_is_heard_as_it_would_be_in_real_time() {
    let (events, windows) = bursting(20 * MS).await;
    let speech: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Speech { started, at } => Some((*started, at.as_millis())),
            _ => None,
        })
        .collect();
    // As of a session that hears by a detector of the host a window later.
    assert_eq!(speech.first(), Some(&(true, 512)), "{events:?}");
    assert_eq!(speech.get(1).map(|(started, _)| *started), Some(false));
    assert_eq!(windows, 125);
    assert!(!events.iter().any(misses), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_detector_slower_than_real_time_misses_nothing_of_a_burst_of_2_s() {
    let (events, windows) = bursting(45 * MS).await;
    assert_eq!(windows, 125, "all windows of 4 s");
    assert!(!events.iter().any(misses), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session_does_not_fall_behind_with_a_detector_slower_than_real_time() {
    let events = listening(async |call| {
        answering_slowly(call, 45 * MS).await;
    })
    .await;
    // 30 ms more with each window: 16 windows until the user speaks. The session's own clock is that of the audio.
    let heard = |event: &Event| matches!(event, Event::Speech { started: true, at } if at.as_millis() < 1_000);
    assert!(events.iter().any(heard), "{events:?}");
}

fn slow_llm(call: ForeignCall) -> BoxFuture<'static, ()> {
    async move {
        std::thread::sleep(30 * MS);
        let _ = call.sink.send(ForeignItem::json(r#""Well.""#)).await;
        call.sink.finish(Ok(())).await;
    }
    .boxed()
}

#[tokio::test(start_paused = true)]
async fn simulated_time_stands_still_while_the_host_works() {
    let began = tokio::time::sleep(Duration::ZERO).deadline();
    let llm = ForeignLlm::new("mine", serving(slow_llm)).holding(ClockHold::current());
    let (answer, _) = asking(&llm);
    let alarm = tokio::time::sleep(MS);
    let events = tokio::select! {
        events = answer.collect::<Vec<_>>() => events,
        () = alarm => panic!("the clock went on"),
    };
    assert_eq!((events.len(), began.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn simulated_time_goes_on_while_the_host_waits() {
    let began = tokio::time::sleep(Duration::ZERO).deadline();
    let tts = ForeignTts::new("mine", 16_000, serving(tts_serving)).holding(ClockHold::current());
    let text = stream::once(async {
        tokio::time::sleep(10_000 * MS).await;
        TtsInput::Text { sentence: SentenceId(0), text: "Late.".into() }
    });
    let events: Vec<_> = tts.synthesize(text.boxed(), CallContext::detached()).collect().await;
    assert_eq!((events.len(), began.elapsed()), (2, 10_000 * MS));
}

fn llm_serving(call: ForeignCall) -> BoxFuture<'static, ()> {
    async move {
        for _ in 0..5 {
            if call.sink.send(ForeignItem::json(r#""word ""#)).await.is_err() {
                return;
            }
        }
        call.sink.finish(Ok(())).await;
    }
    .boxed()
}

fn tts_serving(call: ForeignCall) -> BoxFuture<'static, ()> {
    async move {
        let input = call.input.expect("text");
        while let Some(item) = input.next().await {
            if item.json.contains("text") && call.sink.send(ForeignItem::audio(vec![0; 320])).await.is_err() {
                return;
            }
        }
        call.sink.finish(Ok(())).await;
    }
    .boxed()
}

fn stt_serving(call: ForeignCall) -> BoxFuture<'static, ()> {
    async move {
        let input = call.input.expect("audio");
        while let Some(item) = input.next().await {
            let said = if item.audio.is_some() {
                r#"{"type":"partial","text":"a"}"#
            } else {
                r#"{"type":"final","text":"a"}"#
            };
            if call.sink.send(ForeignItem::json(said)).await.is_err() {
                return;
            }
        }
        call.sink.finish(Ok(())).await;
    }
    .boxed()
}

fn never_letting_go(call: ForeignCall) -> BoxFuture<'static, ()> {
    async move {
        call.sink.finish(Ok(())).await;
        std::future::pending::<()>().await;
        drop(call);
    }
    .boxed()
}

#[tokio::test]
async fn providers_of_a_host_pass_the_suite_of_all_providers() {
    for (tried, serve, items) in [
        (Tried::Llm, llm_serving as fn(_) -> _, 5),
        (Tried::Tts { sample_rate: 16_000 }, tts_serving, 4),
        (Tried::Stt, stt_serving, 4),
    ] {
        let report = foreign_conformance(tried, serving(serve), 500 * MS).await;
        assert!(report.starts_with(&format!(r#"{{"conforms":true,"items":{items},"#)), "{tried:?}: {report}");
    }
}

#[tokio::test]
async fn a_host_that_keeps_its_calls_is_found_out() {
    let report = foreign_conformance(Tried::Llm, serving(never_letting_go), 200 * MS).await;
    assert!(report.contains("the host still holds 2 calls that are over"), "{report}");
}
