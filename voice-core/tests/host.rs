//! A session as a host sees it: what its client is told, in order, and what can be looked up.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, missing_docs)]

use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use voice_core::ErrorKind;
use voice_core::agent::{Agent, Control, SessionOptions};
use voice_core::conversation::CloseReason;
use voice_core::host::{Connection, Delivery, Ears, NotTaken, Report, history_json, providers_json, status_json};
use voice_core::protocol::{ServerFrame, WireMessage};
use voice_core::testing::{FakeLlm, FakeTts};

const MS: Duration = Duration::from_millis(1);

fn agent() -> Agent {
    let llm = FakeLlm::new(200 * MS, 20 * MS, "You said {}.");
    Agent::builder().llm(Arc::new(llm)).tts(Arc::new(FakeTts::new(50 * MS, 16_000, 60 * MS))).build()
}

fn text(message: &str) -> WireMessage {
    WireMessage::Text(message.to_owned())
}

/// What the client is told, in short, until a frame of this type.
async fn told_until(connection: &Connection, last: &str) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    loop {
        let kind = match connection.next().await.expect("the session lives") {
            Delivery::Audio { .. } => "audio".to_owned(),
            Delivery::Frame { frame, .. } => {
                let frame = serde_json::to_value(&frame).expect("it is JSON");
                let code = frame["code"].as_str().map(|code| format!(" {code}")).unwrap_or_default();
                format!("{}{code}", frame["type"].as_str().expect("a type"))
            }
            _ => unreachable!("there are no others"),
        };
        let is_last = kind == last;
        if told.last() != Some(&kind) {
            told.push(kind);
        }
        if is_last {
            return told;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ready_comes_first_then_answers_and_what_the_session_tells_in_its_order() {
    let connection = Connection::open(&agent(), SessionOptions::default()).expect("it opens");
    connection.take_message(text("{nonsense")).await.expect("it is answered");
    connection.take_message(text(r#"{"type":"text","text":"Hello"}"#)).await.expect("it is taken");
    assert_eq!(
        told_until(&connection, "reply_end").await,
        ["ready", "error bad_json", "transcript", "state", "reply", "metrics", "state", "audio", "reply_end"]
    );
    connection.take_message(text(r#"{"type":"end"}"#)).await.expect("it is taken");
    assert_eq!(told_until(&connection, "bye").await, ["state", "bye"]);
    assert!(connection.next().await.is_none());
    assert_eq!(connection.goodbye(), Some(CloseReason::End));
    connection.session().closed().await;
    assert_eq!(connection.take_message(text(r#"{"type":"interrupt"}"#)).await, Err(NotTaken::Over));
}

#[tokio::test(start_paused = true)]
async fn a_client_on_a_socket_says_how_its_session_is_to_be() {
    let start = text(r#"{"type":"start","output_rate":24000,"pause":true}"#);
    let options =
        || SessionOptions::from_json(r#"{"input_rate":8000,"context":"It is noon."}"#).expect("it makes sense");
    let connection = Connection::accept(&agent(), options(), Some(start)).await.expect("it opens");
    let Some(Delivery::Frame { frame: ServerFrame::Ready { input_rate, output_rate, .. }, .. }) =
        connection.next().await
    else {
        panic!("ready comes first")
    };
    assert_eq!((input_rate, output_rate), (16_000, 24_000), "what it left out takes its default");
    let late = connection.take_message(text(r#"{"type":"start"}"#)).await;
    late.expect("it is answered");
    assert_eq!(told_until(&connection, "error late_start").await, ["error late_start"]);
    let silent = Connection::accept(&agent(), options(), None).await.expect("it opens");
    let Some(Delivery::Frame { frame: ServerFrame::Ready { input_rate, .. }, .. }) = silent.next().await else {
        panic!("ready comes first")
    };
    assert_eq!(input_rate, 8_000, "a client that says nothing has what the program chose");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_big_ends_the_connection_and_not_the_session() {
    let connection = Connection::open(&agent(), SessionOptions::default()).expect("it opens");
    let big = WireMessage::Binary(Bytes::from(vec![0; (1 << 20) + 2]));
    assert_eq!(connection.take_message(big).await, Err(NotTaken::Close(1009)));
    assert!(!connection.session().status().closed);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_loses_its_session_and_is_told() {
    let connection = Connection::open(&agent(), SessionOptions::default()).expect("it opens");
    for _ in 0..3_000 {
        if connection.session().control_wait(Control::Text("Hello".into())).await.is_err() {
            break;
        }
    }
    connection.session().closed().await;
    let told = told_until(&connection, "bye").await;
    assert!(!told.contains(&"transcript".to_owned()), "what waited is gone: {told:?}");
    assert_eq!(connection.goodbye(), Some(CloseReason::Limit));
}

#[tokio::test(start_paused = true)]
async fn the_history_and_the_status_are_json_and_gone_with_the_session() {
    let connection = Connection::open(&agent(), SessionOptions::default()).expect("it opens");
    let session = connection.session();
    assert_eq!(history_json(session), "[]");
    assert_eq!(status_json(session), r#"{"closed":false,"metrics":null,"state":"listening","turn":0}"#);
    assert_eq!(providers_json(session.providers()), r#"{"llm":"fake","stt":null,"tts":"fake"}"#);
    session.control(Control::Text("Hello".into())).expect("it is open");
    told_until(&connection, "reply_end").await;
    assert_eq!(history_json(session), r#"[{"role":"user","text":"Hello"},{"role":"agent","text":"You said Hello."}]"#);
    let status: serde_json::Value = serde_json::from_str(&status_json(session)).expect("it is JSON");
    assert_eq!((&status["turn"], &status["metrics"]["turn"]), (&1.into(), &1.into()));
    session.control(Control::Close(CloseReason::End)).expect("it is open");
    session.closed().await;
    assert_eq!(history_json(session), "[]");
}

#[test]
fn engines_are_chosen_by_name_and_a_wrong_one_is_named() {
    for named in ["{}", r#"{"vad":"energy","denoise":true}"#, r#"{"vad":"none","echo_cancellation":false}"#] {
        Ears::from_json(named).and_then(|ears| ears.give_to(Agent::builder())).map(|_| ()).expect("they are built in");
    }
    let error = Ears::from_json(r#"{"vad":"ears"}"#).expect_err("there is none");
    assert_eq!(*error.kind(), ErrorKind::InvalidConfig);
    assert!(error.message().contains("`vad`: unknown variant `ears`, expected one of `silero`"), "{error}");
}

#[test]
fn the_report_tells_version_and_features() {
    let report: serde_json::Value = serde_json::from_str(&Report::new().json()).expect("it is JSON");
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["features"]["testing"], true);
}
