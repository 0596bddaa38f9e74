//! Turns of the user and their answers.

use crate::*;
use insta::assert_snapshot;

#[test]
fn a_spoken_turn_is_answered() {
    let timeline = script()
        .at(0, Input::Start { output_rate: 16_000 })
        .at(1_000, onset(950))
        .at(1_600, partial(1, "what time"))
        .at(2_000, pause(1_800))
        .at(2_100, words(1, 0, "What time is it?"))
        .at(2_500, Input::FirstToken { reply: TurnId(1).into() })
        .at(2_550, sentence(1, "Noon."))
        .at(2_560, written(1))
        .at(2_700, audio(1, 0, 8_000))
        .at(2_700, sent(1, 8_000))
        .at(2_710, spoken(1, 0))
        .at(3_200, played(1, 8_000))
        .at(3_200, done(1))
        .run_until(60_000);
    assert_snapshot!(timeline, @r#"
       0 Start { output_rate: 16000 }
    1000 SpeechStarted { at: 950 ms }
         → Speech { started: true, at: 950 ms }
    1600 PartialTranscript { turn: 1, text: "what time" }
         → Transcript { turn: 1, text: "what time", is_final: false }
    2000 SpeechEnded { at: 1800 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 1800 ms }
    2100 FinalTranscript { turn: 1, attempt: 0, text: "What time is it?", unclear: false }
    2150 Timeout
         → Transcript { turn: 1, text: "What time is it?", is_final: true }
         → CommitUser { turn: 1, text: "What time is it?" }
         → StartReply { reply: 1, prompt: Model }
         → State(Thinking)
    2500 FirstToken { reply: 1 }
    2550 Reply { reply: 1, text: "Noon. ", speech: "Noon." }
         → Speak { reply: 1, sentence: 0, text: "Noon." }
    2560 ReplyEnded { reply: 1 }
         → EndSpeech { reply: 1 }
    2700 Synthesized { reply: 1, sentence: 0, samples: 8000 }
    2700 Sent { reply: 1, samples: 8000 }
         → Reply { turn: 1, text: "Noon. " }
         → Metrics { turn: 1, total: 900 ms }
         → State(Speaking)
    2710 SentenceSynthesized { reply: 1, sentence: 0 }
    3200 Played { turn: 1, samples: 8000, reported: true }
    3200 PlaybackDone { reply: 1 }
         → CommitAgent { turn: 1, text: "Noon." }
         → ReplyEnd { turn: 1, interrupted: false, heard: "Noon." }
         → State(Listening)
    "#);
}

#[test]
fn a_pause_inside_a_turn_does_not_end_it() {
    let timeline = script()
        .at(1_000, onset(1_000))
        .at(1_500, pause(1_300))
        .at(1_600, onset(1_600))
        .at(1_650, words(1, 0, "I would like"))
        .at(2_200, pause(2_000))
        .at(2_300, words(1, 1, "I would like some tea."))
        .run_until(3_000);
    assert_snapshot!(timeline, @r#"
    1000 SpeechStarted { at: 1000 ms }
         → Speech { started: true, at: 1000 ms }
    1500 SpeechEnded { at: 1300 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 1300 ms }
    1600 SpeechStarted { at: 1600 ms }
         → Speech { started: true, at: 1600 ms }
    1650 FinalTranscript { turn: 1, attempt: 0, text: "I would like", unclear: false }
         → Transcript { turn: 1, text: "I would like", is_final: false }
    2200 SpeechEnded { at: 2000 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 1 }
         → Speech { started: false, at: 2000 ms }
    2300 FinalTranscript { turn: 1, attempt: 1, text: "I would like some tea.", unclear: false }
    2350 Timeout
         → Transcript { turn: 1, text: "I would like some tea.", is_final: true }
         → CommitUser { turn: 1, text: "I would like some tea." }
         → StartReply { reply: 1, prompt: Model }
         → State(Thinking)
    "#);
}

#[test]
fn a_turn_that_sounds_incomplete_gets_more_time() {
    let timeline = script()
        .at(1_000, onset(1_000))
        .at(1_500, pause(1_300))
        .at(1_520, Input::TurnEstimate { turn: TurnId(1), probability: 0.1 })
        .at(1_600, words(1, 0, "I would like, uh"))
        .run_until(5_000);
    assert_snapshot!(timeline, @r#"
    1000 SpeechStarted { at: 1000 ms }
         → Speech { started: true, at: 1000 ms }
    1500 SpeechEnded { at: 1300 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 1300 ms }
    1520 TurnEstimate { turn: 1, probability: 0.1 }
    1600 FinalTranscript { turn: 1, attempt: 0, text: "I would like, uh", unclear: false }
    3400 Timeout
         → Transcript { turn: 1, text: "I would like, uh", is_final: true }
         → CommitUser { turn: 1, text: "I would like, uh" }
         → StartReply { reply: 1, prompt: Model }
         → State(Thinking)
    "#);
}

#[test]
fn a_transcript_after_its_timeout_changes_nothing() {
    let timeline = script()
        .at(1_000, onset(1_000))
        .at(1_300, partial(1, "turn on"))
        .at(1_500, pause(1_300))
        .at(7_000, words(1, 0, "Turn on the light."))
        .run_until(7_000);
    assert_snapshot!(timeline, @r#"
    1000 SpeechStarted { at: 1000 ms }
         → Speech { started: true, at: 1000 ms }
    1300 PartialTranscript { turn: 1, text: "turn on" }
         → Transcript { turn: 1, text: "turn on", is_final: false }
    1500 SpeechEnded { at: 1300 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 1300 ms }
    1800 Timeout
         → State(Thinking)
    6800 Timeout
         → Failed { stage: Stt, kind: Timeout, message: "no final transcript in time; going on with the words heard so far" }
         → Transcript { turn: 1, text: "turn on", is_final: true }
         → CommitUser { turn: 1, text: "turn on" }
         → StartReply { reply: 1, prompt: Model }
    7000 FinalTranscript { turn: 1, attempt: 0, text: "Turn on the light.", unclear: false }
    "#);
}

#[test]
fn speech_between_the_end_of_a_turn_and_the_first_audio_stops_the_reply() {
    let timeline = script()
        .at(1_000, onset(1_000))
        .at(1_500, pause(1_300))
        .at(1_600, words(1, 0, "Book a table."))
        .at(2_000, Input::FirstToken { reply: TurnId(1).into() })
        .at(2_050, onset(2_050))
        .at(2_100, sentence(1, "For how many?"))
        .at(2_500, sentence(1, "And when?"))
        .at(2_900, pause(2_700))
        .at(3_000, words(2, 0, "For two, at eight."))
        .run_until(3_300);
    assert_snapshot!(timeline, @r#"
    1000 SpeechStarted { at: 1000 ms }
         → Speech { started: true, at: 1000 ms }
    1500 SpeechEnded { at: 1300 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 1300 ms }
    1600 FinalTranscript { turn: 1, attempt: 0, text: "Book a table.", unclear: false }
    1650 Timeout
         → Transcript { turn: 1, text: "Book a table.", is_final: true }
         → CommitUser { turn: 1, text: "Book a table." }
         → StartReply { reply: 1, prompt: Model }
         → State(Thinking)
    2000 FirstToken { reply: 1 }
    2050 SpeechStarted { at: 2050 ms }
         → Speech { started: true, at: 2050 ms }
         → PausePlayback { reply: 1 }
    2100 Reply { reply: 1, text: "For how many? ", speech: "For how many?" }
         → Speak { reply: 1, sentence: 0, text: "For how many?" }
    2250 Timeout
         → CancelReply { reply: 1 }
         → CancelSpeech { reply: 1 }
         → FlushPlayback { reply: 1 }
         → Clear { turn: 1 }
         → Metrics { turn: 1, total: none }
         → ReplyEnd { turn: 1, interrupted: true, heard: "" }
         → State(Listening)
    2500 Reply { reply: 1, text: "And when? ", speech: "And when?" }
    2900 SpeechEnded { at: 2700 ms, silence: 200ms }
         → FinalizeStt { turn: 2, attempt: 0 }
         → Speech { started: false, at: 2700 ms }
    3000 FinalTranscript { turn: 2, attempt: 0, text: "For two, at eight.", unclear: false }
    3050 Timeout
         → Transcript { turn: 2, text: "For two, at eight.", is_final: true }
         → CommitUser { turn: 2, text: "For two, at eight." }
         → StartReply { reply: 2, prompt: Model }
         → State(Thinking)
    "#);
}

#[test]
fn unclear_speech_is_asked_for_again() {
    let timeline = script()
        .at(1_000, onset(1_000))
        .at(1_500, pause(1_300))
        .at(1_600, Input::FinalTranscript { turn: TurnId(1), attempt: 0, text: String::new(), unclear: true })
        .run_until(2_000);
    assert_snapshot!(timeline, @r#"
    1000 SpeechStarted { at: 1000 ms }
         → Speech { started: true, at: 1000 ms }
    1500 SpeechEnded { at: 1300 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 1300 ms }
    1600 FinalTranscript { turn: 1, attempt: 0, text: "", unclear: true }
    1800 Timeout
         → Transcript { turn: 1, text: "", is_final: true }
         → StartReply { reply: 1, prompt: Text("Sorry, I did not catch that.") }
         → State(Thinking)
    "#);
}

#[test]
fn a_context_that_changes_while_the_agent_thinks_is_for_the_next_prompt() {
    let set = |text: &str| Input::SetContext { instructions: None, context: Some(Some(text.into())) };
    let script = script().at(0, set("It rains.")).at(100, Input::UserText("Shall I go out?".into()));
    assert_eq!(script.conversation().context(), Some("It rains."));
    let script = script.at(200, set("The sun shines."));
    assert_eq!(script.conversation().context(), Some("The sun shines."));
    assert_eq!(script.conversation().live_reply(), Some(TurnId(1).into()));
    assert_snapshot!(script.run_until(200), @r#"
      0 SetContext { instructions: None, context: Some(Some("It rains.")) }
    100 UserText("Shall I go out?")
        → Transcript { turn: 1, text: "Shall I go out?", is_final: true }
        → CommitUser { turn: 1, text: "Shall I go out?" }
        → StartReply { reply: 1, prompt: Model }
        → State(Thinking)
    200 SetContext { instructions: None, context: Some(Some("The sun shines.")) }
    "#);
}
