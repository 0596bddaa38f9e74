//! The driver's memory, on Tokio's paused clock: older turns are summed up in calls that nobody waits for.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, missing_docs)]

use futures::StreamExt;
use futures::stream::BoxStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use voice_core::agent::{Agent, AgentConfig, Control, Output, Session, SessionOptions};
use voice_core::conversation::{CloseReason, Event};
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmPurpose, LlmRequest};
use voice_core::testing::FakeLlm;
use voice_core::{Error, ErrorKind, Message, Result, Stage};

const MS: Duration = Duration::from_millis(1);

/// A model that replies at once and sums up as it is told, and remembers what it was asked.
#[derive(Clone)]
struct Model {
    replies: FakeLlm,
    /// Without it a summary fails.
    summaries: Option<FakeLlm>,
    requests: Arc<Mutex<Vec<LlmRequest>>>,
}

impl Model {
    fn new(summaries: Option<FakeLlm>) -> Self {
        Self { replies: FakeLlm::new(200 * MS, MS, "Noted."), summaries, requests: Arc::default() }
    }

    fn requests(&self, purpose: LlmPurpose) -> Vec<LlmRequest> {
        let all = self.requests.lock().expect("no panic holds it");
        all.iter().filter(|request| request.purpose == purpose).cloned().collect()
    }

    fn newest_prompt(&self) -> Vec<Message> {
        self.requests(LlmPurpose::Reply).pop().expect("it was asked").messages
    }
}

impl LlmProvider for Model {
    fn name(&self) -> &str {
        "model"
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        self.requests.lock().expect("no panic holds it").push(request.clone());
        match (request.purpose, &self.summaries) {
            (LlmPurpose::Reply, _) => self.replies.generate(request, cx),
            (LlmPurpose::Summary, Some(summaries)) => summaries.generate(request, cx),
            (LlmPurpose::Summary, None) => {
                let error = Error::new(ErrorKind::Unavailable, Stage::Llm, "no connection");
                futures::stream::iter([Err(error)]).boxed()
            }
        }
    }
}

/// Room for six exchanges; from three on, all but the newest are summed up.
fn open(model: &Model) -> Session {
    let mut config = AgentConfig::default();
    config.conversation.memory.max_tokens = 80;
    config.conversation.memory.summarise_percent = 40;
    config.conversation.memory.keep_percent = 20;
    config.conversation.memory.summary_tokens = 20;
    let agent = Agent::builder().config(config).llm(Arc::new(model.clone())).build();
    agent.open(SessionOptions::default()).expect("a session opens")
}

/// Types these words and waits for the answer; gives what the client was told.
async fn exchange(session: &Session, words: &str) -> Vec<Event> {
    session.control(Control::Text(words.into())).expect("the session is open");
    let mut events = Vec::new();
    let reading = async {
        while let Some(output) = session.next_output().await {
            let Output::Event(event) = output else { continue };
            let over = matches!(event, Event::ReplyEnd { .. });
            events.push(event);
            if over {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("an answer comes");
    events
}

async fn three_exchanges(session: &Session) {
    for words in ["apple", "peach", "lemon"] {
        exchange(session, words).await;
    }
}

#[allow(clippy::disallowed_methods)] // A test may look at the simulated clock.
fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

#[tokio::test(start_paused = true)]
async fn the_next_prompt_begins_with_the_summary_and_the_next_summary_knows_of_it() {
    let summaries = FakeLlm::new(500 * MS, MS, "").summing_up("Two fruits.");
    let model = Model::new(Some(summaries.clone()));
    let session = open(&model);
    three_exchanges(&session).await;
    tokio::time::sleep(1_000 * MS).await;
    assert_eq!((summaries.calls().begun(), summaries.calls().alive()), (1, 0));
    let [asked] = &model.requests(LlmPurpose::Summary)[..] else { panic!("one summary was asked for") };
    let record = "<record>\nUser: apple\nAgent: Noted.\nUser: peach\nAgent: Noted.\n</record>";
    assert_eq!(asked.messages, [Message::user(record)]);
    assert!(asked.tools.is_empty() && asked.context.is_none());
    exchange(&session, "grape").await;
    let summary = || Message::Summary("Two fruits.".into());
    let newest = [Message::user("lemon"), Message::agent("Noted."), Message::user("grape")];
    assert_eq!(model.newest_prompt(), [&[summary()], &newest[..]].concat());
    exchange(&session, "mango").await;
    let asked = model.requests(LlmPurpose::Summary).pop().expect("another summary was asked for");
    let record = asked.messages[0].text().expect("it is a text");
    assert!(record.starts_with("<record>\nEarlier summary: Two fruits.\nUser: lemon\n"), "{record}");
}

#[tokio::test(start_paused = true)]
async fn answers_do_not_wait_for_a_summary_that_takes_long_and_it_is_given_up_in_the_end() {
    let summaries = FakeLlm::new(Duration::from_secs(100), MS, "").summing_up("Two fruits.");
    let model = Model::new(Some(summaries.clone()));
    let session = open(&model);
    three_exchanges(&session).await;
    let begun = now();
    assert_eq!(summaries.calls().alive(), 1);
    for words in ["grape", "mango", "melon", "olive", "prune"] {
        let before = now();
        exchange(&session, words).await;
        assert!(before.elapsed() <= 205 * MS, "{:?}", before.elapsed());
        assert_eq!(summaries.calls().begun(), 1, "one at a time");
    }
    assert_eq!(model.newest_prompt()[0], Message::user("peach"), "what there is no room for is dropped");
    tokio::time::sleep_until(begun + Duration::from_millis(30_100)).await;
    assert_eq!((summaries.calls().begun(), summaries.calls().alive()), (1, 0), "the default deadline is 30 s");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_takes_its_summary_with_it() {
    let summaries = FakeLlm::new(Duration::from_secs(100), MS, "").summing_up("Two fruits.");
    let model = Model::new(Some(summaries.clone()));
    let session = open(&model);
    three_exchanges(&session).await;
    assert_eq!(summaries.calls().alive(), 1);
    session.control(Control::Close(CloseReason::End)).expect("the session is open");
    let before = now();
    session.closed().await;
    assert_eq!(summaries.calls().alive(), 0);
    assert!(before.elapsed() < 1_000 * MS, "nobody waits for it");
}

#[tokio::test(start_paused = true)]
async fn a_summary_that_fails_is_not_told_to_the_client_and_changes_nothing() {
    let model = Model::new(None);
    let session = open(&model);
    three_exchanges(&session).await;
    let events = exchange(&session, "grape").await;
    assert!(!events.iter().any(|event| matches!(event, Event::Failed { .. })), "{events:?}");
    assert_eq!(model.newest_prompt().len(), 7);
    assert_eq!(model.requests(LlmPurpose::Summary).len(), 1, "a model that fails is not asked after every turn");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_does_not_stop_writing_is_read_as_far_as_there_is_room() {
    let summaries = FakeLlm::new(MS, MS, "").summing_up(&"peach ".repeat(100_000));
    let model = Model::new(Some(summaries.clone()));
    let session = open(&model);
    three_exchanges(&session).await;
    tokio::time::sleep(100 * MS).await;
    assert_eq!(summaries.calls().alive(), 0);
    exchange(&session, "grape").await;
    assert_eq!(model.newest_prompt()[0], Message::Summary("peach ".repeat(13).trim_end().into()));
}
