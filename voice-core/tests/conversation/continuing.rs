//! A conversation that goes on elsewhere: what it was is kept, what nobody got is owed, and nothing is said twice.

use crate::tools::told;
use crate::*;
use insta::assert_snapshot;
use voice_core::conversation::{CloseReason, OlderTurns, Snapshot};
use voice_core::{Message, ReplyId, SideEffect, ToolCall, ToolSpec};

/// The same conversation in another process: through JSON, into a conversation that knows nothing.
fn elsewhere(script: &Script) -> Script {
    elsewhere_with(script, settings())
}

fn elsewhere_with(script: &Script, config: ConversationConfig) -> Script {
    let json = script.conversation().snapshot().to_json();
    let snapshot = Snapshot::from_json(json.as_bytes()).expect("it reads what it wrote");
    assert_eq!(snapshot, script.conversation().snapshot());
    Script::new(config).at(0, Input::Continue { output_rate: 16_000, snapshot: Box::new(snapshot) })
}

/// What the model is asked with: all that it is told.
fn prompt(script: &Script) -> String {
    let conversation = script.conversation();
    let known = [conversation.instructions(), conversation.context()].map(|text| text.unwrap_or("nothing"));
    format!("[{}] {}", known.join(", "), told(conversation.messages()))
}

#[test]
fn the_next_prompt_is_that_of_the_unbroken_conversation() {
    let mut config = settings();
    config.greeting = Some("Hello!".into());
    config.memory.max_tokens = 80;
    config.memory.older_turns = OlderTurns::Summarise;
    config.memory.summarise_percent = 40;
    config.memory.keep_percent = 20;
    config.memory.summary_tokens = 20;
    let (instructions, context) = (Some(Some("Be brief.".to_owned())), Some(Some("It is noon.".to_owned())));
    let mut script = Script::new(config.clone())
        .at(0, Input::Start { output_rate: 16_000 })
        .at(10, Input::Interrupt)
        .at(20, Input::SetContext { instructions, context });
    for turn in 1..=4 {
        let at = u64::from(turn) * 1_000;
        script = script
            .at(at, Input::UserText(format!("Question {turn}.")))
            .at(at + 10, sentence(turn, "Noted."))
            .at(at + 20, audio(turn, 0, 16_000))
            .at(at + 30, spoken(turn, 0))
            .at(at + 40, sent(turn, 16_000))
            .at(at + 50, written(turn))
            .at(at + 60, done(turn));
        if turn == 3 {
            let summary = Some("Two questions.".to_owned());
            script = script.at(at + 70, Input::Summarised { id: voice_core::SummaryId(0), summary });
        }
        let question = Input::UserText("And now?".into());
        let next = elsewhere_with(&script, config.clone()).at(5_000, question.clone());
        assert_eq!(prompt(&next), prompt(&script.clone().at(5_000, question)), "after turn {turn}");
        assert_eq!(next.conversation().live_reply(), Some(TurnId(turn + 1).into()), "turns count on");
    }
    assert_snapshot!(prompt(&script), @"[Be brief., It is noon.] (Two questions.) | user: Question 3. | agent: Noted. | user: Question 4. | agent: Noted.");
}

#[test]
fn nothing_is_said_of_its_own_accord_where_nothing_is_owed() {
    let mut config = settings();
    config.greeting = Some("Hello!".into());
    let script = answering().at(700, sent(1, 16_000)).at(1_500, done(1));
    assert_snapshot!(elsewhere_with(&script, config).run_until(60_000), @r#"     0 Continue { output_rate: 16000, snapshot: Snapshot { v: 1, instructions: None, context: None, history: [User("Count to four."), Agent("One two. Three four.")], questions: [], owed: None, newest_turn: 1, renamed_calls: 0 } }"#);
}

#[test]
fn a_question_that_nobody_answered_is_answered_elsewhere_and_asked_no_second_time() {
    let script = script().at(0, Input::UserText("What time is it?".into())).at(100, sentence(1, "It is noon."));
    let next = elsewhere(&script);
    assert_eq!(decisions(&next.clone().run_until(0)), ["0 reply 1"]);
    assert_eq!(prompt(&next), "[nothing, nothing] user: What time is it?");
    let over = next.at(10, sentence(1, "It is noon.")).at(20, audio(1, 0, 800)).at(30, sent(1, 800)).at(40, written(1));
    let over = over.at(50, spoken(1, 0)).at(60, done(1));
    assert_eq!(prompt(&over), "[nothing, nothing] user: What time is it? | agent: It is noon.");
    assert_eq!(decisions(&elsewhere(&over).run_until(10_000)), [""; 0]);
}

#[test]
fn a_reply_in_mid_air_counts_as_far_as_it_was_heard_and_is_not_begun_again() {
    let script = answering().at(600, played(1, 8_000));
    let next = elsewhere(&script);
    assert_eq!(prompt(&next), "[nothing, nothing] user: Count to four. | agent: One two.");
    assert_eq!(decisions(&next.run_until(20_000)), [""; 0]);
}

#[test]
fn an_interrupted_reply_that_is_not_settled_counts_as_well() {
    let script = answering().at(600, played(1, 8_000)).at(700, Input::Interrupt);
    assert_eq!(prompt(&elsewhere(&script)), "[nothing, nothing] user: Count to four. | agent: One two.");
}

#[test]
fn what_the_user_said_while_away_is_told_and_answered_elsewhere() {
    let script = answering()
        .at(400, Input::Detached)
        .at(500, Input::UserText("And five?".into()))
        .at(600, Input::UserText("And six?".into()));
    assert_eq!(
        decisions(&elsewhere(&script).run_until(0)),
        [
            "0 final 2 \"And five?\"",
            "0 final 3 \"And six?\"",
            "0 user \"And five?\"",
            "0 user \"And six?\"",
            "0 reply 3",
        ]
    );
}

#[test]
fn a_client_that_went_away_before_the_answer_began_gets_it_when_it_is_back() {
    let thinking = script().at(0, Input::UserText("What time is it?".into())).at(500, Input::Detached);
    let back = thinking.clone().at(2_000, Input::Attached { output_rate: 16_000 });
    assert_eq!(decisions(&back.clone().run_until(2_000)).last().map(String::as_str), Some("2000 reply 1.1"));
    assert_eq!(prompt(&back), "[nothing, nothing] user: What time is it?");
    // The same for one that comes back elsewhere.
    assert_eq!(elsewhere(&thinking).conversation().live_reply(), Some(TurnId(1).into()));
    // What it asks first is answered together with it.
    let asked = thinking.at(1_000, Input::UserText("Hello?".into())).at(2_000, Input::Attached { output_rate: 16_000 });
    assert_eq!(prompt(&asked), "[nothing, nothing] user: What time is it? | user: Hello?");
    assert_eq!(asked.conversation().live_reply(), Some(TurnId(2).into()));
}

#[test]
fn a_reply_that_the_user_stopped_is_owed_to_nobody() {
    let script = script().at(0, Input::UserText("What time is it?".into())).at(500, Input::Interrupt);
    assert_eq!(script.conversation().snapshot().owed, None);
    let script = script.at(600, Input::Detached).at(700, Input::Attached { output_rate: 16_000 });
    assert_eq!(script.conversation().live_reply(), None);
}

#[test]
fn a_turn_that_was_being_spoken_is_spoken_again_under_its_number() {
    let script = answering()
        .at(700, sent(1, 16_000))
        .at(1_500, done(1))
        .at(2_000, onset(2_000))
        .at(2_500, partial(2, "what ti"));
    let next = elsewhere(&script);
    assert_eq!(prompt(&next), "[nothing, nothing] user: Count to four. | agent: One two. Three four.");
    let next = next.at(100, onset(100));
    assert!(next.conversation().open_turn() > Some(TurnId(1)), "{:?}", next.conversation().open_turn());
}

fn tool(name: &str, effect: SideEffect) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: "Made up.".into(),
        parameters: serde_json::json!({"type": "object"}),
        effect,
        deadline: Duration::from_secs(60),
    }
}

fn calls(names: &[&str]) -> Input {
    let call = |name: &&str| ToolCall { id: (*name).into(), name: (*name).into(), arguments: "{}".into() };
    Input::ToolCalls { reply: TurnId(1).into(), calls: names.iter().map(call).collect() }
}

fn result(id: &str) -> Input {
    Input::ToolResult { reply: TurnId(1).into(), id: id.into(), result: Ok("done".into()) }
}

/// A question for which the model calls these.
fn working(names: &[&str]) -> Script {
    let tools = [tool("look", SideEffect::None), tool("order", SideEffect::Irreversible)];
    script().with_tools(tools.into()).at(0, Input::UserText("Order a taxi.".into())).at(100, calls(names))
}

#[test]
fn what_cannot_be_taken_back_is_never_done_twice_unknowingly() {
    let lost = "cut off: the session moved before there was a result; it may have been done all the same";
    let next = elsewhere(&working(&["look", "order"]).at(200, result("look")));
    assert_eq!(prompt(&next), format!("[nothing, nothing] user: Order a taxi. | look = done & order = {lost}"));
    assert_eq!(next.conversation().live_reply(), Some(TurnId(1).into()), "the model tells what became of it");
    let done = elsewhere(&working(&["order"]).at(200, result("order")));
    assert_eq!(prompt(&done), "[nothing, nothing] user: Order a taxi. | order = done");
    assert_eq!(done.conversation().live_reply(), Some(TurnId(1).into()));
}

#[test]
fn what_was_only_looked_up_is_looked_up_again() {
    let next = elsewhere(&working(&["look"]));
    assert_eq!(prompt(&next), "[nothing, nothing] user: Order a taxi.");
    assert_eq!(next.conversation().live_reply(), Some(ReplyId::from(TurnId(1))));
}

#[test]
fn what_is_remembered_of_earlier_conversations_comes_first_and_is_greeted() {
    let mut config = settings();
    config.greeting = Some("Hello!".into());
    let script = Script::new(config)
        .at(0, Input::Remember("The user is called Ada.".into()))
        .at(0, Input::Start { output_rate: 16_000 });
    assert_eq!(prompt(&script), "[nothing, nothing] (The user is called Ada.)");
    assert_eq!(script.conversation().live_reply(), Some(TurnId(0).into()));
}

#[test]
fn the_revision_changes_with_the_snapshot() {
    let facts = [
        Input::Start { output_rate: 16_000 },
        Input::UserText("Count to four.".into()),
        sentence(1, "One two."),
        audio(1, 0, 8_000),
        spoken(1, 0),
        sent(1, 4_000),
        written(1),
        sent(1, 8_000),
        Input::SetContext { instructions: None, context: Some(Some("It is noon.".into())) },
        Input::Detached,
        Input::UserText("Hello?".into()),
        Input::Attached { output_rate: 16_000 },
        Input::Interrupt,
    ];
    let mut script = script();
    for fact in facts {
        let before = script.conversation().clone();
        script = script.at(0, fact.clone());
        let changed = script.conversation().snapshot() != before.snapshot();
        assert!(!changed || script.conversation().revision() > before.revision(), "{fact:?}");
    }
}

#[test]
fn a_conversation_at_rest_is_not_busy() {
    assert!(!script().conversation().is_busy());
    let script = answering();
    assert!(script.conversation().is_busy(), "it speaks");
    let script = script.at(700, sent(1, 16_000)).at(1_500, done(1));
    assert!(!script.conversation().is_busy());
    assert!(script.clone().at(2_000, onset(2_000)).conversation().is_busy(), "the user speaks");
    let away = script.at(2_000, Input::Detached).at(2_100, Input::UserText("Hello?".into()));
    assert!(!away.conversation().is_busy(), "only its client can bring it further");
    assert!(!away.at(3_000, Input::Close(CloseReason::End)).conversation().is_busy());
}

#[test]
fn another_version_is_refused_and_never_half_read() {
    let mut json: serde_json::Value = serde_json::from_str(&Snapshot::default().to_json()).unwrap();
    json["v"] = 2.into();
    let error = Snapshot::from_json(json.to_string().as_bytes()).expect_err("it is of another version");
    assert_eq!(error.message(), "a snapshot of version 2; this program reads version 1");
    json["v"] = 1.into();
    json["mood"] = "secret".into();
    let error = Snapshot::from_json(json.to_string().as_bytes()).expect_err("it has a field of another version");
    assert_eq!(*error.kind(), ErrorKind::Protocol);
    assert!(!error.to_string().contains("secret") && !error.to_string().contains("mood"), "{error}");
    assert!(Snapshot::from_json(b"{}").is_err() && Snapshot::from_json(b"\xff").is_err());
}

#[test]
fn too_long_a_snapshot_loses_its_oldest_exchanges_and_says_how_many() {
    let mut snapshot = Snapshot::default();
    snapshot.history.push(Message::Summary("Older things.".into()));
    for turn in 0..10 {
        snapshot.history.push(Message::user(format!("Question {turn}: {}", "x".repeat(100))));
        snapshot.history.push(Message::agent("Noted."));
    }
    let whole = snapshot.to_json();
    assert_eq!(snapshot.to_json_within(whole.len()), (whole.clone(), 0));
    let (json, dropped) = snapshot.to_json_within(whole.len() / 2);
    assert!(json.len() <= whole.len() / 2, "{} of {}", json.len(), whole.len());
    let kept = Snapshot::from_json(json.as_bytes()).unwrap();
    assert_eq!(kept.history.len() + 2 * dropped, snapshot.history.len());
    assert_eq!(kept.history[0], snapshot.history[0], "the summary stays");
    assert_eq!(kept.history[1..], snapshot.history[1 + 2 * dropped..]);
    let (json, dropped) = snapshot.to_json_within(10);
    assert_eq!((Snapshot::from_json(json.as_bytes()).unwrap().history.len(), dropped), (3, 9), "the newest stays");
}
