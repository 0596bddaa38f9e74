//! What the server sends.

use super::text_of;
use bytes::Bytes;
use voice_core::conversation::{AgentState, CloseReason, Event, PathPart, PathStage, ToolStatus, TurnMetrics};
use voice_core::protocol::{ErrorCode, Providers, ServerCodec, ServerFrame, WireMessage, close_code};
use voice_core::{AudioTime, ErrorKind, Source, Stage, TurnId};

const TURN: TurnId = TurnId(2);

/// What a client is told of each of these events.
#[track_caller]
fn check(table: Vec<(Event, &str)>) {
    let codec = ServerCodec::new();
    for (event, json) in table {
        let frame = codec.frame_of(event).unwrap();
        assert_eq!(text_of(frame.encode()), json);
        assert_eq!(ServerFrame::from_text(json).unwrap(), frame);
    }
}

#[test]
fn states_and_speech() {
    check(vec![
        (Event::State(AgentState::Listening), r#"{"type":"state","state":"listening"}"#),
        (Event::State(AgentState::Thinking), r#"{"type":"state","state":"thinking"}"#),
        (Event::State(AgentState::Speaking), r#"{"type":"state","state":"speaking"}"#),
        (
            Event::Speech { started: true, at: AudioTime::from_millis(1234) },
            r#"{"type":"speech","started":true,"at_ms":1234.0}"#,
        ),
        (
            Event::Speech { started: false, at: AudioTime::from_samples(1, 48_000) },
            r#"{"type":"speech","started":false,"at_ms":0.02}"#,
        ),
    ]);
}

#[test]
fn turns() {
    check(vec![
        (
            Event::Transcript { turn: TURN, text: "Hi \"you\"".into(), is_final: true },
            r#"{"type":"transcript","turn":2,"text":"Hi \"you\"","final":true}"#,
        ),
        (Event::Reply { turn: TURN, text: "Sure. ".into() }, r#"{"type":"reply","turn":2,"text":"Sure. "}"#),
        (Event::Clear { turn: TURN }, r#"{"type":"clear","turn":2}"#),
        (
            Event::ReplyEnd { turn: TURN, interrupted: true, heard: "Su".into() },
            r#"{"type":"reply_end","turn":2,"interrupted":true,"heard":"Su"}"#,
        ),
    ]);
}

#[test]
fn failures_tell_the_stage_and_the_kind() {
    let failed = |stage, kind| Event::Failed { stage, kind, message: "it broke".into() };
    check(vec![
        (
            failed(Stage::Stt, ErrorKind::RateLimited { retry_after: None }),
            r#"{"type":"error","code":"provider","message":"it broke","fatal":false,"stage":"stt","kind":"rate_limited"}"#,
        ),
        (
            failed(Stage::Tts, ErrorKind::EngineMissing),
            r#"{"type":"error","code":"engine_missing","message":"it broke","fatal":false,"stage":"tts","kind":"engine_missing"}"#,
        ),
    ]);
}

#[test]
fn goodbyes_and_their_close_codes() {
    for (reason, word, code) in [
        (CloseReason::End, "end", 1000),
        (CloseReason::Deleted, "deleted", 1000),
        (CloseReason::Drain, "drain", 1001),
        (CloseReason::Idle, "idle", 1000),
        (CloseReason::Limit, "limit", 1000),
    ] {
        check(vec![(Event::Bye { reason }, &format!(r#"{{"type":"bye","reason":"{word}"}}"#))]);
        assert_eq!(close_code(reason), code, "{word}");
    }
}

#[test]
fn pause_and_resume_go_only_to_clients_that_asked() {
    let (pause, resume) = (Event::Pause { turn: TURN }, Event::Resume { turn: TURN });
    let mut codec = ServerCodec::new();
    assert_eq!(codec.frame_of(pause.clone()), None);
    assert_eq!(codec.frame_of(resume.clone()), None);
    codec.on_text(r#"{"type":"start","pause":true}"#).unwrap();
    assert_eq!(text_of(codec.frame_of(pause).unwrap().encode()), r#"{"type":"pause","turn":2}"#);
    assert_eq!(text_of(codec.frame_of(resume).unwrap().encode()), r#"{"type":"resume","turn":2}"#);
}

#[test]
fn metrics_are_milliseconds_with_two_decimals_and_null_where_absent() {
    let part = |stage, ms| PathPart { stage, ms, ahead_ms: 0.0 };
    check(vec![(
        Event::Metrics(TurnMetrics {
            turn: TURN,
            vad_end_ms: Some(96.004),
            total_ms: Some(543.2149),
            speculative: true,
            path: vec![
                part(PathStage::Vad, 96.004),
                part(PathStage::Endpointing, 200.004),
                part(PathStage::Stt, 0.004),
                part(PathStage::Llm, 150.004),
                part(PathStage::Sentence, 40.004),
                part(PathStage::Tts, 57.1909),
                part(PathStage::Send, 0.004),
            ],
            ..TurnMetrics::default()
        }),
        concat!(
            r#"{"type":"metrics","turn":2,"vad_end_ms":96.0,"stt_ms":null,"llm_ttft_ms":null,"tts_ms":null,"#,
            r#""total_ms":543.21,"speculative":true,"path":[{"stage":"vad","ms":96.0},"#,
            r#"{"stage":"endpointing","ms":200.01},{"stage":"stt","ms":0.0},{"stage":"llm","ms":150.01},"#,
            r#"{"stage":"sentence","ms":40.0},{"stage":"tts","ms":57.19},{"stage":"send","ms":0.0}]}"#,
        ),
    )]);
}

#[test]
fn work_done_ahead_and_answers_discarded_are_told_where_there_were_any() {
    let llm = PathPart { stage: PathStage::Llm, ms: 10.0, ahead_ms: 190.004 };
    check(vec![(
        Event::Metrics(TurnMetrics { turn: TURN, discarded: 2, path: vec![llm], ..TurnMetrics::default() }),
        concat!(
            r#"{"type":"metrics","turn":2,"vad_end_ms":null,"stt_ms":null,"llm_ttft_ms":null,"tts_ms":null,"#,
            r#""total_ms":null,"speculative":false,"discarded":2,"path":[{"stage":"llm","ms":10.0,"ahead_ms":190.0}]}"#,
        ),
    )]);
}

#[test]
fn frames_that_come_from_no_event() {
    let source = Source { title: "A page".into(), url: "https://example.com".into() };
    for (frame, json) in [
        (
            ServerFrame::Ready {
                session: "5e".into(),
                resume: "tok".into(),
                input_rate: 16_000,
                output_rate: 24_000,
                providers: Providers { stt: "local".into(), llm: "groq".into(), tts: "cartesia".into() },
            },
            r#"{"type":"ready","session":"5e","resume":"tok","input_rate":16000,"output_rate":24000,"providers":{"stt":"local","llm":"groq","tts":"cartesia"}}"#,
        ),
        (
            ServerFrame::Tool {
                turn: TURN,
                id: "c1".into(),
                name: "web_search".into(),
                status: ToolStatus::Done,
                sources: vec![source],
            },
            r#"{"type":"tool","turn":2,"id":"c1","name":"web_search","status":"done","sources":[{"title":"A page","url":"https://example.com"}]}"#,
        ),
        (
            ServerFrame::error(ErrorCode::Overrun, "too fast"),
            r#"{"type":"error","code":"overrun","message":"too fast","fatal":false}"#,
        ),
        (
            ServerFrame::error(ErrorCode::Draining, "shutting down"),
            r#"{"type":"error","code":"draining","message":"shutting down","fatal":false}"#,
        ),
    ] {
        assert_eq!(text_of(frame.encode()), json);
        assert_eq!(ServerFrame::from_text(json).unwrap(), frame);
    }
}

#[test]
fn audio_is_binary() {
    let audio = ServerFrame::Audio(Bytes::from_static(&[1, 2]));
    assert_eq!(audio.encode(), WireMessage::Binary(Bytes::from_static(&[1, 2])));
    assert_eq!(ServerFrame::from_binary(Bytes::from_static(&[1, 2])).unwrap(), audio);
    assert!(ServerFrame::from_binary(Bytes::from_static(&[1])).is_err());
}
