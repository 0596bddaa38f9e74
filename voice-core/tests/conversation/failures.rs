//! What the agent does when a service fails.

use crate::*;
use insta::assert_snapshot;
use voice_core::conversation::{AgentPhase, UserPhase};

#[test]
fn a_language_model_that_fails_before_it_says_anything_is_excused() {
    let timeline = script().at(0, Input::UserText("Hello?".into())).at(300, failed(Some(1), Stage::Llm)).run_until(400);
    assert_snapshot!(timeline, @r#"
      0 UserText("Hello?")
        → Transcript { turn: 1, text: "Hello?", is_final: true }
        → CommitUser { turn: 1, text: "Hello?" }
        → StartReply { reply: 1, prompt: Model }
        → State(Thinking)
    300 Failed { reply: Some(1), stage: Llm, kind: Unavailable, message: "no connection" }
        → Failed { stage: Llm, kind: Unavailable, message: "no connection" }
        → CancelReply { reply: 1 }
        → Speak { reply: 1, sentence: 0, text: "Sorry, something went wrong on my side. Please try again." }
        → EndSpeech { reply: 1 }
    "#);
}

/// An answer without a word is none, however well it ends.
#[test]
fn a_language_model_that_ends_without_a_word_is_excused() {
    let timeline = script()
        .at(0, Input::UserText("Hello?".into()))
        .at(250, Input::Reply { reply: TurnId(1).into(), text: " \n".into(), speech: String::new() })
        .at(300, written(1))
        .run_until(400);
    assert_snapshot!(timeline, @r#"
      0 UserText("Hello?")
        → Transcript { turn: 1, text: "Hello?", is_final: true }
        → CommitUser { turn: 1, text: "Hello?" }
        → StartReply { reply: 1, prompt: Model }
        → State(Thinking)
    250 Reply { reply: 1, text: " \n", speech: "" }
    300 ReplyEnded { reply: 1 }
        → Failed { stage: Llm, kind: Protocol, message: "the language model ended its answer without a word" }
        → CancelReply { reply: 1 }
        → Speak { reply: 1, sentence: 1, text: "Sorry, something went wrong on my side. Please try again." }
        → EndSpeech { reply: 1 }
    "#);
}

#[test]
fn without_an_apology_an_answer_without_a_word_ends_the_turn() {
    let mut config = settings();
    config.apology = None;
    let timeline = Script::new(config).at(0, Input::UserText("Hello?".into())).at(300, written(1)).run_until(400);
    assert_snapshot!(timeline, @r#"
      0 UserText("Hello?")
        → Transcript { turn: 1, text: "Hello?", is_final: true }
        → CommitUser { turn: 1, text: "Hello?" }
        → StartReply { reply: 1, prompt: Model }
        → State(Thinking)
    300 ReplyEnded { reply: 1 }
        → Failed { stage: Llm, kind: Protocol, message: "the language model ended its answer without a word" }
        → CancelReply { reply: 1 }
        → EndSpeech { reply: 1 }
        → Metrics { turn: 1, total: none }
        → ReplyEnd { turn: 1, interrupted: false, heard: "" }
        → State(Listening)
    "#);
}

#[test]
fn a_given_text_without_words_is_no_failure() {
    let timeline = script().at(0, Input::Say("***".into())).at(10, written(1)).run_until(400);
    assert_snapshot!(timeline, @r#"
     0 Say("***")
       → StartReply { reply: 1, prompt: Text("***") }
       → State(Thinking)
    10 ReplyEnded { reply: 1 }
       → EndSpeech { reply: 1 }
       → Metrics { turn: 1, total: none }
       → ReplyEnd { turn: 1, interrupted: false, heard: "" }
       → State(Listening)
    "#);
}

#[test]
fn a_language_model_that_falls_silent_is_given_up() {
    let timeline = script().at(0, Input::UserText("Hello?".into())).run_until(15_000);
    assert_snapshot!(timeline, @r#"
        0 UserText("Hello?")
          → Transcript { turn: 1, text: "Hello?", is_final: true }
          → CommitUser { turn: 1, text: "Hello?" }
          → StartReply { reply: 1, prompt: Model }
          → State(Thinking)
    15000 Timeout
          → Failed { stage: Llm, kind: Timeout, message: "the language model gave no sign of life in time" }
          → CancelReply { reply: 1 }
          → Speak { reply: 1, sentence: 0, text: "Sorry, something went wrong on my side. Please try again." }
          → EndSpeech { reply: 1 }
    "#);
}

#[test]
fn a_synthesiser_that_fails_leaves_the_rest_to_be_read() {
    let timeline = script()
        .at(0, Input::UserText("Hello?".into()))
        .at(100, sentence(1, "Good morning."))
        .at(200, failed(Some(1), Stage::Tts))
        .at(300, sentence(1, "How are you?"))
        .at(400, written(1))
        .run_until(30_000);
    assert_snapshot!(timeline, @r#"
      0 UserText("Hello?")
        → Transcript { turn: 1, text: "Hello?", is_final: true }
        → CommitUser { turn: 1, text: "Hello?" }
        → StartReply { reply: 1, prompt: Model }
        → State(Thinking)
    100 Reply { reply: 1, text: "Good morning. ", speech: "Good morning." }
        → Speak { reply: 1, sentence: 0, text: "Good morning." }
    200 Failed { reply: Some(1), stage: Tts, kind: Unavailable, message: "no connection" }
        → Failed { stage: Tts, kind: Unavailable, message: "no connection" }
        → CancelSpeech { reply: 1 }
        → Reply { turn: 1, text: "Good morning. " }
    300 Reply { reply: 1, text: "How are you? ", speech: "How are you?" }
        → Reply { turn: 1, text: "How are you? " }
    400 ReplyEnded { reply: 1 }
        → EndSpeech { reply: 1 }
        → Metrics { turn: 1, total: none }
        → CommitAgent { turn: 1, text: "Good morning. How are you?" }
        → ReplyEnd { turn: 1, interrupted: false, heard: "Good morning. How are you?" }
        → State(Listening)
    "#);
}

#[test]
fn a_synthesiser_that_fails_in_the_middle_is_heard_to_the_end_of_what_it_gave() {
    let timeline = script()
        .at(0, Input::UserText("Hello?".into()))
        .at(100, sentence(1, "Good morning."))
        .at(100, sentence(1, "How are you?"))
        .at(200, audio(1, 0, 8_000))
        .at(200, spoken(1, 0))
        .at(200, sent(1, 8_000))
        .at(300, failed(Some(1), Stage::Tts))
        .at(700, played(1, 8_000))
        .at(700, done(1))
        .run_until(30_000);
    assert_snapshot!(timeline, @r#"
      0 UserText("Hello?")
        → Transcript { turn: 1, text: "Hello?", is_final: true }
        → CommitUser { turn: 1, text: "Hello?" }
        → StartReply { reply: 1, prompt: Model }
        → State(Thinking)
    100 Reply { reply: 1, text: "Good morning. ", speech: "Good morning." }
        → Speak { reply: 1, sentence: 0, text: "Good morning." }
    100 Reply { reply: 1, text: "How are you? ", speech: "How are you?" }
        → Speak { reply: 1, sentence: 1, text: "How are you?" }
    200 Synthesized { reply: 1, sentence: 0, samples: 8000 }
    200 SentenceSynthesized { reply: 1, sentence: 0 }
    200 Sent { reply: 1, samples: 8000 }
        → Reply { turn: 1, text: "Good morning. " }
        → Metrics { turn: 1, total: 200 ms }
        → State(Speaking)
    300 Failed { reply: Some(1), stage: Tts, kind: Unavailable, message: "no connection" }
        → Failed { stage: Tts, kind: Unavailable, message: "no connection" }
        → CancelReply { reply: 1 }
        → CancelSpeech { reply: 1 }
        → Reply { turn: 1, text: "How are you? " }
    700 Played { turn: 1, samples: 8000, reported: true }
    700 PlaybackDone { reply: 1 }
        → CommitAgent { turn: 1, text: "Good morning." }
        → ReplyEnd { turn: 1, interrupted: true, heard: "Good morning." }
        → State(Listening)
    "#);
}

/// The model has given its sentences and hangs, the synthesiser never says a word: both are given up in turn.
#[test]
fn two_services_that_hang_do_not_hang_the_conversation() {
    let hanging = (1..=5).fold(script().at(0, Input::UserText("Hello?".into())), |script, number| {
        script.at(number * 10, sentence(1, &format!("Sentence {number}.")))
    });
    let script = hanging.at(60_000, Input::Attached { output_rate: 16_000 });
    let conversation = script.conversation();
    assert_eq!((conversation.user_phase(), conversation.agent_phase()), (UserPhase::Silent, AgentPhase::Idle));
    assert_eq!(conversation.next_timeout(), None);
    assert_snapshot!(script.run_until(60_000), @r#"
        0 UserText("Hello?")
          → Transcript { turn: 1, text: "Hello?", is_final: true }
          → CommitUser { turn: 1, text: "Hello?" }
          → StartReply { reply: 1, prompt: Model }
          → State(Thinking)
       10 Reply { reply: 1, text: "Sentence 1. ", speech: "Sentence 1." }
          → Speak { reply: 1, sentence: 0, text: "Sentence 1." }
       20 Reply { reply: 1, text: "Sentence 2. ", speech: "Sentence 2." }
          → Speak { reply: 1, sentence: 1, text: "Sentence 2." }
       30 Reply { reply: 1, text: "Sentence 3. ", speech: "Sentence 3." }
          → Speak { reply: 1, sentence: 2, text: "Sentence 3." }
       40 Reply { reply: 1, text: "Sentence 4. ", speech: "Sentence 4." }
          → Speak { reply: 1, sentence: 3, text: "Sentence 4." }
       50 Reply { reply: 1, text: "Sentence 5. ", speech: "Sentence 5." }
          → Speak { reply: 1, sentence: 4, text: "Sentence 5." }
     8010 Timeout
          → Failed { stage: Tts, kind: Timeout, message: "the synthesiser gave no audio in time" }
          → CancelSpeech { reply: 1 }
          → Reply { turn: 1, text: "Sentence 1. Sentence 2. Sentence 3. Sentence 4. Sentence 5. " }
    15050 Timeout
          → Failed { stage: Llm, kind: Timeout, message: "the language model gave no sign of life in time" }
          → CancelReply { reply: 1 }
          → Reply { turn: 1, text: "Sorry, I cannot finish that just now." }
          → EndSpeech { reply: 1 }
          → Metrics { turn: 1, total: none }
          → CommitAgent { turn: 1, text: "Sentence 1. Sentence 2. Sentence 3. Sentence 4. Sentence 5. Sorry, I cannot finish that just now." }
          → ReplyEnd { turn: 1, interrupted: false, heard: "Sentence 1. Sentence 2. Sentence 3. Sentence 4. Sentence 5. Sorry, I cannot finish that just now." }
          → State(Listening)
    60000 Attached { output_rate: 16000 }
          → State(Listening)
    "#);
}

#[test]
fn a_synthesiser_that_never_ends_its_stream_is_given_up() {
    let timeline = answering()
        .at(900, sent(1, 16_000))
        .at(1_400, played(1, 16_000))
        .at(9_400, Input::Attached { output_rate: 16_000 })
        .at(9_400, done(1));
    assert_snapshot!(after_the_beginning(&timeline.run_until(30_000)), @r#"
     900 Sent { reply: 1, samples: 16000 }
    1400 Played { turn: 1, samples: 16000, reported: true }
    8310 Timeout
         → Failed { stage: Tts, kind: Timeout, message: "the synthesiser came to no end in time" }
         → CancelReply { reply: 1 }
         → CancelSpeech { reply: 1 }
    9400 Attached { output_rate: 16000 }
         → State(Speaking)
    9400 PlaybackDone { reply: 1 }
         → CommitAgent { turn: 1, text: "One two. Three four." }
         → ReplyEnd { turn: 1, interrupted: false, heard: "One two. Three four." }
         → State(Listening)
    "#);
}

/// With a line that needs no synthesiser, the listener hears it once, after the text that it stands for.
#[test]
fn a_synthesiser_that_fails_is_excused_by_the_standby_line_once() {
    let mut config = settings();
    config.standby_line = true;
    let timeline = Script::new(config)
        .at(0, Input::UserText("Hello?".into()))
        .at(50, failed(Some(1), Stage::Tts))
        .at(100, sentence(1, "Good morning."))
        .at(150, sent(1, 8_000))
        .at(200, sentence(1, "How are you?"))
        .at(300, written(1))
        .at(700, done(1))
        .run_until(30_000);
    assert_snapshot!(timeline, @r#"
      0 UserText("Hello?")
        → Transcript { turn: 1, text: "Hello?", is_final: true }
        → CommitUser { turn: 1, text: "Hello?" }
        → StartReply { reply: 1, prompt: Model }
        → State(Thinking)
     50 Failed { reply: Some(1), stage: Tts, kind: Unavailable, message: "no connection" }
        → Failed { stage: Tts, kind: Unavailable, message: "no connection" }
        → CancelSpeech { reply: 1 }
    100 Reply { reply: 1, text: "Good morning. ", speech: "Good morning." }
        → Reply { turn: 1, text: "Good morning. " }
        → PlayStandbyLine { reply: 1 }
    150 Sent { reply: 1, samples: 8000 }
        → Metrics { turn: 1, total: 150 ms }
        → State(Speaking)
    200 Reply { reply: 1, text: "How are you? ", speech: "How are you?" }
        → Reply { turn: 1, text: "How are you? " }
    300 ReplyEnded { reply: 1 }
        → EndSpeech { reply: 1 }
    700 PlaybackDone { reply: 1 }
        → CommitAgent { turn: 1, text: "Good morning. How are you?" }
        → ReplyEnd { turn: 1, interrupted: false, heard: "Good morning. How are you?" }
        → State(Listening)
    "#);
}

#[test]
fn a_language_model_that_breaks_off_is_excused_in_speech() {
    let timeline = answering_without_end().at(300, failed(Some(1), Stage::Llm)).run_until(310);
    assert_snapshot!(timeline, @r#"
      0 UserText("Count to four.")
        → Transcript { turn: 1, text: "Count to four.", is_final: true }
        → CommitUser { turn: 1, text: "Count to four." }
        → StartReply { reply: 1, prompt: Model }
        → State(Thinking)
    250 Reply { reply: 1, text: "One two. ", speech: "One two." }
        → Speak { reply: 1, sentence: 0, text: "One two." }
    300 Failed { reply: Some(1), stage: Llm, kind: Unavailable, message: "no connection" }
        → Failed { stage: Llm, kind: Unavailable, message: "no connection" }
        → CancelReply { reply: 1 }
        → Speak { reply: 1, sentence: 1, text: "Sorry, I cannot finish that just now." }
        → EndSpeech { reply: 1 }
    "#);
}

fn answering_without_end() -> Script {
    script().at(0, Input::UserText("Count to four.".into())).at(250, sentence(1, "One two."))
}

/// Nobody waits for words that cannot come.
#[test]
fn a_recogniser_that_fails_and_leaves_no_words_is_excused() {
    let timeline = script().at(100, onset(0)).at(300, failed(None, Stage::Stt)).at(1_000, pause(800)).run_until(1_400);
    assert_snapshot!(timeline, @r#"
     100 SpeechStarted { at: 0 ms }
         → Speech { started: true, at: 0 ms }
     300 Failed { reply: None, stage: Stt, kind: Unavailable, message: "no connection" }
         → Failed { stage: Stt, kind: Unavailable, message: "no connection" }
    1000 SpeechEnded { at: 800 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 800 ms }
    1300 Timeout
         → Transcript { turn: 1, text: "", is_final: true }
         → StartReply { reply: 1, prompt: Text("Sorry, I could not hear you just then. Please say it again.") }
         → State(Thinking)
    "#);
}

#[test]
fn a_provider_that_was_replaced_is_told_and_the_next_gets_as_long() {
    let over = |stage, turn: Option<u32>| Input::FailedOver {
        reply: turn.map(|turn| TurnId(turn).into()),
        stage,
        provider: "first".into(),
        kind: ErrorKind::Unavailable,
        message: "no connection".into(),
    };
    let served = |stage, turn: Option<u32>| Input::Served {
        reply: turn.map(|turn| TurnId(turn).into()),
        stage,
        provider: "second".into(),
    };
    let timeline = script()
        .at(0, Input::UserText("Hello?".into()))
        .at(14_000, over(Stage::Llm, Some(1)))
        .at(16_000, served(Stage::Llm, Some(1)))
        .at(16_000, sentence(1, "Good morning."))
        .at(17_000, over(Stage::Tts, Some(7)))
        .run_until(17_000);
    assert_snapshot!(timeline, @r#"
        0 UserText("Hello?")
          → Transcript { turn: 1, text: "Hello?", is_final: true }
          → CommitUser { turn: 1, text: "Hello?" }
          → StartReply { reply: 1, prompt: Model }
          → State(Thinking)
    14000 FailedOver { reply: Some(1), stage: Llm, provider: "first", kind: Unavailable, message: "no connection" }
          → FailedOver { stage: Llm, provider: "first", kind: Unavailable, message: "no connection" }
    16000 Served { reply: Some(1), stage: Llm, provider: "second" }
    16000 Reply { reply: 1, text: "Good morning. ", speech: "Good morning." }
          → Speak { reply: 1, sentence: 0, text: "Good morning." }
    17000 FailedOver { reply: Some(7), stage: Tts, provider: "first", kind: Unavailable, message: "no connection" }
    "#);
}
