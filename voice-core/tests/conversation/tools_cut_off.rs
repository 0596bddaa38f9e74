//! Tools that are not waited for, or not for ever: interruptions, deadlines, clients and sessions that go.

use crate::tools::{asked, call, calls, count, ended, endings, history, result, told};
use crate::*;
use insta::assert_snapshot;
use voice_core::conversation::{AgentState, CloseReason, Command, Event, ToolStatus};

#[test]
fn an_interruption_drops_what_only_looks() {
    let script = asked()
        .at(250, sentence(1, "Let me look."))
        .at(260, calls([call("a", "look", "{}"), call("b", "look", "{}")]))
        .at(300, result("b", "sun"))
        .at(400, Input::UserText("Never mind.".into()))
        .at(500, result("a", "rain"));
    assert_eq!(
        history(&script),
        "user: What is the weather? | look = cut off: the user interrupted before there was a result & look = sun | \
         user: Never mind."
    );
    assert_snapshot!(script.run_until(500), @r#"
      0 UserText("What is the weather?")
        → Transcript { turn: 1, text: "What is the weather?", is_final: true }
        → CommitUser { turn: 1, text: "What is the weather?" }
        → StartReply { reply: 1, prompt: Model }
        → State(Thinking)
    250 Reply { reply: 1, text: "Let me look. ", speech: "Let me look." }
        → Speak { reply: 1, sentence: 0, text: "Let me look." }
    260 ToolCalls { reply: 1, calls: [ToolCall { id: "a", name: "look", arguments: "{}" }, ToolCall { id: "b", name: "look", arguments: "{}" }] }
        → FlushSpeech { reply: 1 }
        → Tool { turn: 1, id: "a", name: "look", status: Started, sources: [] }
        → RunTool { reply: 1, id: "a", look {} }
        → Tool { turn: 1, id: "b", name: "look", status: Started, sources: [] }
        → RunTool { reply: 1, id: "b", look {} }
    300 ToolResult { reply: 1, id: "b", result: Ok(ToolOutput { text: "sun", sources: [] }) }
        → Tool { turn: 1, id: "b", name: "look", status: Done, sources: [] }
    400 UserText("Never mind.")
        → Transcript { turn: 2, text: "Never mind.", is_final: true }
        → CancelReply { reply: 1 }
        → CancelSpeech { reply: 1 }
        → FlushPlayback { reply: 1 }
        → Clear { turn: 1 }
        → Metrics { turn: 1, total: none }
        → Tool { turn: 1, id: "a", name: "look", status: Failed, sources: [] }
        → CancelTool { reply: 1, id: "a" }
        → CommitTools { turn: 1, look {} = "cut off: the user interrupted before there was a result", look {} = "sun" }
        → ReplyEnd { turn: 1, interrupted: true, heard: "" }
        → CommitUser { turn: 2, text: "Never mind." }
        → StartReply { reply: 2, prompt: Model }
    500 ToolResult { reply: 1, id: "a", result: Ok(ToolOutput { text: "rain", sources: [] }) }
    "#);
}

#[test]
fn what_cannot_be_taken_back_comes_to_its_end_before_the_next_question_is_asked() {
    let script = asked()
        .at(260, calls([call("a", "act", "{}"), call("b", "look", "{}")]))
        .at(400, Input::UserText("Wait!".into()));
    assert_eq!(history(&script), "user: What is the weather?");
    let script = script.at(3_000, result("a", "booked"));
    assert_eq!(
        history(&script),
        "user: What is the weather? | act = booked & look = cut off: the user interrupted before there was a result | \
         user: Wait!"
    );
    assert_snapshot!(script.run_until(3_000), @r#"
       0 UserText("What is the weather?")
         → Transcript { turn: 1, text: "What is the weather?", is_final: true }
         → CommitUser { turn: 1, text: "What is the weather?" }
         → StartReply { reply: 1, prompt: Model }
         → State(Thinking)
     260 ToolCalls { reply: 1, calls: [ToolCall { id: "a", name: "act", arguments: "{}" }, ToolCall { id: "b", name: "look", arguments: "{}" }] }
         → Tool { turn: 1, id: "a", name: "act", status: Started, sources: [] }
         → RunTool { reply: 1, id: "a", act {} }
         → Tool { turn: 1, id: "b", name: "look", status: Started, sources: [] }
         → RunTool { reply: 1, id: "b", look {} }
     400 UserText("Wait!")
         → Transcript { turn: 2, text: "Wait!", is_final: true }
         → CancelReply { reply: 1 }
         → CancelSpeech { reply: 1 }
         → FlushPlayback { reply: 1 }
         → Clear { turn: 1 }
         → Metrics { turn: 1, total: none }
         → Tool { turn: 1, id: "b", name: "look", status: Failed, sources: [] }
         → CancelTool { reply: 1, id: "b" }
         → ReplyEnd { turn: 1, interrupted: true, heard: "" }
    3000 ToolResult { reply: 1, id: "a", result: Ok(ToolOutput { text: "booked", sources: [] }) }
         → Tool { turn: 1, id: "a", name: "act", status: Done, sources: [] }
         → CommitTools { turn: 1, act {} = "booked", look {} = "cut off: the user interrupted before there was a result" }
         → CommitUser { turn: 2, text: "Wait!" }
         → StartReply { reply: 2, prompt: Model }
    "#);
}

#[test]
fn what_cannot_be_taken_back_is_given_up_at_its_deadline() {
    let script = asked().at(1_000, calls([call("a", "act", "")])).at(1_100, Input::UserText("Wait!".into()));
    let script = script.at(20_999, Input::Timeout);
    assert_eq!(history(&script), "user: What is the weather?");
    let script = script.at(21_000, Input::Timeout);
    assert_eq!(
        history(&script),
        "user: What is the weather? | act = failed: there was no result within 20000 ms; it may have been done all \
         the same | user: Wait!"
    );
}

#[test]
fn each_call_has_the_deadline_of_its_tool_and_no_other_timer_runs_out_meanwhile() {
    let script =
        asked().at(250, sentence(1, "Let me look.")).at(1_000, calls([call("a", "look", ""), call("b", "act", "")]));
    let timeline = script.clone().run_until(20_999);
    assert_eq!(endings(&timeline), ended([("a", ToolStatus::Failed)]));
    let others =
        |command: &Command| matches!(command, Command::Emit(Event::Failed { .. }) | Command::CancelReply { .. });
    assert_eq!(count(&timeline, others), 0, "{timeline}");
    assert_eq!(endings(&script.run_until(21_000)), ended([("a", ToolStatus::Failed), ("b", ToolStatus::Failed)]));
}

/// The floor is held by the tool; the listener sees that the question was taken.
#[test]
fn a_question_that_waits_for_a_tool_shows_as_thinking() {
    let script = asked()
        .at(250, sentence(1, "I book it."))
        .at(260, calls([call("a", "act", "")]))
        .at(300, audio(1, 0, 8_000))
        .at(300, spoken(1, 0))
        .at(300, sent(1, 8_000))
        .at(400, Input::UserText("Wait!".into()))
        .at(410, played(1, 1_000));
    let states = |timeline: &Timeline| {
        let state = |command: &Command| match command {
            Command::Emit(Event::State(state)) => Some(*state),
            _ => None,
        };
        timeline.commands().filter_map(state).collect::<Vec<_>>()
    };
    let seen = states(&script.run_until(2_000));
    assert_eq!(seen, [AgentState::Thinking, AgentState::Speaking, AgentState::Thinking], "until the tool is done");
}

#[test]
fn a_client_that_went_away_comes_back_to_what_was_done() {
    let script = asked()
        .at(260, calls([call("a", "act", ""), call("b", "look", "")]))
        .at(300, Input::Detached)
        .at(2_000, result("a", "booked"))
        .at(2_500, Input::Attached { output_rate: 16_000 })
        .at(3_000, Input::UserText("Well?".into()));
    assert_eq!(
        history(&script),
        "user: What is the weather? | act = booked & look = cut off: the user interrupted before there was a result | \
         user: Well?"
    );
}

#[test]
fn a_call_that_nobody_waits_for_any_more_is_told_as_ended_before_the_goodbye() {
    let timeline =
        asked().at(260, calls([call("a", "act", "")])).at(400, Input::Close(CloseReason::End)).run_until(30_000);
    assert_eq!(endings(&timeline), ended([("a", ToolStatus::Failed)]));
    assert_eq!(count(&timeline, |command| matches!(command, Command::CancelTool { .. })), 0, "it cannot be taken back");
    let last = timeline.commands().filter(|command| matches!(command, Command::Emit(_))).last();
    assert!(matches!(last, Some(Command::Emit(Event::Bye { .. }))), "{last:?}");
}

#[test]
fn results_that_nobody_waits_for_are_refused() {
    let script = asked()
        .at(100, result("a", "early"))
        .at(260, calls([call("a", "look", ""), call("b", "look", "")]))
        .at(300, Input::ToolResult { reply: TurnId(7).into(), id: "a".into(), result: Ok("of another turn".into()) })
        .at(300, result("c", "of another call"))
        .at(300, sentence(1, "Stale words."))
        .at(300, written(1))
        .at(310, calls([call("d", "look", "")]))
        .at(400, result("a", "rain"))
        .at(500, result("a", "twice"))
        .at(600, result("b", "sun"));
    assert_eq!(told(script.conversation().messages()), "user: What is the weather? | look = rain & look = sun");
    assert_eq!(endings(&script.run_until(600)), ended([("a", ToolStatus::Done), ("b", ToolStatus::Done)]));
}
