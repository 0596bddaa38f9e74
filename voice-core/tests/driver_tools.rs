//! The driver's hands, on Tokio's paused clock: tools that are slow, that break, that are cut off, and what the model
//! is told of them.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, clippy::unwrap_used)]

use futures::stream::BoxStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use voice_core::agent::{Agent, AgentBuilder, Control, Output, Session, SessionOptions};
use voice_core::conversation::{CloseReason, Event, ToolStatus};
use voice_core::stage::{CallContext, FunctionTool, LlmEvent, LlmProvider, LlmRequest, Tool};
use voice_core::testing::{FakeLlm, FakeTool, FakeTts};
use voice_core::{ErrorKind, Message, Result, ToolCall};

const MS: Duration = Duration::from_millis(1);

/// A model that remembers what it was asked.
struct Recording {
    model: FakeLlm,
    requests: Arc<Mutex<Vec<LlmRequest>>>,
}

impl LlmProvider for Recording {
    fn name(&self) -> &str {
        "recording"
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        self.requests.lock().unwrap().push(request.clone());
        self.model.generate(request, cx)
    }
}

struct Bench {
    session: Session,
    requests: Arc<Mutex<Vec<LlmRequest>>>,
}

fn call(id: &str, name: &str) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), arguments: r#"{"city":"Oslo"}"#.into() }
}

/// An agent that says "Let me look.", makes these calls, and then says "So it is."
fn open(tools: impl IntoIterator<Item = Arc<dyn Tool>>, calls: impl IntoIterator<Item = ToolCall>) -> Bench {
    let model = FakeLlm::new(100 * MS, MS, "So it is.").calling("Let me look.", calls);
    let requests = Arc::new(Mutex::new(Vec::new()));
    let builder = Agent::builder()
        .llm(Arc::new(Recording { model, requests: requests.clone() }))
        .tts(Arc::new(FakeTts::new(50 * MS, 16_000, 20 * MS)));
    let agent = tools.into_iter().try_fold(builder, AgentBuilder::tool).expect("the tools are in order").build();
    let session = agent.open(SessionOptions::default()).expect("a session opens");
    Bench { session, requests }
}

impl Bench {
    fn ask(&self, text: &str) {
        self.session.control(Control::Text(text.into())).expect("the session is open");
    }

    /// The events until `last`, audio left out.
    async fn until(&self, last: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut seen = Vec::new();
        let reading = async {
            while let Some(output) = self.session.next_output().await {
                if let Output::Event(event) = output {
                    seen.push(event);
                    if last(&seen[seen.len() - 1]) {
                        return;
                    }
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(120), reading).await.expect("what the test waits for comes");
        seen
    }

    async fn reply(&self) -> (Vec<Event>, String) {
        let events = self.until(|event| matches!(event, Event::ReplyEnd { .. })).await;
        let Some(Event::ReplyEnd { heard, .. }) = events.last() else { panic!("the reply has an end") };
        let heard = heard.clone();
        (events, heard)
    }

    /// The results that the n-th request of the model tells of.
    fn results(&self, request: usize) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let rounds = requests[request].messages.iter().filter_map(|message| match message {
            Message::Tools(round) => Some(round),
            Message::User(_) | Message::Agent(_) | Message::Summary(_) => None,
        });
        rounds.flat_map(|round| &round.calls).map(|answered| answered.result.clone()).collect()
    }

    async fn close(self) {
        self.session.control(Control::Close(CloseReason::End)).expect("the session is open");
        self.until(|event| matches!(event, Event::Bye { .. })).await;
        self.session.closed().await;
    }
}

fn statuses(events: &[Event]) -> Vec<(&str, ToolStatus)> {
    fn status(event: &Event) -> Option<(&str, ToolStatus)> {
        match event {
            Event::Tool { id, status, .. } => Some((id, *status)),
            _ => None,
        }
    }
    events.iter().filter_map(status).collect()
}

#[tokio::test(start_paused = true)]
async fn calls_run_side_by_side_and_the_reply_goes_on_with_their_results() {
    let (slow, quick) = (FakeTool::new("slow", 300 * MS, "{}"), FakeTool::new("quick", 100 * MS, "quick enough"));
    let counts = [slow.calls(), quick.calls()];
    let bench = open([Arc::new(slow) as Arc<dyn Tool>, Arc::new(quick)], [call("a", "slow"), call("b", "quick")]);
    bench.ask("How is Oslo?");
    let (events, heard) = bench.reply().await;
    assert_eq!(heard, "Let me look. So it is.");
    use ToolStatus::{Done, Started};
    assert_eq!(statuses(&events), [("a", Started), ("b", Started), ("b", Done), ("a", Done)]);
    assert_eq!(bench.results(1), [r#"{"city":"Oslo"}"#, "quick enough"]);
    let requests = bench.requests.lock().unwrap().clone();
    assert_eq!(requests[0].tools.iter().map(|tool| &*tool.name).collect::<Vec<_>>(), ["slow", "quick"]);
    assert_eq!(requests[1].messages[1], Message::agent("Let me look."));
    bench.close().await;
    assert!(counts.iter().all(|calls| (calls.begun(), calls.alive()) == (1, 0)));
}

#[tokio::test(start_paused = true)]
async fn an_interruption_drops_a_call_and_one_that_cannot_be_taken_back_is_told_first() {
    let (look, act) =
        (FakeTool::new("look", 5_000 * MS, "rain"), FakeTool::new("act", 2_000 * MS, "booked").irreversible());
    let counts = [look.calls(), act.calls()];
    let bench = open([Arc::new(look) as Arc<dyn Tool>, Arc::new(act)], [call("a", "look"), call("b", "act")]);
    bench.ask("Book it.");
    bench.until(|event| matches!(event, Event::Tool { .. })).await;
    tokio::time::sleep(200 * MS).await;
    bench.ask("Wait!");
    bench.until(|event| matches!(event, Event::ReplyEnd { interrupted: true, .. })).await;
    tokio::time::sleep(MS).await;
    assert_eq!((counts[0].alive(), counts[1].alive()), (0, 1));
    assert_eq!(bench.requests.lock().unwrap().len(), 1, "the question waits for what is being done");
    let done = bench.until(|event| matches!(event, Event::Tool { status: ToolStatus::Done, .. })).await;
    assert_eq!(statuses(&done), [("b", ToolStatus::Done)]);
    bench.until(|event| matches!(event, Event::Tool { .. })).await;
    assert_eq!(bench.results(1), ["cut off: the user interrupted before there was a result", "booked"]);
    assert_eq!(bench.requests.lock().unwrap()[1].messages.last(), Some(&Message::user("Wait!")));
    bench.close().await;
    assert!(counts.iter().all(|calls| calls.alive() == 0));
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_in_a_tool_is_told_to_the_model() {
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Person {
        #[allow(dead_code, reason = "the call does not get as far as reading it")]
        name: String,
    }
    let strict = FunctionTool::new("strict", "Wants a name.", |_: Person, _| async { Ok("never") });
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Place {
        city: String,
    }
    let broken = FunctionTool::new("broken", "Breaks.", |place: Place, _| async move {
        Ok(place.city.parse::<u32>().unwrap().to_string())
    });
    let late = FakeTool::new("late", 5_000 * MS, "never").deadline(200 * MS);
    let late_calls = late.calls();
    let bench = open(
        [Arc::new(strict) as Arc<dyn Tool>, Arc::new(broken), Arc::new(late)],
        [call("a", "strict"), call("b", "broken"), call("c", "late")],
    );
    bench.ask("Go on.");
    let (events, heard) = bench.reply().await;
    assert_eq!(heard, "Let me look. So it is.");
    assert_eq!(statuses(&events).iter().filter(|(_, status)| *status == ToolStatus::Failed).count(), 3);
    assert_eq!(
        bench.results(1),
        [
            "failed: wrong arguments: missing field `name`",
            "failed: the tool broke down",
            "failed: there was no result within 200 ms"
        ]
    );
    assert_eq!(late_calls.alive(), 0);
    bench.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_lets_what_cannot_be_taken_back_come_to_its_end() {
    let (look, act) =
        (FakeTool::new("look", 60_000 * MS, "never"), FakeTool::new("act", 3_000 * MS, "booked").irreversible());
    let counts = [look.calls(), act.calls()];
    let bench = open([Arc::new(look) as Arc<dyn Tool>, Arc::new(act)], [call("a", "look"), call("b", "act")]);
    bench.ask("Book it.");
    bench.until(|event| matches!(event, Event::Tool { .. })).await;
    tokio::time::sleep(100 * MS).await;
    bench.session.control(Control::Close(CloseReason::End)).expect("the session is open");
    let goodbye = async { while bench.session.next_output().await.is_some() {} };
    tokio::time::timeout(100 * MS, goodbye).await.expect("the client need not wait for the call");
    assert_eq!(counts[1].alive(), 1);
    tokio::time::timeout(4_000 * MS, bench.session.closed()).await.expect("it ends with the call");
    assert!(counts.iter().all(|calls| (calls.begun(), calls.alive()) == (1, 0)));
}

#[test]
fn tools_that_a_model_cannot_be_told_of_are_refused() {
    let tool = |name: &str| Arc::new(FakeTool::new(name, MS, "")) as Arc<dyn Tool>;
    let untyped = FunctionTool::new("untyped", "", |_: Vec<u32>, _| async { Ok("") });
    for (tools, problem) in [
        (vec![tool("look"), tool("look")], r#"tool "look": there is another one of that name"#),
        (vec![tool("look up")], r#"tool "look up": a name is 1 to 64 letters, digits, _ and -"#),
        (vec![tool("")], r#"tool "": a name is 1 to 64"#),
        (vec![Arc::new(untyped)], r#"tool "untyped": its arguments are to be an object"#),
    ] {
        let Err(error) = tools.into_iter().try_fold(Agent::builder(), AgentBuilder::tool) else {
            panic!("{problem}");
        };
        assert_eq!(*error.kind(), ErrorKind::InvalidConfig);
        assert!(error.message().starts_with(problem), "{error}");
    }
}
