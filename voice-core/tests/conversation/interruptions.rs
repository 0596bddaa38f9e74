//! Barge-in: what stops the agent, what only holds it, and what is remembered of what it said.

use crate::*;
use insta::assert_snapshot;
use voice_core::Message;

#[test]
fn speech_holds_the_reply_and_then_stops_it() {
    let script = answering()
        .at(600, played(1, 4_640))
        .at(600, onset(580))
        .at(850, played(1, 7_000))
        .at(1_500, pause(1_300))
        .at(1_600, words(2, 0, "Stop."));
    assert_snapshot!(after_the_beginning(&script.run_until(1_900)), @r#"
     600 Played { turn: 1, samples: 4640, reported: true }
     600 SpeechStarted { at: 580 ms }
         → Speech { started: true, at: 580 ms }
         → PausePlayback { reply: 1 }
         → Pause { turn: 1 }
     800 Timeout
         → CancelReply { reply: 1 }
         → CancelSpeech { reply: 1 }
         → FlushPlayback { reply: 1 }
         → Clear { turn: 1 }
         → State(Listening)
     850 Played { turn: 1, samples: 7000, reported: true }
    1100 Timeout
         → CommitAgent { turn: 1, text: "One" }
         → ReplyEnd { turn: 1, interrupted: true, heard: "One" }
    1500 SpeechEnded { at: 1300 ms, silence: 200ms }
         → FinalizeStt { turn: 2, attempt: 0 }
         → Speech { started: false, at: 1300 ms }
    1600 FinalTranscript { turn: 2, attempt: 0, text: "Stop.", unclear: false }
    1650 Timeout
         → Transcript { turn: 2, text: "Stop.", is_final: true }
         → CommitUser { turn: 2, text: "Stop." }
         → StartReply { reply: 2, prompt: Model }
         → State(Thinking)
    "#);
}

#[test]
fn a_false_alarm_lets_the_reply_go_on() {
    let script = answering()
        .at(600, played(1, 4_640))
        .at(600, onset(580))
        .at(700, pause(650))
        .at(800, words(2, 0, ""))
        .at(1_500, played(1, 16_000))
        .at(1_500, done(1));
    assert_snapshot!(after_the_beginning(&script.run_until(1_500)), @r#"
     600 Played { turn: 1, samples: 4640, reported: true }
     600 SpeechStarted { at: 580 ms }
         → Speech { started: true, at: 580 ms }
         → PausePlayback { reply: 1 }
         → Pause { turn: 1 }
     700 SpeechEnded { at: 650 ms, silence: 200ms }
         → FinalizeStt { turn: 2, attempt: 0 }
         → Speech { started: false, at: 650 ms }
     800 FinalTranscript { turn: 2, attempt: 0, text: "", unclear: false }
         → Transcript { turn: 2, text: "", is_final: true }
         → ResumePlayback { reply: 1 }
         → Resume { turn: 1 }
    1500 Played { turn: 1, samples: 16000, reported: true }
    1500 PlaybackDone { reply: 1 }
         → CommitAgent { turn: 1, text: "One two. Three four." }
         → ReplyEnd { turn: 1, interrupted: false, heard: "One two. Three four." }
         → State(Listening)
    "#);
}

#[test]
fn a_sound_whose_words_never_come_does_not_hold_the_reply_for_long() {
    let script = answering().at(600, played(1, 4_640)).at(600, onset(580)).at(700, pause(650));
    assert_snapshot!(after_the_beginning(&script.run_until(2_000)), @r#"
     600 Played { turn: 1, samples: 4640, reported: true }
     600 SpeechStarted { at: 580 ms }
         → Speech { started: true, at: 580 ms }
         → PausePlayback { reply: 1 }
         → Pause { turn: 1 }
     700 SpeechEnded { at: 650 ms, silence: 200ms }
         → FinalizeStt { turn: 2, attempt: 0 }
         → Speech { started: false, at: 650 ms }
    1000 Timeout
    1700 Timeout
         → ResumePlayback { reply: 1 }
         → Resume { turn: 1 }
    "#);
}

#[test]
fn a_typed_turn_stops_the_reply_and_waits_for_what_was_heard() {
    let script =
        answering().at(600, played(1, 4_640)).at(700, Input::UserText("Enough.".into())).at(760, played(1, 7_000));
    let history: Vec<Message> = script.conversation().history().cloned().collect();
    let said = [Message::user("Count to four."), Message::agent("One"), Message::user("Enough.")];
    assert_eq!(history, said);
    assert_snapshot!(after_the_beginning(&script.run_until(800)), @r#"
    600 Played { turn: 1, samples: 4640, reported: true }
    700 UserText("Enough.")
        → Transcript { turn: 2, text: "Enough.", is_final: true }
        → CancelReply { reply: 1 }
        → CancelSpeech { reply: 1 }
        → FlushPlayback { reply: 1 }
        → Clear { turn: 1 }
        → State(Thinking)
    760 Played { turn: 1, samples: 7000, reported: true }
        → CommitAgent { turn: 1, text: "One" }
        → ReplyEnd { turn: 1, interrupted: true, heard: "One" }
        → CommitUser { turn: 2, text: "Enough." }
        → StartReply { reply: 2, prompt: Model }
    "#);
}

#[test]
fn facts_about_a_reply_that_was_stopped_are_refused() {
    let script = answering()
        .at(600, played(1, 8_000))
        .at(700, Input::Interrupt)
        .at(710, Input::FirstToken { reply: TurnId(1).into() })
        .at(710, sentence(1, "Five six."))
        .at(710, audio(1, 2, 8_000))
        .at(710, spoken(1, 2))
        .at(710, sent(1, 16_000))
        .at(710, written(1))
        .at(710, done(1))
        .at(710, failed(Some(1), Stage::Tts))
        .at(2_000, played(1, 16_000));
    assert_snapshot!(after_the_beginning(&script.run_until(2_000)), @r#"
     600 Played { turn: 1, samples: 8000, reported: true }
     700 Interrupt
         → CancelReply { reply: 1 }
         → CancelSpeech { reply: 1 }
         → FlushPlayback { reply: 1 }
         → Clear { turn: 1 }
         → State(Listening)
     710 FirstToken { reply: 1 }
     710 Reply { reply: 1, text: "Five six. ", speech: "Five six." }
     710 Synthesized { reply: 1, sentence: 2, samples: 8000 }
     710 SentenceSynthesized { reply: 1, sentence: 2 }
     710 Sent { reply: 1, samples: 16000 }
     710 ReplyEnded { reply: 1 }
     710 PlaybackDone { reply: 1 }
     710 Failed { reply: Some(1), stage: Tts, kind: Unavailable, message: "no connection" }
    1000 Timeout
         → CommitAgent { turn: 1, text: "One two." }
         → ReplyEnd { turn: 1, interrupted: true, heard: "One two." }
    2000 Played { turn: 1, samples: 16000, reported: true }
    "#);
}
