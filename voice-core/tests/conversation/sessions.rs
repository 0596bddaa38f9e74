//! A client that goes and comes, an application that speaks, and the end.

use crate::*;
use insta::assert_snapshot;
use voice_core::Message;
use voice_core::conversation::CloseReason;

#[test]
fn a_client_that_goes_away_stops_the_reply_and_may_come_back() {
    let script = answering()
        .at(600, played(1, 8_000))
        .at(700, Input::Detached)
        .at(750, onset(700))
        .at(800, Input::Say("Are you still there?".into()))
        .at(5_000, Input::Attached { output_rate: 16_000 });
    assert_snapshot!(after_the_beginning(&script.run_until(5_000)), @r#"
     600 Played { turn: 1, samples: 8000, reported: true }
     700 Detached
         → CancelReply { reply: 1 }
         → CancelSpeech { reply: 1 }
         → FlushPlayback { reply: 1 }
         → Clear { turn: 1 }
         → CommitAgent { turn: 1, text: "One two." }
         → ReplyEnd { turn: 1, interrupted: true, heard: "One two." }
         → State(Listening)
     750 SpeechStarted { at: 700 ms }
     800 Say("Are you still there?")
    5000 Attached { output_rate: 16000 }
         → State(Listening)
         → StartReply { reply: 2, prompt: Text("Are you still there?") }
         → State(Thinking)
    "#);
}

/// The connection breaks in the middle of a sentence: the words said until then are all of the turn, the client that
/// comes back is told them and answered.
#[test]
fn what_was_said_before_the_client_went_away_is_answered_when_it_comes_back() {
    let script = script()
        .at(1_000, onset(950))
        .at(1_500, partial(1, "what time"))
        .at(1_600, Input::Detached)
        .at(1_700, words(1, 0, "what time is it"))
        .at(1_800, Input::UserText("Are you there?".into()))
        .at(9_000, Input::Attached { output_rate: 24_000 });
    assert_snapshot!(script.run_until(9_000), @r#"
    1000 SpeechStarted { at: 950 ms }
         → Speech { started: true, at: 950 ms }
    1500 PartialTranscript { turn: 1, text: "what time" }
         → Transcript { turn: 1, text: "what time", is_final: false }
    1600 Detached
         → FinalizeStt { turn: 1, attempt: 0 }
         → State(Thinking)
    1700 FinalTranscript { turn: 1, attempt: 0, text: "what time is it", unclear: false }
    1800 UserText("Are you there?")
    9000 Attached { output_rate: 24000 }
         → State(Thinking)
         → Transcript { turn: 1, text: "what time is it", is_final: true }
         → Transcript { turn: 2, text: "Are you there?", is_final: true }
         → CommitUser { turn: 1, text: "what time is it" }
         → CommitUser { turn: 2, text: "Are you there?" }
         → StartReply { reply: 2, prompt: Model }
    "#);
}

#[test]
fn a_client_that_does_not_come_back_ends_the_session() {
    let timeline = script().at(0, Input::Start { output_rate: 16_000 }).at(1_000, Input::Detached).run_until(120_000);
    assert_snapshot!(timeline, @r#"
        0 Start { output_rate: 16000 }
     1000 Detached
    61000 Timeout
          → Bye { reason: Idle }
          → Shutdown
    "#);
}

#[test]
fn what_the_application_says_waits_for_the_floor_and_never_without_bound() {
    let mut config = settings();
    config.say_queue = 1;
    let timeline = Script::new(config)
        .at(0, onset(0))
        .at(10, Input::Say("The taxi is here.".into()))
        .at(20, Input::Say("It waits.".into()))
        .at(500, pause(300))
        .at(600, words(1, 0, ""))
        .run_until(1_000);
    assert_snapshot!(timeline, @r#"
      0 SpeechStarted { at: 0 ms }
        → Speech { started: true, at: 0 ms }
     10 Say("The taxi is here.")
     20 Say("It waits.")
        → Failed { stage: Session, kind: RateLimited { retry_after: None }, message: "1 speeches wait already; this one is dropped" }
    500 SpeechEnded { at: 300 ms, silence: 200ms }
        → FinalizeStt { turn: 1, attempt: 0 }
        → Speech { started: false, at: 300 ms }
    600 FinalTranscript { turn: 1, attempt: 0, text: "", unclear: false }
    800 Timeout
        → Transcript { turn: 1, text: "", is_final: true }
        → StartReply { reply: 2, prompt: Text("The taxi is here.") }
        → State(Thinking)
    "#);
}

#[test]
fn closing_in_the_middle_of_a_reply_ends_it_first_and_refuses_the_rest() {
    let script = answering()
        .at(600, played(1, 8_000))
        .at(700, Input::Close(CloseReason::End))
        .at(800, Input::UserText("Wait!".into()))
        .at(800, played(1, 16_000));
    assert_eq!(script.conversation().history().len(), 0);
    assert_eq!(script.conversation().next_timeout(), None);
    assert_snapshot!(after_the_beginning(&script.run_until(100_000)), @r#"
    600 Played { turn: 1, samples: 8000, reported: true }
    700 Close(End)
        → CancelReply { reply: 1 }
        → CancelSpeech { reply: 1 }
        → FlushPlayback { reply: 1 }
        → Clear { turn: 1 }
        → CommitAgent { turn: 1, text: "One two." }
        → ReplyEnd { turn: 1, interrupted: true, heard: "One two." }
        → Bye { reason: End }
        → Shutdown
    800 UserText("Wait!")
    800 Played { turn: 1, samples: 16000, reported: true }
    "#);
}

#[test]
fn an_interrupted_reply_without_a_voice_counts_as_read_as_far_as_it_was_shown() {
    let mut config = settings();
    config.text_only = true;
    let script = Script::new(config)
        .at(0, Input::UserText("Count.".into()))
        .at(100, sentence(1, "One."))
        .at(200, Input::UserText("Stop.".into()));
    let history: Vec<Message> = script.conversation().history().cloned().collect();
    assert_eq!(history, [Message::user("Count."), Message::agent("One."), Message::user("Stop.")]);
}
