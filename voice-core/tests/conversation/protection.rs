//! Speech that is to be heard to its end: only a stop word stops it, and what else is said is answered afterwards.

use crate::*;
use insta::assert_snapshot;
use serde_json::json;
use voice_core::{SideEffect, ToolCall, ToolSpec};

/// A greeting of 1 s, "Good morning.", that is being played.
fn greeting(protected: bool) -> Script {
    let mut config = settings();
    config.greeting = Some("Good morning.".into());
    config.interruption.protect_greeting = protected;
    Script::new(config)
        .at(0, Input::Start { output_rate: 16_000 })
        .at(0, sentence(0, "Good morning."))
        .at(0, written(0))
        .at(100, audio(0, 0, 16_000))
        .at(100, spoken(0, 0))
        .at(100, sent(0, 9_600))
}

#[test]
fn what_is_said_over_the_greeting_is_answered_after_it() {
    let over = |protected| {
        greeting(protected)
            .at(200, played(0, 1_600))
            .at(300, onset(236))
            .at(600, partial(1, "what time"))
            .at(700, pause(508))
            .at(800, words(1, 0, "What time is it?"))
            .at(1_200, played(0, 16_000))
            .at(1_200, done(0))
    };
    assert_snapshot!(over(true).run_until(1_500), @r#"
       0 Start { output_rate: 16000 }
         → StartReply { reply: 0, prompt: Text("Good morning.") }
         → State(Thinking)
       0 Reply { reply: 0, text: "Good morning. ", speech: "Good morning." }
         → Speak { reply: 0, sentence: 0, text: "Good morning." }
       0 ReplyEnded { reply: 0 }
         → EndSpeech { reply: 0 }
     100 Synthesized { reply: 0, sentence: 0, samples: 16000 }
     100 SentenceSynthesized { reply: 0, sentence: 0 }
     100 Sent { reply: 0, samples: 9600 }
         → Reply { turn: 0, text: "Good morning. " }
         → Metrics { turn: 0, total: none }
         → State(Speaking)
     200 Played { turn: 0, samples: 1600, reported: true }
     300 SpeechStarted { at: 236 ms }
         → Speech { started: true, at: 236 ms }
     600 PartialTranscript { turn: 1, text: "what time" }
         → Transcript { turn: 1, text: "what time", is_final: false }
     700 SpeechEnded { at: 508 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 508 ms }
     800 FinalTranscript { turn: 1, attempt: 0, text: "What time is it?", unclear: false }
    1000 Timeout
         → Transcript { turn: 1, text: "What time is it?", is_final: true }
    1200 Played { turn: 0, samples: 16000, reported: true }
    1200 PlaybackDone { reply: 0 }
         → CommitAgent { turn: 0, text: "Good morning." }
         → ReplyEnd { turn: 0, interrupted: false, heard: "Good morning." }
         → CommitUser { turn: 1, text: "What time is it?" }
         → StartReply { reply: 1, prompt: Model }
         → State(Thinking)
    "#);
    assert_snapshot!(decisions(&over(false).run_until(1_500)).join("\n"), @r#"
    0 reply 0
    300 pause
    600 clear
    900 cut ""
    1000 final 1 "What time is it?"
    1000 user "What time is it?"
    1000 reply 1
    "#);
}

#[test]
fn stop_ends_the_greeting_and_so_does_a_typed_turn() {
    let script = greeting(true).at(300, onset(236)).at(500, partial(1, "please stop"));
    assert_snapshot!(decisions(&script.run_until(2_000)).join("\n"), @r#"
    0 reply 0
    500 clear
    500 cut ""
    "#);
    let script = greeting(true).at(300, Input::UserText("What time is it?".into()));
    assert_snapshot!(decisions(&script.run_until(2_000)).join("\n"), @r#"
    0 reply 0
    300 final 1 "What time is it?"
    300 clear
    300 cut ""
    300 user "What time is it?"
    300 reply 1
    "#);
}

#[test]
fn an_announcement_is_protected_and_another_speech_is_not() {
    let over = |speech| {
        script()
            .at(0, speech)
            .at(0, sentence(1, "The line closes soon."))
            .at(0, written(1))
            .at(100, audio(1, 0, 16_000))
            .at(100, spoken(1, 0))
            .at(100, sent(1, 9_600))
            .at(300, onset(236))
            .at(600, partial(2, "what time"))
            .at(700, pause(508))
            .at(800, words(2, 0, "What time is it?"))
            .at(1_100, played(1, 16_000))
            .at(1_100, done(1))
    };
    let text = || "The line closes soon.".to_owned();
    assert_snapshot!(decisions(&over(Input::Announce(text())).run_until(1_500)).join("\n"), @r#"
    0 reply 1
    1000 final 2 "What time is it?"
    1100 end "The line closes soon."
    1100 user "What time is it?"
    1100 reply 2
    "#);
    assert_snapshot!(decisions(&over(Input::Say(text())).run_until(1_500)).join("\n"), @r#"
    0 reply 1
    300 pause
    600 clear
    600 cut ""
    1000 final 2 "What time is it?"
    1000 user "What time is it?"
    1000 reply 2
    "#);
}

/// A reply that calls one tool: "pay" changes the world, "look" does not.
fn calling(name: &str) -> Script {
    let tool = |name: &str, effect| ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: json!({"type": "object"}),
        effect,
        deadline: Duration::from_secs(20),
    };
    let tools = [tool("look", SideEffect::None), tool("pay", SideEffect::Irreversible)];
    script()
        .with_tools(tools.into())
        .at(0, Input::UserText("Pay the bill.".into()))
        .at(250, sentence(1, "One moment."))
        .at(260, audio(1, 0, 8_000))
        .at(260, spoken(1, 0))
        .at(260, sent(1, 8_000))
        .at(
            300,
            Input::ToolCalls {
                reply: TurnId(1).into(),
                calls: vec![ToolCall { id: "a".into(), name: name.into(), arguments: "{}".into() }],
            },
        )
}

/// What is said while a tool runs, whose result comes at 3,000 ms and is spoken until 4,500 ms.
fn said_while_it_runs(name: &str, text: &str) -> Script {
    calling(name)
        .at(1_000, onset(936))
        .at(1_300, partial(2, text))
        .at(1_600, pause(1_408))
        .at(1_700, words(2, 0, text))
        .at(3_000, Input::ToolResult { reply: TurnId(1).into(), id: "a".into(), result: Ok("done".into()) })
        .at(3_100, sentence(1, "It is paid."))
        .at(3_100, written(1))
        .at(3_200, audio(1, 1, 8_000))
        .at(3_200, spoken(1, 1))
        .at(3_200, sent(1, 16_000))
        .at(4_500, played(1, 16_000))
        .at(4_500, done(1))
}

#[test]
fn an_interruption_during_a_tool_call_drops_what_only_looks() {
    assert_snapshot!(decisions(&said_while_it_runs("look", "What does it cost?").run_until(6_000)).split_off(3).join("\n"), @r#"
    1000 pause
    1300 clear
    1300 cut ""
    1900 final 2 "What does it cost?"
    1900 user "What does it cost?"
    1900 reply 2
    "#);
}

#[test]
fn what_is_said_while_the_agent_does_what_cannot_be_taken_back_is_answered_when_it_has_told_the_result() {
    assert_snapshot!(decisions(&said_while_it_runs("pay", "What does it cost?").run_until(6_000)).split_off(3).join("\n"), @r#"
    1900 final 2 "What does it cost?"
    4500 end "One moment. It is paid."
    4500 user "What does it cost?"
    4500 reply 2
    "#);
    let script = said_while_it_runs("pay", "Stop!");
    assert_snapshot!(decisions(&script.run_until(6_000)).split_off(3).join("\n"), @r#"
    1300 clear
    1300 cut ""
    1900 final 2 "Stop!"
    3000 user "Stop!"
    3000 reply 2
    "#);
}

#[test]
fn a_result_that_cannot_be_taken_back_is_told_to_its_end() {
    let told = calling("pay")
        .at(1_000, Input::ToolResult { reply: TurnId(1).into(), id: "a".into(), result: Ok("done".into()) })
        .at(1_100, sentence(1, "It is paid."))
        .at(1_100, written(1))
        .at(1_200, audio(1, 1, 8_000))
        .at(1_200, spoken(1, 1))
        .at(1_200, sent(1, 16_000))
        .at(1_300, onset(1_236))
        .at(1_600, partial(2, "how much"))
        .at(1_700, pause(1_508))
        .at(1_800, words(2, 0, "How much?"))
        .at(2_500, played(1, 16_000))
        .at(2_500, done(1));
    assert_snapshot!(decisions(&told.run_until(3_000)).split_off(3).join("\n"), @r#"
    2000 final 2 "How much?"
    2500 end "One moment. It is paid."
    2500 user "How much?"
    2500 reply 2
    "#);
}
