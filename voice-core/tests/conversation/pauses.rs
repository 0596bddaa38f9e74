//! Silence inside a turn, for reasons of the speaker's or of the network's.

use crate::*;
use insta::assert_snapshot;

#[test]
fn a_telephone_number_with_pauses_is_one_turn() {
    let timeline = script()
        .at(1_000, onset(1_000))
        .at(1_900, partial(1, "my number is"))
        .at(2_000, pause(1_800))
        .at(2_100, words(1, 0, "My number is"))
        .at(2_700, onset(2_650))
        .at(3_500, partial(1, "my number is five five five"))
        .at(3_600, pause(3_400))
        .at(3_700, words(1, 1, "My number is five five five"))
        .at(4_500, onset(4_450))
        .at(5_700, partial(1, "my number is five five five one two three four"))
        .at(5_800, pause(5_600))
        .at(5_900, words(1, 2, "My number is five five five one two three four."))
        .run_until(9_000);
    assert_snapshot!(timeline, @r#"
    1000 SpeechStarted { at: 1000 ms }
         → Speech { started: true, at: 1000 ms }
    1900 PartialTranscript { turn: 1, text: "my number is" }
         → Transcript { turn: 1, text: "my number is", is_final: false }
    2000 SpeechEnded { at: 1800 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 1800 ms }
    2100 FinalTranscript { turn: 1, attempt: 0, text: "My number is", unclear: false }
    2700 SpeechStarted { at: 2650 ms }
         → Speech { started: true, at: 2650 ms }
    3500 PartialTranscript { turn: 1, text: "my number is five five five" }
         → Transcript { turn: 1, text: "my number is five five five", is_final: false }
    3600 SpeechEnded { at: 3400 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 1 }
         → Speech { started: false, at: 3400 ms }
    3700 FinalTranscript { turn: 1, attempt: 1, text: "My number is five five five", unclear: false }
    4500 SpeechStarted { at: 4450 ms }
         → Speech { started: true, at: 4450 ms }
    5700 PartialTranscript { turn: 1, text: "my number is five five five one two three four" }
         → Transcript { turn: 1, text: "my number is five five five one two three four", is_final: false }
    5800 SpeechEnded { at: 5600 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 2 }
         → Speech { started: false, at: 5600 ms }
    5900 FinalTranscript { turn: 1, attempt: 2, text: "My number is five five five one two three four.", unclear: false }
    6475 Timeout
         → Transcript { turn: 1, text: "My number is five five five one two three four.", is_final: true }
         → CommitUser { turn: 1, text: "My number is five five five one two three four." }
         → StartReply { reply: 1, prompt: Model }
         → State(Thinking)
    "#);
}

#[test]
fn a_microphone_that_falls_silent_in_the_middle_of_a_word_ends_no_turn_when_it_comes_back() {
    // After 300 ms without audio, silence is put in its place; the position in the audio is that of what was received.
    let timeline = script()
        .at(1_000, onset(1_000))
        .at(1_400, partial(1, "where is my"))
        .at(1_900, pause(1_500))
        .at(1_950, words(1, 0, "Where is my"))
        .at(2_600, onset(1_600))
        .at(2_900, partial(1, "where is my parcel"))
        .at(3_200, pause(2_100))
        .at(3_300, words(1, 1, "Where is my parcel?"))
        .run_until(6_000);
    assert_snapshot!(timeline, @r#"
    1000 SpeechStarted { at: 1000 ms }
         → Speech { started: true, at: 1000 ms }
    1400 PartialTranscript { turn: 1, text: "where is my" }
         → Transcript { turn: 1, text: "where is my", is_final: false }
    1900 SpeechEnded { at: 1500 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 1500 ms }
    1950 FinalTranscript { turn: 1, attempt: 0, text: "Where is my", unclear: false }
    2600 SpeechStarted { at: 1600 ms }
         → Speech { started: true, at: 1600 ms }
    2900 PartialTranscript { turn: 1, text: "where is my parcel" }
         → Transcript { turn: 1, text: "where is my parcel", is_final: false }
    3200 SpeechEnded { at: 2100 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 1 }
         → Speech { started: false, at: 2100 ms }
    3300 FinalTranscript { turn: 1, attempt: 1, text: "Where is my parcel?", unclear: false }
    3550 Timeout
         → Transcript { turn: 1, text: "Where is my parcel?", is_final: true }
         → CommitUser { turn: 1, text: "Where is my parcel?" }
         → StartReply { reply: 1, prompt: Model }
         → State(Thinking)
    "#);
}

#[test]
fn a_microphone_that_stays_away_ends_the_turn_with_the_words_it_brought() {
    let timeline = script()
        .at(1_000, onset(1_000))
        .at(1_400, partial(1, "stop the music"))
        .at(1_900, pause(1_500))
        .at(1_950, words(1, 0, "Stop the music."))
        .run_until(6_000);
    assert_snapshot!(timeline, @r#"
    1000 SpeechStarted { at: 1000 ms }
         → Speech { started: true, at: 1000 ms }
    1400 PartialTranscript { turn: 1, text: "stop the music" }
         → Transcript { turn: 1, text: "stop the music", is_final: false }
    1900 SpeechEnded { at: 1500 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 1500 ms }
    1950 FinalTranscript { turn: 1, attempt: 0, text: "Stop the music.", unclear: false }
    2200 Timeout
         → Transcript { turn: 1, text: "Stop the music.", is_final: true }
         → CommitUser { turn: 1, text: "Stop the music." }
         → StartReply { reply: 1, prompt: Model }
         → State(Thinking)
    "#);
}

#[test]
fn a_turn_with_a_voice_and_no_words_is_asked_nothing_and_answered_nothing() {
    let timeline =
        script().at(1_000, onset(1_000)).at(1_500, pause(1_300)).at(1_600, words(1, 0, "")).run_until(30_000);
    assert_snapshot!(timeline, @r#"
    1000 SpeechStarted { at: 1000 ms }
         → Speech { started: true, at: 1000 ms }
    1500 SpeechEnded { at: 1300 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 1300 ms }
    1600 FinalTranscript { turn: 1, attempt: 0, text: "", unclear: false }
    1800 Timeout
         → Transcript { turn: 1, text: "", is_final: true }
    "#);
}
