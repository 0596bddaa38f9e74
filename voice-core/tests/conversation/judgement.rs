//! Interruptions with judgement: what is meant stops the agent, what is not lets it go on at the same sample.

use crate::*;
use insta::assert_snapshot;
use voice_core::Message;

fn remembered(script: &Script) -> Vec<Message> {
    script.conversation().history().cloned().collect()
}

/// The VAD needs 64 ms of sound to hear an onset and 192 ms of silence to hear an end, so the cough is known to be over
/// 220 ms after it was known to have begun: later than `min_speech_ms`.
#[test]
fn a_cough_of_80_ms_never_stops_the_agent() {
    let script = answering()
        .at(600, played(1, 4_640))
        .at(664, onset(600))
        .at(884, pause(692))
        .at(1_100, words(2, 0, ""))
        .at(2_000, played(1, 16_000))
        .at(2_000, done(1));
    assert_snapshot!(decided(script, 5_000), @r#"
    664 pause
    1100 final 2 ""
    1100 resume
    2000 end "One two. Three four."
    "#);
}

#[test]
fn mm_hm_in_the_middle_holds_the_reply_for_as_long_as_it_lasts() {
    let script = answering()
        .at(600, played(1, 4_640))
        .at(650, onset(580))
        .at(950, partial(2, "Mm-hm."))
        .at(1_120, pause(928))
        .at(1_300, words(2, 0, "Mm-hm."))
        .at(2_000, played(1, 16_000))
        .at(2_000, done(1));
    let history = [Message::user("Count to four."), Message::agent("One two. Three four.")];
    assert_eq!(remembered(&script), history, "it is no turn that anybody answers");
    assert_snapshot!(after_the_beginning(&script.run_until(10_000)), @r#"
     600 Played { turn: 1, samples: 4640, reported: true }
     650 SpeechStarted { at: 580 ms }
         → Speech { started: true, at: 580 ms }
         → PausePlayback { reply: 1 }
         → Pause { turn: 1 }
     950 PartialTranscript { turn: 2, text: "Mm-hm." }
         → Transcript { turn: 2, text: "Mm-hm.", is_final: false }
    1120 SpeechEnded { at: 928 ms, silence: 200ms }
         → FinalizeStt { turn: 2, attempt: 0 }
         → Speech { started: false, at: 928 ms }
         → ResumePlayback { reply: 1 }
         → Resume { turn: 1 }
    1300 FinalTranscript { turn: 2, attempt: 0, text: "Mm-hm.", unclear: false }
    1420 Timeout
         → Transcript { turn: 2, text: "Mm-hm.", is_final: true }
    2000 Played { turn: 1, samples: 16000, reported: true }
    2000 PlaybackDone { reply: 1 }
         → CommitAgent { turn: 1, text: "One two. Three four." }
         → ReplyEnd { turn: 1, interrupted: false, heard: "One two. Three four." }
         → State(Listening)
    "#);
}

#[test]
fn mm_hm_that_is_recognised_after_its_end_lets_the_reply_go_on_with_its_final() {
    let script = answering()
        .at(650, onset(580))
        .at(1_120, pause(928))
        .at(1_300, words(2, 0, "Mhm"))
        .at(2_000, played(1, 16_000))
        .at(2_000, done(1));
    assert_snapshot!(decided(script, 10_000), @r#"
    650 pause
    1300 resume
    1420 final 2 "Mhm"
    2000 end "One two. Three four."
    "#);
}

/// A recogniser that shows nothing in time cannot tell a long "mm-hm" from a word; the length of the speech decides.
#[test]
fn speech_without_words_stops_the_reply_by_its_length() {
    let script = answering().at(600, onset(536)).at(2_000, pause(1_808)).at(2_100, words(2, 0, "What is that?"));
    assert_snapshot!(decided(script, 2_000), @r#"
    600 pause
    1600 clear
    1600 cut ""
    "#);
}

/// What was taken for a word is mended in the final.
#[test]
fn the_first_word_of_a_partial_is_a_guess() {
    let script = answering()
        .at(600, onset(536))
        .at(850, partial(2, "you"))
        .at(1_250, pause(1_058))
        .at(1_300, partial(2, "you hours"))
        .at(1_450, words(2, 0, "Yes."))
        .at(2_500, played(1, 16_000))
        .at(2_500, done(1));
    assert_snapshot!(decided(script, 3_000), @r#"
    600 pause
    1450 resume
    1550 final 2 "Yes."
    2500 end "One two. Three four."
    "#);
    let script =
        answering().at(600, onset(536)).at(850, partial(2, "no")).at(1_250, pause(1_058)).at(1_450, words(2, 0, "No."));
    assert_snapshot!(decided(script, 2_000), @r#"
    600 pause
    1450 clear
    1450 cut ""
    1550 final 2 "No."
    1550 user "No."
    1550 reply 2
    "#);
}

#[test]
fn yeah_but_is_an_interruption_as_soon_as_the_but_is_recognised() {
    let script = answering()
        .at(600, onset(536))
        .at(850, partial(2, "yeah"))
        .at(1_200, partial(2, "yeah but"))
        .at(1_500, pause(1_308))
        .at(1_600, words(2, 0, "Yeah, but not five."));
    assert_snapshot!(decided(script, 3_000), @r#"
    600 pause
    1200 clear
    1200 cut ""
    1800 final 2 "Yeah, but not five."
    1800 user "Yeah, but not five."
    1800 reply 2
    "#);
}

#[test]
fn sounds_whose_words_stop_nobody_hold_the_reply_for_a_second_and_a_half_at_most() {
    let script = answering()
        .at(600, onset(536))
        .at(850, partial(2, "yeah"))
        .at(2_500, partial(2, "yeah I know that"))
        .at(3_000, pause(2_808));
    assert_snapshot!(decided(script, 2_999), @r#"
    600 pause
    2100 resume
    2500 clear
    2500 cut ""
    "#);
}

#[test]
fn stop_in_the_middle_stops_at_once() {
    let script = answering()
        .at(600, played(1, 4_640))
        .at(600, onset(536))
        .at(690, partial(2, "stop"))
        .at(900, pause(708))
        .at(950, words(2, 0, "Stop!"));
    assert_snapshot!(after_the_beginning(&script.run_until(1_300)), @r#"
     600 Played { turn: 1, samples: 4640, reported: true }
     600 SpeechStarted { at: 536 ms }
         → Speech { started: true, at: 536 ms }
         → PausePlayback { reply: 1 }
         → Pause { turn: 1 }
     690 PartialTranscript { turn: 2, text: "stop" }
         → Transcript { turn: 2, text: "stop", is_final: false }
         → CancelReply { reply: 1 }
         → CancelSpeech { reply: 1 }
         → FlushPlayback { reply: 1 }
         → Clear { turn: 1 }
         → State(Listening)
     900 SpeechEnded { at: 708 ms, silence: 200ms }
         → FinalizeStt { turn: 2, attempt: 0 }
         → Speech { started: false, at: 708 ms }
     950 FinalTranscript { turn: 2, attempt: 0, text: "Stop!", unclear: false }
     990 Timeout
         → CommitAgent { turn: 1, text: "One" }
         → ReplyEnd { turn: 1, interrupted: true, heard: "One" }
    1200 Timeout
         → Transcript { turn: 2, text: "Stop!", is_final: true }
         → CommitUser { turn: 2, text: "Stop!" }
         → StartReply { reply: 2, prompt: Model }
         → State(Thinking)
    "#);
}

#[test]
fn stop_is_enough_where_more_words_are_asked_for_and_other_words_wait_for_the_end_of_the_reply() {
    let mut config = settings();
    config.interruption.min_words = 3;
    let stopped = |text: &str| {
        answering_with(config.clone())
            .at(600, onset(536))
            .at(900, partial(2, text))
            .at(1_200, pause(1_008))
            .at(1_300, words(2, 0, text))
            .at(3_000, played(1, 16_000))
            .at(3_000, done(1))
    };
    assert_snapshot!(decided(stopped("Hold on"), 4_000), @r#"
    600 pause
    900 clear
    900 cut ""
    1500 final 2 "Hold on"
    1500 user "Hold on"
    1500 reply 2
    "#);
    assert_snapshot!(decided(stopped("And five?"), 4_000), @r#"
    600 pause
    1300 resume
    1500 final 2 "And five?"
    3000 end "One two. Three four."
    3000 user "And five?"
    3000 reply 2
    "#);
}

/// Both speak at once; the agent falls silent at the first sound, so its words end where the listener's begin.
#[test]
fn double_talk_ends_with_the_agent_silent_and_one_answer_to_the_user() {
    let script = answering()
        .at(600, played(1, 4_640))
        .at(600, onset(536))
        .at(700, audio(1, 1, 4_000))
        .at(750, played(1, 5_600))
        .at(800, partial(2, "no five"))
        .at(810, sent(1, 12_000))
        .at(900, pause(708))
        .at(950, onset(940))
        .at(1_000, words(2, 0, "No, five"))
        .at(1_500, pause(1_308))
        .at(1_600, words(2, 1, "No, five is next."));
    assert_snapshot!(decided(script, 2_500), @r#"
    600 pause
    800 clear
    1100 cut "One"
    1800 final 2 "No, five is next."
    1800 user "No, five is next."
    1800 reply 2
    "#);
}

/// The page has played on while the decision was made: what counts is what it says it played.
#[test]
fn an_interruption_that_overtakes_words_already_played_keeps_them() {
    let script = answering()
        .at(600, played(1, 4_640))
        .at(600, onset(536))
        .at(700, partial(2, "what about five"))
        .at(820, played(1, 9_500))
        .at(1_300, pause(1_108))
        .at(1_400, words(2, 0, "What about five?"))
        .at(1_500, played(1, 9_600));
    assert_snapshot!(decided(script, 1_700), @r#"
    600 pause
    800 clear
    1100 cut "One two."
    1600 final 2 "What about five?"
    1600 user "What about five?"
    1600 reply 2
    "#);
}

#[test]
fn a_turn_with_voice_and_no_words_is_told_as_one_and_changes_nothing() {
    let script = script().at(600, onset(536)).at(1_200, pause(1_008)).at(1_400, words(1, 0, ""));
    assert_snapshot!(script.run_until(10_000), @r#"
     600 SpeechStarted { at: 536 ms }
         → Speech { started: true, at: 536 ms }
    1200 SpeechEnded { at: 1008 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 1008 ms }
    1400 FinalTranscript { turn: 1, attempt: 0, text: "", unclear: false }
    1500 Timeout
         → Transcript { turn: 1, text: "", is_final: true }
    "#);
    let held = answering().at(600, onset(536)).at(900, pause(708)).at(1_000, words(2, 0, " ")).at(2_000, done(1));
    assert_snapshot!(decided(held, 10_000), @r#"
    600 pause
    1000 final 2 " "
    1000 resume
    2000 end "One two. Three four."
    "#);
}

#[test]
fn yeah_answers_a_question_that_is_over_or_nearly_over_and_nothing_else() {
    let asking = || {
        script()
            .at(0, Input::UserText("A table for two.".into()))
            .at(250, sentence(1, "There is one at eight."))
            .at(260, sentence(1, "Shall I book it?"))
            .at(260, written(1))
            .at(300, audio(1, 0, 8_000))
            .at(300, spoken(1, 0))
            .at(310, audio(1, 1, 8_000))
            .at(310, spoken(1, 1))
            .at(310, sent(1, 16_000))
    };
    let yeah = |script: Script, at: u64, turn: u32| {
        script
            .at(at, onset(at - 64))
            .at(at + 300, partial(turn, "Yeah."))
            .at(at + 450, pause(at + 258))
            .at(at + 500, words(turn, 0, "Yeah."))
    };
    let over = asking().at(1_310, played(1, 16_000)).at(1_310, done(1));
    let after = decisions(&yeah(over, 1_500, 2).run_until(3_000)).split_off(3).join("\n");
    assert_snapshot!(after, @r#"
    1310 end "There is one at eight. Shall I book it?"
    2250 final 2 "Yeah."
    2250 user "Yeah."
    2250 reply 2
    "#);
    let nearly = asking().at(1_000, played(1, 11_200));
    let nearly = yeah(nearly, 1_100, 2).at(2_500, played(1, 16_000)).at(2_500, done(1));
    assert_snapshot!(decisions(&nearly.run_until(3_000)).split_off(3).join("\n"), @r#"
    1100 pause
    1550 resume
    1850 final 2 "Yeah."
    2500 end "There is one at eight. Shall I book it?"
    2500 user "Yeah."
    2500 reply 2
    "#);
    let before = asking().at(500, played(1, 3_200));
    let before = yeah(before, 500, 2).at(2_500, played(1, 16_000)).at(2_500, done(1));
    assert_snapshot!(decisions(&before.run_until(3_000)).split_off(3).join("\n"), @r#"
    500 pause
    950 resume
    1250 final 2 "Yeah."
    2500 end "There is one at eight. Shall I book it?"
    "#);
}

/// Nobody speaks any more that they could have been listening to.
#[test]
fn yeah_over_a_reply_that_was_stopped_is_an_answer() {
    let script =
        answering().at(600, onset(536)).at(700, Input::Interrupt).at(1_100, pause(908)).at(1_200, words(2, 0, "Yeah."));
    assert_snapshot!(decided(script, 2_000), @r#"
    600 pause
    700 clear
    700 cut ""
    1400 final 2 "Yeah."
    1400 user "Yeah."
    1400 reply 2
    "#);
}

/// The question was over before the recogniser was.
#[test]
fn yeah_that_is_recognised_after_the_question_answers_it() {
    let script = script()
        .at(0, Input::UserText("A table for two.".into()))
        .at(260, sentence(1, "Shall I book it?"))
        .at(260, written(1))
        .at(300, audio(1, 0, 8_000))
        .at(300, spoken(1, 0))
        .at(310, sent(1, 8_000))
        .at(700, played(1, 6_000))
        .at(700, onset(636))
        .at(1_100, pause(908))
        .at(2_300, played(1, 8_000))
        .at(2_300, done(1))
        .at(2_500, words(2, 0, "Yeah."));
    assert_snapshot!(decisions(&script.run_until(3_000)).split_off(3).join("\n"), @r#"
    700 pause
    2100 resume
    2300 end "Shall I book it?"
    2500 final 2 "Yeah."
    2500 user "Yeah."
    2500 reply 2
    "#);
}

#[test]
fn the_words_of_an_earlier_sound_say_nothing_of_the_next() {
    let script = answering()
        .at(600, onset(536))
        .at(850, partial(2, "mm-hm"))
        .at(1_100, pause(908))
        .at(1_300, onset(1_236))
        .at(3_000, pause(2_808));
    assert_snapshot!(decided(script, 3_000), @r#"
    600 pause
    1100 resume
    1300 pause
    2300 clear
    2300 cut ""
    "#);
}
