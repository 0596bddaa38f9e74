use super::*;

/// A ledger in which all is said as it is written.
fn write(ledger: &mut Ledger, text: &str) -> SentenceId {
    ledger.write(text.into(), text.trim().into())
}

/// Words in ms, at 16 samples a ms.
fn timed(words: &[(&str, u64, u64)]) -> Vec<SpokenWord> {
    let word = |(text, start, end): &(&str, u64, u64)| SpokenWord {
        text: (*text).to_owned(),
        start: start * 16,
        end: end * 16,
    };
    words.iter().map(word).collect()
}

/// A reply of one sentence with all its audio of `ms`, of which everything was sent.
fn spoken(text: &str, speech: &str, ms: u64) -> Ledger {
    let mut ledger = Ledger::new(16_000);
    let sentence = ledger.write(text.into(), speech.into());
    ledger.synthesize(sentence, ms * 16);
    ledger.complete(sentence);
    ledger.send(ms * 16);
    ledger.take_shown();
    ledger
}

/// What is heard of the ledger's reply at these moments, in ms.
fn heard_at<const N: usize>(ledger: &Ledger, moments: [u64; N]) -> [String; N] {
    moments.map(|ms| {
        let mut ledger = ledger.clone();
        ledger.play(ms * 16);
        ledger.heard()
    })
}

#[test]
fn a_word_is_heard_when_not_more_than_20_ms_of_its_end_are_missing() {
    let mut ledger = spoken("One two. ", "One two.", 1_000);
    ledger.time(SentenceId(0), timed(&[("One", 50, 400), ("two.", 400, 800)]));
    let heard = heard_at(&ledger, [0, 1, 379, 380, 779, 780, 1_000]);
    assert_eq!(heard, ["", "", "", "One", "One", "One two.", "One two."]);
}

#[test]
fn nobody_hears_more_than_was_sent() {
    let mut ledger = Ledger::new(16_000);
    let first = write(&mut ledger, "One. ");
    let second = write(&mut ledger, "Two.");
    for sentence in [first, second] {
        ledger.synthesize(sentence, 1_000);
        ledger.complete(sentence);
    }
    ledger.send(1_000);
    ledger.take_shown();
    ledger.play(u64::MAX);
    assert_eq!(ledger.heard(), "One.");
}

#[test]
fn a_sentence_without_audio_is_not_heard_before_it_is_shown() {
    let mut ledger = spoken("One two.", "One two.", 500);
    ledger.play(8_000);
    ledger.write(" 🙂".into(), String::new());
    assert_eq!(ledger.heard(), "One two.");
    ledger.take_rest();
    assert_eq!(ledger.heard(), "One two. 🙂");
}

#[test]
fn timed_words_are_found_in_the_text_as_it_was_written() {
    let text = "See [the **docs**](https://example.com/a/b) at 3 pm; it's well-known [1] 🙂. ";
    let mut ledger = spoken(text, "See the docs at 3 pm; it's well-known.", 3_000);
    let words = [
        ("see", 100, 300),
        ("the", 300, 400),
        ("docs", 400, 800),
        ("at", 900, 1_000),
        ("three", 1_000, 1_300),
        ("p", 1_300, 1_400),
        ("m", 1_400, 1_600),
        (";", 1_600, 1_650),
        ("It’s", 1_800, 2_000),
        ("well", 2_000, 2_200),
        ("known", 2_200, 2_600),
    ];
    ledger.time(SentenceId(0), timed(&words));
    let heard = heard_at(&ledger, [300, 500, 850, 1_350, 1_700, 2_000, 2_400, 2_650]);
    assert_eq!(
        heard,
        [
            "See",
            "See [the",
            "See [the **docs**](https://example.com/a/b)",
            "See [the **docs**](https://example.com/a/b) at 3",
            "See [the **docs**](https://example.com/a/b) at 3 pm;",
            "See [the **docs**](https://example.com/a/b) at 3 pm; it's",
            "See [the **docs**](https://example.com/a/b) at 3 pm; it's",
            text.trim_end(),
        ]
    );
}

#[test]
fn a_word_of_a_script_without_spaces_is_heard_as_it_was_timed() {
    let mut ledger = spoken("你好，世界。", "你好，世界。", 1_200);
    assert_eq!(heard_at(&ledger, [500, 1_000]), ["你好，", "你好，世"]);
    ledger.time(SentenceId(0), timed(&[("你好", 100, 500), ("世界", 700, 1_100)]));
    assert_eq!(heard_at(&ledger, [300, 500, 1_050, 1_100]), ["", "你好，", "你好，", "你好，世界。"]);
}

#[test]
fn words_that_were_not_timed_are_placed_between_those_that_were() {
    let mut ledger = spoken("One two three four five.", "One two three four five.", 2_000);
    // The rest may come yet, or never.
    ledger.time(SentenceId(0), timed(&[("four", 1_500, 1_700)]));
    ledger.time(SentenceId(0), timed(&[("One", 0, 100)]));
    let heard = heard_at(&ledger, [100, 1_000, 1_490, 1_699, 1_800, 2_000]);
    assert_eq!(
        heard,
        ["One", "One two", "One two three", "One two three four", "One two three four", "One two three four five."]
    );
}

#[test]
fn timings_that_make_no_sense_lose_no_word_and_make_none_up() {
    let mut ledger = spoken("One two three.", "One two three.", 1_000);
    let nonsense = [("three", 10, 20), ("", 0, 0), ("four", 900, 100), ("One", u64::MAX / 16, u64::MAX / 16)];
    ledger.time(SentenceId(0), timed(&nonsense));
    ledger.time(SentenceId(9), timed(&nonsense));
    ledger.time(SentenceId(0), vec![SpokenWord { text: "two".into(), start: 0, end: 0 }; 1_000]);
    for heard in heard_at(&ledger, [0, 1, 500, 999]) {
        assert!("One two three.".starts_with(&heard), "{heard:?}");
    }
    assert_eq!(heard_at(&ledger, [1_000]), ["One two three."]);
}

#[test]
fn without_timings_what_is_long_to_say_takes_longer_and_punctuation_makes_pauses() {
    // By their characters, "2025," would be over after a third of the time.
    let ledger = spoken("In 2025, it went up.", "In 2025, it went up.", 3_000);
    assert_eq!(heard_at(&ledger, [1_000, 1_920, 2_200]), ["In", "In 2025,", "In 2025,"]);
    // The address is not said.
    let ledger = spoken("[Here](https://example.com/a/long/path) it is.", "Here it is.", 1_000);
    assert_eq!(heard_at(&ledger, [500]), ["[Here](https://example.com/a/long/path)"]);
}

#[test]
fn a_sentence_still_being_synthesised_is_guessed_at_the_pace_of_the_reply_and_before_that_at_an_ordinary_one() {
    for rate in [8_000, 48_000] {
        let mut ledger = Ledger::new(rate);
        let second = u64::from(rate);
        let first = write(&mut ledger, "Fifteen of them. ");
        ledger.synthesize(first, second * 3 / 4);
        ledger.send(second * 3 / 4);
        ledger.take_shown();
        ledger.play(second * 3 / 4);
        assert_eq!(ledger.heard(), "Fifteen", "{rate} Hz: of about 1.3 s");

        ledger.synthesize(first, second * 27 / 20);
        ledger.complete(first);
        let next = write(&mut ledger, "Sixteen of those.");
        ledger.synthesize(next, second * 6 / 5);
        ledger.send(5 * second);
        ledger.take_shown();
        ledger.play(5 * second);
        assert_eq!(ledger.heard(), "Fifteen of them. Sixteen", "{rate} Hz: 1.2 s of a sentence of about 2.1 s");
    }
}

#[test]
fn a_sentence_that_is_timed_and_still_being_synthesised_is_known() {
    let mut ledger = Ledger::new(16_000);
    let sentence = write(&mut ledger, "One two three four five six.");
    ledger.time(sentence, timed(&[("One", 100, 1_000), ("two", 1_000, 2_000), ("three", 2_000, 3_000)]));
    ledger.synthesize(sentence, 4_100 * 16);
    ledger.send(u64::MAX);
    ledger.take_shown();
    let heard = heard_at(&ledger, [900, 1_000, 2_500, 2_980, 4_100]);
    assert_eq!(heard, ["", "One", "One two", "One two three", "One two three four"]);
}

#[test]
fn a_word_in_other_words_at_the_end_of_what_was_timed_may_go_on() {
    let mut ledger = spoken("It is 22.", "It is 22.", 2_000);
    let mut words = timed(&[("It", 0, 200), ("is", 200, 400), ("twenty", 400, 900)]);
    ledger.time(SentenceId(0), words.clone());
    assert_eq!(heard_at(&ledger, [1_000]), ["It is"]);
    words = timed(&[("two", 900, 1_700)]);
    ledger.time(SentenceId(0), words);
    assert_eq!(heard_at(&ledger, [1_650, 1_700]), ["It is", "It is 22."]);
}

#[test]
fn text_is_shown_when_its_audio_begins_and_silent_text_with_what_precedes_it() {
    let mut ledger = Ledger::new(16_000);
    let first = write(&mut ledger, "Hello. ");
    ledger.write("🙂 ".into(), String::new());
    write(&mut ledger, "Bye.");
    assert_eq!(ledger.take_shown(), None);
    ledger.synthesize(first, 100);
    ledger.complete(first);
    ledger.send(50);
    assert_eq!(ledger.take_shown().as_deref(), Some("Hello. "));
    ledger.send(100);
    assert_eq!(ledger.take_shown().as_deref(), Some("🙂 "));
    assert_eq!(ledger.take_shown(), None);
    assert_eq!(ledger.take_rest().as_deref(), Some("Bye."));
    assert_eq!(ledger.written(), "Hello. 🙂 Bye.");
}
