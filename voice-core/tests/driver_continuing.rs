//! Sessions that go on elsewhere, and one that breaks down, on Tokio's paused clock.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, missing_docs)]

use futures::stream::BoxStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use voice_core::agent::{Agent, AgentConfig, Control, Output, Session, SessionOptions};
use voice_core::conversation::{CloseReason, Event, Snapshot};
use voice_core::host::{Connection, Delivery};
use voice_core::protocol::{ServerCodec, ServerFrame};
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest};
use voice_core::testing::{FakeLlm, FakeTts};
use voice_core::{ErrorKind, Message, Result, Stage, TurnId};

const MS: Duration = Duration::from_millis(1);
/// A question that no model survives.
const POISON: &str = "Panic!";

/// A model that repeats the question, and remembers what it was asked.
#[derive(Clone)]
struct Model {
    replies: FakeLlm,
    requests: Arc<Mutex<Vec<LlmRequest>>>,
}

impl Model {
    fn prompts(&self) -> Vec<Vec<Message>> {
        self.requests.lock().expect("no panic holds it").iter().map(|request| request.messages.clone()).collect()
    }
}

impl LlmProvider for Model {
    fn name(&self) -> &str {
        "model"
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        assert_ne!(request.messages.last(), Some(&Message::user(POISON)), "this model was told to panic");
        self.requests.lock().expect("no panic holds it").push(request.clone());
        self.replies.generate(request, cx)
    }
}

fn model() -> Model {
    Model { replies: FakeLlm::new(200 * MS, MS, "You said {}"), requests: Arc::default() }
}

/// An agent that greets and speaks 10 ms a character.
fn agent(model: &Model) -> Agent {
    let mut config = AgentConfig::default();
    config.conversation.greeting = Some("Hello!".into());
    let voice = FakeTts::new(MS, 16_000, 10 * MS);
    Agent::builder().config(config).llm(Arc::new(model.clone())).tts(Arc::new(voice)).build()
}

/// A session whose snapshots are wanted.
fn followed() -> SessionOptions {
    SessionOptions { snapshots: true, ..SessionOptions::default() }
}

/// Reads until an event is the one wanted; gives all events.
async fn until(session: &Session, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut events = Vec::new();
    let reading = async {
        while let Some(output) = session.next_output().await {
            let Output::Event(event) = output else { continue };
            events.push(event);
            if events.last().is_some_and(&wanted) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("it comes");
    events
}

async fn exchange(session: &Session, words: &str) -> Vec<Event> {
    session.control(Control::Text(words.into())).expect("the session is open");
    until(session, |event| matches!(event, Event::ReplyEnd { turn, .. } if turn.0 > 0)).await
}

fn newest(session: &Session) -> Option<Arc<Snapshot>> {
    session.snapshots().borrow().clone()
}

#[tokio::test(start_paused = true)]
async fn a_session_goes_on_from_what_another_one_was() {
    let model = model();
    let first = agent(&model).open(followed()).expect("it opens");
    let context = Some(Some("It is noon.".to_owned()));
    first.control(Control::SetContext { instructions: None, context }).expect("it is open");
    exchange(&first, "apple.").await;
    let continues = newest(&first);
    let second = agent(&model).open(SessionOptions { continues, ..followed() }).expect("it opens");
    let events = exchange(&second, "peach.").await;
    assert!(!events.iter().any(|event| matches!(event, Event::Reply { turn: TurnId(0), .. })), "no second greeting");
    assert!(events.iter().any(|event| matches!(event, Event::ReplyEnd { turn: TurnId(2), .. })), "{events:?}");
    exchange(&first, "peach.").await;
    let prompts = model.prompts();
    assert_eq!(prompts[1], prompts[2], "the broken conversation and the unbroken one ask the same");
    assert_eq!(second.history(), first.history());
    let context = newest(&second).and_then(|snapshot| snapshot.context.clone());
    assert_eq!(context.as_deref(), Some("It is noon."));
}

#[tokio::test(start_paused = true)]
async fn observers_learn_of_every_commit_and_are_never_waited_for() {
    let session = agent(&model()).open(followed()).expect("it opens");
    let mut snapshots = session.snapshots();
    exchange(&session, "apple.").await;
    // Nobody has read for a while: what is there is the newest.
    assert!(snapshots.has_changed().expect("the session lives"));
    let snapshot = snapshots.borrow_and_update().clone().expect("the session has begun");
    assert_eq!(snapshot.history.last(), Some(&Message::agent("You said apple.")));
    assert_eq!((snapshot.newest_turn, snapshot.owed), (TurnId(1), None));
    session.control(Control::Text("peach.".into())).expect("the session is open");
    until(&session, |event| matches!(event, Event::Transcript { is_final: true, .. })).await;
    snapshots.changed().await.expect("the session lives");
    let snapshot = snapshots.borrow_and_update().clone().expect("the session lives");
    assert_eq!((snapshot.history.last(), snapshot.owed), (Some(&Message::user("peach.")), Some(TurnId(2))));
}

#[tokio::test(start_paused = true)]
async fn who_follows_a_session_learns_how_it_ended_and_what_it_was() {
    for reason in [CloseReason::Drain, CloseReason::End, CloseReason::Deleted, CloseReason::Idle, CloseReason::Limit] {
        let session = agent(&model()).open(followed()).expect("it opens");
        exchange(&session, "apple.").await;
        assert_eq!(session.status().goodbye, None);
        session.control(Control::Close(reason)).expect("the session is open");
        session.closed().await;
        let left = newest(&session).and_then(|snapshot| snapshot.history.last().cloned());
        assert_eq!(left, Some(Message::agent("You said apple.")));
        assert_eq!((session.status().goodbye, session.history().len()), (Some(reason), 0));
    }
    let session = agent(&model()).open(SessionOptions::default()).expect("it opens");
    exchange(&session, "apple.").await;
    assert_eq!(newest(&session), None, "nobody wants to follow it");
}

#[tokio::test(start_paused = true)]
async fn what_is_heard_of_a_reply_when_the_server_goes_is_kept() {
    let session = agent(&model()).open(followed()).expect("it opens");
    session.control(Control::Text("one two three four five six seven eight".into())).expect("it is open");
    until(&session, |event| matches!(event, Event::Reply { turn: TurnId(1), .. })).await;
    tokio::time::sleep(300 * MS).await;
    session.control(Control::Close(CloseReason::Drain)).expect("it is open");
    let events = until(&session, |event| matches!(event, Event::Bye { .. })).await;
    let heard = events.iter().find_map(|event| match event {
        Event::ReplyEnd { turn: TurnId(1), heard, .. } => Some(heard.clone()),
        _ => None,
    });
    let heard = heard.filter(|heard| !heard.is_empty()).expect("some of it was heard");
    let left = newest(&session).expect("it may go on elsewhere");
    assert_eq!((left.history.last(), left.owed), (Some(&Message::agent(heard)), None));
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_whether_a_turn_is_under_way() {
    let session = agent(&model()).open(followed()).expect("it opens");
    until(&session, |event| matches!(event, Event::ReplyEnd { turn: TurnId(0), .. })).await;
    assert!(!session.status().busy);
    session.control(Control::Text("apple.".into())).expect("it is open");
    until(&session, |event| matches!(event, Event::Reply { .. })).await;
    assert!(session.status().busy);
    until(&session, |event| matches!(event, Event::ReplyEnd { .. })).await;
    tokio::time::sleep(MS).await;
    assert!(!session.status().busy);
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_task_panics_ends_alone_and_its_client_is_told() {
    let agent = agent(&model());
    let other = agent.open(followed()).expect("it opens");
    let (session, mut events) = agent.open_observed(followed()).expect("it opens");
    exchange(&session, "apple.").await;
    let connection = Connection::new(session.clone(), Default::default(), ServerCodec::begun(false), String::new(), []);
    session.control(Control::Text(POISON.into())).expect("it is open");
    let mut last = None;
    while let Some(delivery) = connection.next().await {
        last = Some(delivery);
    }
    let Some(Delivery::Frame { frame: ServerFrame::Error { fatal, stage, kind, .. }, .. }) = last else {
        panic!("the last word is an error, not {last:?}")
    };
    assert_eq!((fatal, stage.as_deref(), kind.as_deref()), (true, Some("session"), Some("internal")));
    assert!(connection.is_broken() && connection.goodbye().is_none());
    session.closed().await;
    assert!(session.status().broken);
    assert!(session.control_wait(Control::Interrupt).await.is_err(), "nobody hears it any more");
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(event);
    }
    let failed =
        |event: &Event| matches!(event, Event::Failed { stage: Stage::Session, kind: ErrorKind::Internal, .. });
    assert_eq!(told.iter().filter(|event| failed(event)).count(), 1, "{told:?}");
    let left = newest(&session).expect("what was committed outlives the task");
    assert_eq!(left.history.last(), Some(&Message::agent("You said apple.")));
    exchange(&other, "peach.").await;
}
