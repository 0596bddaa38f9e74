//! Tools: what is said around them, what an interruption does to them, and what the model is told of them.

use crate::*;
use insta::assert_snapshot;
use std::time::Duration;
use voice_core::conversation::{Command, Event, ToolStatus};
use voice_core::{Message, SideEffect, ToolCall, ToolSpec};

/// `look` has no effect and may take 5 s, `act` has one and may take 20 s.
pub(crate) fn with_tools(config: ConversationConfig) -> Script {
    let tool = |name: &str, effect, seconds| ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: serde_json::json!({"type": "object"}),
        effect,
        deadline: Duration::from_secs(seconds),
    };
    Script::new(config)
        .with_tools([tool("look", SideEffect::None, 5), tool("act", SideEffect::Irreversible, 20)].into())
        .at(0, Input::UserText("What is the weather?".into()))
}

pub(crate) fn asked() -> Script {
    with_tools(settings())
}

pub(crate) fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() }
}

pub(crate) fn calls(calls: impl IntoIterator<Item = ToolCall>) -> Input {
    Input::ToolCalls { reply: TurnId(1).into(), calls: calls.into_iter().collect() }
}

pub(crate) fn result(id: &str, text: &str) -> Input {
    Input::ToolResult { reply: TurnId(1).into(), id: id.into(), result: Ok(text.into()) }
}

/// The history in one line: who said what, and which calls gave what.
pub(crate) fn history(script: &Script) -> String {
    told(script.conversation().history().cloned().collect())
}

pub(crate) fn told(messages: Vec<Message>) -> String {
    let line = |message: Message| match message {
        Message::User(text) => format!("user: {text}"),
        Message::Agent(text) => format!("agent: {text}"),
        Message::Tools(round) => {
            let calls = round.calls.iter().map(|answered| format!("{} = {}", answered.call.name, answered.result));
            calls.collect::<Vec<_>>().join(" & ")
        }
        Message::Summary(text) => format!("({text})"),
    };
    messages.into_iter().map(line).collect::<Vec<_>>().join(" | ")
}

/// How the calls ended, in order.
pub(crate) fn endings(timeline: &Timeline) -> Vec<(String, ToolStatus)> {
    let ending = |command: &Command| match command {
        Command::Emit(Event::Tool { id, status, .. }) if *status != ToolStatus::Started => Some((id.clone(), *status)),
        _ => None,
    };
    timeline.commands().filter_map(ending).collect()
}

pub(crate) fn ended<const N: usize>(calls: [(&str, ToolStatus); N]) -> [(String, ToolStatus); N] {
    calls.map(|(id, status)| (id.to_owned(), status))
}

pub(crate) fn count(timeline: &Timeline, what: fn(&Command) -> bool) -> usize {
    timeline.commands().filter(|command| what(command)).count()
}

#[test]
fn the_agent_says_that_it_looks_looks_and_goes_on_in_the_same_turn() {
    let script = asked()
        .at(200, Input::FirstToken { reply: TurnId(1).into() })
        .at(250, Input::Reply { reply: TurnId(1).into(), text: "Let me look.".into(), speech: "Let me look.".into() })
        .at(260, calls([call("a", "look", r#"{"city":"Oslo"}"#), call("b", "look", "")]))
        .at(300, audio(1, 0, 8_000))
        .at(300, spoken(1, 0))
        .at(300, sent(1, 8_000))
        .at(400, result("b", "sun"))
        .at(900, result("a", "rain"));
    assert_eq!(
        told(script.conversation().messages()),
        "user: What is the weather? | agent: Let me look. | look = rain & look = sun"
    );
    let script = script
        .at(1_000, sentence(1, "It rains."))
        .at(1_010, written(1))
        .at(1_100, audio(1, 1, 8_000))
        .at(1_100, spoken(1, 1))
        .at(1_100, sent(1, 16_000))
        .at(1_700, done(1));
    assert_eq!(
        history(&script),
        "user: What is the weather? | agent: Let me look. | look = rain & look = sun | agent: It rains."
    );
    assert_snapshot!(script.run_until(1_700), @r#"
       0 UserText("What is the weather?")
         → Transcript { turn: 1, text: "What is the weather?", is_final: true }
         → CommitUser { turn: 1, text: "What is the weather?" }
         → StartReply { reply: 1, prompt: Model }
         → State(Thinking)
     200 FirstToken { reply: 1 }
     250 Reply { reply: 1, text: "Let me look.", speech: "Let me look." }
         → Speak { reply: 1, sentence: 0, text: "Let me look." }
     260 ToolCalls { reply: 1, calls: [ToolCall { id: "a", name: "look", arguments: "{\"city\":\"Oslo\"}" }, ToolCall { id: "b", name: "look", arguments: "" }] }
         → FlushSpeech { reply: 1 }
         → Tool { turn: 1, id: "a", name: "look", status: Started, sources: [] }
         → RunTool { reply: 1, id: "a", look {"city":"Oslo"} }
         → Tool { turn: 1, id: "b", name: "look", status: Started, sources: [] }
         → RunTool { reply: 1, id: "b", look {} }
     300 Synthesized { reply: 1, sentence: 0, samples: 8000 }
     300 SentenceSynthesized { reply: 1, sentence: 0 }
     300 Sent { reply: 1, samples: 8000 }
         → Reply { turn: 1, text: "Let me look." }
         → Metrics { turn: 1, total: 300 ms }
         → State(Speaking)
     400 ToolResult { reply: 1, id: "b", result: Ok(ToolOutput { text: "sun", sources: [] }) }
         → Tool { turn: 1, id: "b", name: "look", status: Done, sources: [] }
     900 ToolResult { reply: 1, id: "a", result: Ok(ToolOutput { text: "rain", sources: [] }) }
         → Tool { turn: 1, id: "a", name: "look", status: Done, sources: [] }
         → ContinueReply { reply: 1 }
    1000 Reply { reply: 1, text: "It rains. ", speech: "It rains." }
         → Speak { reply: 1, sentence: 1, text: "It rains." }
    1010 ReplyEnded { reply: 1 }
         → EndSpeech { reply: 1 }
    1100 Synthesized { reply: 1, sentence: 1, samples: 8000 }
    1100 SentenceSynthesized { reply: 1, sentence: 1 }
    1100 Sent { reply: 1, samples: 16000 }
         → Reply { turn: 1, text: " It rains. " }
    1700 PlaybackDone { reply: 1 }
         → CommitAgent { turn: 1, text: "Let me look." }
         → CommitTools { turn: 1, look {"city":"Oslo"} = "rain", look  = "sun" }
         → CommitAgent { turn: 1, text: "It rains." }
         → ReplyEnd { turn: 1, interrupted: false, heard: "Let me look. It rains." }
         → State(Listening)
    "#);
}

#[test]
fn a_filler_is_said_once_and_only_into_silence() {
    let is_filler = |command: &Command| matches!(command, Command::Speak { text, .. } if text == "One moment, please.");
    let looking = |asked: Script| {
        asked
            .at(
                250,
                Input::Reply { reply: TurnId(1).into(), text: "Let me look.".into(), speech: "Let me look.".into() },
            )
            .at(260, calls([call("a", "act", "")]))
            .at(300, audio(1, 0, 40_000))
            .at(300, spoken(1, 0))
            .at(300, sent(1, 40_000))
    };
    let script = looking(asked());
    assert_eq!(count(&script.clone().run_until(4_000), is_filler), 0, "the agent still speaks");
    let script = script.at(2_800, played(1, 40_000));
    let timeline = script.clone().run_until(20_000);
    assert_eq!(count(&timeline, is_filler), 1);
    let script = script
        .at(4_300, audio(1, 1, 16_000))
        .at(4_300, spoken(1, 1))
        .at(4_300, sent(1, 56_000))
        .at(5_000, result("a", "rain"))
        .at(5_100, sentence(1, "It rains."))
        .at(5_200, written(1))
        .at(5_300, audio(1, 2, 8_000))
        .at(5_300, spoken(1, 2))
        .at(5_300, sent(1, 64_000))
        .at(6_000, done(1));
    let said = "user: What is the weather? | agent: Let me look. One moment, please. | act = rain | agent: It rains.";
    assert_eq!(history(&script), said);

    let mut silent = settings();
    silent.tools.filler = None;
    let timeline = looking(with_tools(silent)).at(2_800, played(1, 40_000)).run_until(20_000);
    assert_eq!(count(&timeline, is_filler), 0);
}

#[test]
fn a_call_that_cannot_be_done_is_told_to_the_model_and_the_turn_goes_on() {
    let mut config = settings();
    config.tools.max_calls = 3;
    let script = with_tools(config).at(
        260,
        calls([
            call("a", "lok", "{}"),
            call("b", "look", r#"{"city":"#),
            call("c", "look", "[]"),
            call("d", "look", ""),
        ]),
    );
    assert_snapshot!(told(script.conversation().messages()), @r#"user: What is the weather? | lok = failed: there is no tool "lok", there is look, act & look = failed: the arguments are no JSON object: EOF while parsing a value at line 1 column 8 & look = failed: the arguments are no JSON object: invalid type: sequence, expected a map at line 1 column 0 & look = failed: not done, since at most 3 calls are done at once"#);
    let timeline = script.run_until(260);
    assert_eq!(endings(&timeline), ended(["a", "b", "c", "d"].map(|id| (id, ToolStatus::Failed))));
    assert_eq!(count(&timeline, |command| matches!(command, Command::RunTool { .. })), 0);
    assert_eq!(count(&timeline, |command| matches!(command, Command::ContinueReply { .. })), 1);
}

#[test]
fn after_so_many_rounds_the_model_is_asked_without_tools() {
    let mut config = settings();
    config.tools.max_rounds = 2;
    let mut script = with_tools(config);
    for (at, id) in [(300, "a"), (500, "b")] {
        assert_eq!(script.conversation().tools().len(), 2);
        script = script.at(at, calls([call(id, "look", "")])).at(at + 100, result(id, "rain"));
    }
    assert!(script.conversation().tools().is_empty());
    let script = script.at(700, calls([call("c", "look", "")]));
    let timeline = script.clone().run_until(700);
    let apology = |command: &Command| matches!(command, Command::Speak { text, .. } if text.starts_with("Sorry"));
    assert_eq!(count(&timeline, |command| matches!(command, Command::RunTool { .. })), 2);
    assert_eq!(count(&timeline, apology), 1, "a model that calls what it was not offered has failed");
}

#[test]
fn a_model_that_fails_after_the_tools_is_apologised_for() {
    let script = asked()
        .at(250, sentence(1, "Let me look."))
        .at(260, calls([call("a", "look", "")]))
        .at(270, failed(Some(1), Stage::Llm))
        .at(400, result("a", "rain"))
        .at(500, failed(Some(1), Stage::Llm));
    let apology = |command: &Command| matches!(command, Command::Speak { text, .. } if text.starts_with("Sorry"));
    let timeline = script.run_until(500);
    assert_eq!(count(&timeline, apology), 1, "{timeline}");
    let failures = |command: &Command| matches!(command, Command::Emit(Event::Failed { .. }));
    assert_eq!(count(&timeline, failures), 1, "while tools run, no model is asked, so none can fail");
}

/// What it said before the tools stands; the filler is no answer.
#[test]
fn a_model_that_says_nothing_after_the_tools_is_apologised_for_unless_it_spoke_before() {
    let apology = |command: &Command| matches!(command, Command::Speak { text, .. } if text.starts_with("Sorry"));
    let acting = |asked: Script| asked.at(300, calls([call("a", "act", "")])).at(4_000, result("a", "booked"));
    let silent = acting(asked()).at(4_500, written(1)).run_until(4_500);
    assert_eq!(count(&silent, apology), 1, "{silent}");
    let filler = |command: &Command| matches!(command, Command::Speak { text, .. } if text == "One moment, please.");
    assert_eq!(count(&silent, filler), 1, "{silent}");
    let spoke_before = acting(asked().at(250, sentence(1, "I have booked it."))).at(4_500, written(1));
    let spoke_before = spoke_before.run_until(4_500);
    assert_eq!(count(&spoke_before, apology), 0, "{spoke_before}");
}

#[test]
fn an_id_names_one_call_only() {
    let script = asked()
        .at(260, calls([call("a", "look", ""), call("a", "look", ""), call("", "look", "")]))
        .at(300, result("a", "1"))
        .at(300, result("call-1-1", "2"))
        .at(300, result("call-1-2", "3"))
        .at(400, calls([call("a", "look", "")]))
        .at(500, result("call-1-3", "4"));
    assert_eq!(
        told(script.conversation().messages()),
        "user: What is the weather? | look = 1 & look = 2 & look = 3 | look = 4"
    );
}

#[test]
fn a_long_result_is_cut() {
    let mut config = settings();
    config.tools.result_chars = 4;
    let script = with_tools(config).at(260, calls([call("a", "look", "")])).at(300, result("a", "rain and more"));
    assert!(told(script.conversation().messages()).ends_with("look = rain\n[9 more characters were left out]"));
}

#[test]
fn a_synthesiser_that_fails_leaves_the_tools_to_a_reply_that_is_read() {
    let script = asked()
        .at(250, sentence(1, "Let me look."))
        .at(260, calls([call("a", "look", "")]))
        .at(300, failed(Some(1), Stage::Tts))
        .at(400, result("a", "rain"))
        .at(500, sentence(1, "It rains."))
        .at(600, written(1));
    assert_eq!(history(&script), "user: What is the weather? | agent: Let me look. | look = rain | agent: It rains.");
}

#[test]
fn a_model_that_writes_a_long_call_is_not_given_up() {
    let alive = || Input::ModelAlive { reply: TurnId(1).into() };
    let script = asked().at(14_000, alive()).at(28_000, alive());
    let failures = |command: &Command| matches!(command, Command::Emit(Event::Failed { .. }));
    assert_eq!(count(&script.clone().run_until(42_900), failures), 0);
    assert_eq!(count(&script.run_until(43_100), failures), 1);
}
