//! What of a reply was heard, where the synthesiser tells when its words sound and where it does not.

use crate::*;
use voice_core::conversation::SpokenWord;
use voice_core::{Message, ReplyId};

/// Words of a reply's sentence, each with its first and last sample.
fn timed(reply: impl Into<ReplyId>, sentence: u32, words: &[(&str, u64, u64)]) -> Input {
    let word = |(text, start, end): &(&str, u64, u64)| SpokenWord { text: (*text).into(), start: *start, end: *end };
    Input::Words { reply: reply.into(), sentence: SentenceId(sentence), words: words.iter().map(word).collect() }
}

/// What the history holds of the agent's words.
fn remembered(script: &Script) -> Vec<Message> {
    script.conversation().history().filter(|message| matches!(message, Message::Agent(_))).cloned().collect()
}

#[test]
fn an_interruption_that_overtakes_words_leaves_those_that_were_played() {
    let words = [("One", 400, 3_000), ("two", 6_000, 7_800)];
    for (played_until, heard) in [(2_600, None), (2_800, Some("One")), (7_400, Some("One")), (7_500, Some("One two."))]
    {
        let script = answering()
            .at(320, timed(TurnId(1), 0, &words))
            .at(600, played(1, 2_000))
            .at(700, Input::Interrupt)
            .at(760, played(1, played_until))
            .at(1_500, Input::Timeout);
        let expected: Vec<_> = heard.map(Message::agent).into_iter().collect();
        assert_eq!(remembered(&script), expected, "{played_until} samples");
    }
}

#[test]
fn words_of_another_attempt_or_of_a_reply_that_was_stopped_tell_nothing() {
    let early = [("One", 0, 1), ("two", 1, 2)];
    let other = ReplyId { turn: TurnId(1), attempt: 1 };
    let script = answering()
        .at(320, timed(other, 0, &early))
        .at(600, played(1, 2_000))
        .at(700, Input::Interrupt)
        .at(710, timed(TurnId(1), 0, &early))
        .at(1_500, Input::Timeout);
    assert_eq!(remembered(&script), []);
}

#[test]
fn a_voice_that_fails_in_a_sentence_leaves_the_words_it_had_said() {
    let script = script()
        .at(0, Input::UserText("Count to four.".into()))
        .at(250, sentence(1, "One two three four."))
        .at(260, written(1))
        .at(290, timed(TurnId(1), 0, &[("One", 0, 1_000), ("two", 1_000, 3_000), ("three", 3_000, 9_000)]))
        .at(300, audio(1, 0, 8_000))
        .at(310, sent(1, 8_000))
        .at(400, failed(Some(1), Stage::Tts))
        .at(900, played(1, 8_000))
        .at(900, done(1));
    assert_eq!(remembered(&script), [Message::agent("One two")]);
}
