use super::*;
use proptest::prelude::*;

/// The pieces of a text given whole, without clause cuts unless `config` asks for them.
fn pieces_with(config: SentenceConfig, text: &str) -> Vec<Sentence> {
    let mut splitter = SentenceSplitter::new(config);
    let mut sentences = splitter.push(text);
    sentences.extend(splitter.finish());
    sentences
}

fn whole_sentences() -> SentenceConfig {
    SentenceConfig::new().first_clause(usize::MAX)
}

/// Each example is a text with `‖` where it is to be cut.
#[track_caller]
fn check(examples: &[&str]) {
    for example in examples {
        let text = example.replace('‖', "");
        let found: Vec<_> = pieces_with(whole_sentences(), &text).into_iter().map(|sentence| sentence.text).collect();
        assert_eq!(found.join("‖"), *example);
    }
}

#[test]
fn sentences_end_at_stops() {
    check(&[
        "Hello there. ‖How are you? ‖Fine!",
        "Really?! ‖No way... ‖Yes.",
        "i live here. ‖you live there.",
        "It works. ‖ Two spaces.",
        "Wait… ‖What?",
        "Wait… what?",
        "So... maybe not.",
        "...and so it began. ‖It ended.",
        "No stop at all",
        "",
    ]);
}

#[test]
fn numbers_keep_their_stops() {
    check(&[
        "Pi is 3.14 and e is 2.72. ‖Good.",
        "It costs $3.50. ‖Cheap!",
        "Use v1.2.3. ‖Then restart.",
        "It was in 2024. ‖Then it changed.",
        "I have 3. ‖You have 5.",
        "Chapter No. 5 is short. ‖Read it.",
        "Is it true? ‖No. ‖It is not.",
        "See fig. 3 and vol. 12 of it.",
        "I like art. ‖It is nice.",
        "Wir treffen uns am 3. Oktober um 9 Uhr. ‖Bis dann!",
        "At 10.30 we start. ‖Be there.",
        "Visit 192.168.0.1. ‖Then log in.",
    ]);
}

#[test]
fn lists_keep_their_numbers() {
    check(&[
        "1. First do this. ‖2. Then do that. ‖3. Done.",
        "1. First\n‖2. Second\n‖10. Tenth",
        "Steps: 1. Open the door. ‖2. Go in.",
        "You need:\n‖- apples\n‖- pears\n‖\nThat is all.",
        "* one\n‖* two",
    ]);
}

#[test]
fn abbreviations_do_not_end_sentences() {
    check(&[
        "Dr. Smith met Mrs. Jones. ‖They talked.",
        "Some fruit, e.g. apples, i.e. the red ones. ‖Good.",
        "The U.S. Army is big. ‖Very big.",
        "She moved to the U.S. ‖The weather is nice.",
        "We meet at 5 p.m. on Monday. ‖Be there.",
        "We meet at 5 p.m. ‖Then we eat.",
        "We open at 9 a.m. Monday to Friday.",
        "J. R. R. Tolkien wrote it. ‖J.R.R. Tolkien did.",
        "George W. Bush spoke. ‖So do I. ‖Yes.",
        "Apples, pears, etc. are fruit. ‖Acme Inc. makes it.",
        "He works at Acme Inc. ‖He likes it.",
        "On Jan. 5 it snowed. ‖On Sat. we met.",
        "Er kommt z. B. morgen, d.h. bald. ‖Gut.",
        "Solve for x. ‖Then for y.",
        "St. Louis is far. ‖Prof. Lee knows.",
        "The (approx. five) men left. ‖All of them.",
    ]);
}

#[test]
fn addresses_are_not_cut() {
    check(&[
        "Write to jane.doe@example.com. ‖She answers.",
        "See https://example.com/a.b?c=d!e. ‖It helps.",
        "Use Node.js or foo.bar() there. ‖Fine.",
        "Read [the docs. ‖All of them](https://a.b/c?d=1. e) now. ‖Go.",
    ]);
}

#[test]
fn quotes_and_brackets_close_before_the_cut() {
    check(&[
        "He said \"Stop.\" ‖Then he left.",
        "\"Stop!\" he said. ‖She did.",
        "“Is it?” she asked. ‖“Yes.” ‖Good.",
        "It is (really?) true. ‖(See there.) ‖Good.",
        "Es heißt »Halt!« ‖Er ging.",
        "Il dit « Bonjour. » ‖Elle rit.",
        "Il dit « Bonjour ! » et sort. ‖Elle rit.",
        "Comment ça va ? ‖Bien.",
        "**Done.** ‖Next *one!* ‖Last.",
        "It is so.[1] ‖It was.[2,3] ‖End.",
        "Great!🎉 ‖Next.",
    ]);
}

#[test]
fn other_scripts_have_other_stops() {
    check(&[
        "你好。‖今天天气很好！‖你呢？‖好；‖再见",
        "他说：「好。」‖我们走吧。",
        "天气很好。‖“真的吗？”‖他问。",
        "嗯……我想想。‖好的",
        "今日は。‖元気ですか？‖はい！",
        "यह अच्छा है। ‖धन्यवाद।",
        "كيف حالك؟ ‖أنا بخير.",
        "It is 好.‖是的。‖OK!‖好",
        "안녕하세요. ‖반갑습니다!",
    ]);
}

#[test]
fn lines_and_paragraphs_end_sentences() {
    check(&[
        "A line without stop\n‖Another one",
        "A line that was\nonly wrapped. ‖Next.",
        "# Title\n‖text follows. ‖More.",
        "One paragraph.\n‖\nAnother one.",
        "as in e.g.\n‖\nnothing",
        "Above\n‖---\n‖Below",
        "Windows line\r\n‖Next line",
    ]);
}

#[test]
fn code_is_given_line_by_line_and_never_said() {
    let text = "Try this:\n```rust\nlet x = 1. + y;\n\nfn main() {}\n```\nIt works.";
    let sentences = pieces_with(whole_sentences(), text);
    let shown: Vec<_> = sentences.iter().map(|sentence| (sentence.text.as_str(), sentence.speech.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("Try this:\n", "Try this:"),
            ("```rust\n", ""),
            ("let x = 1. + y;\n", ""),
            ("\n", ""),
            ("fn main() {}\n", ""),
            ("```\n", ""),
            ("It works.", "It works."),
        ]
    );
    let inline: Vec<_> =
        pieces_with(whole_sentences(), "```a.b``` is code. Yes.").into_iter().map(|s| s.speech).collect();
    assert_eq!(inline, ["a.b is code.", "Yes."]);
    let open = pieces_with(whole_sentences(), "~~~\nnever closed. Really");
    assert!(open.iter().all(|sentence| sentence.speech.is_empty()), "{open:?}");
}

#[test]
fn a_sentence_is_given_out_as_soon_as_it_is_certain() {
    // The text given so far, and whether its first sentence is certainly over.
    for (text, over) in [
        ("Sure.", false),
        ("Sure. ", true),
        ("It costs 3.", false),
        ("It costs 3. ", false),
        ("It costs 3. T", false),
        ("It costs 3. Th ", true),
        ("in the U.S. ", false),
        ("in the U.S. The", false),
        ("in the U.S. The ", true),
        ("Well... ", false),
        ("Well... N", true),
        ("“Yes.” ", false),
        ("“Yes.” N", true),
        ("Il dit « Oui. ", false),
        ("好。", false),
        ("好。我", true),
        ("a line\n", false),
        ("a line\n\n", true),
        ("# head\n", true),
    ] {
        let mut splitter = SentenceSplitter::new(whole_sentences());
        assert_eq!(!splitter.push(text).is_empty(), over, "{text:?}");
    }
}

#[test]
fn the_voice_may_begin_at_a_clause() {
    let config = SentenceConfig::new().first_clause(20);
    let cut = |text: &str| -> Vec<_> { pieces_with(config, text).into_iter().map(|sentence| sentence.text).collect() };
    assert_eq!(
        cut("Well, the short answer is no, but it depends, as always, on you. And so, on, and on and on, and on."),
        ["Well, the short answer is no, ", "but it depends, as always, on you. ", "And so, on, and on and on, and on."]
    );
    // One word does not last until a long sentence is written.
    assert_eq!(
        cut("Sure! Here is the first clause, and this is the second, and this the third."),
        ["Sure! ", "Here is the first clause, ", "and this is the second, and this the third."]
    );
    assert_eq!(cut("It is exactly 1,000,000 metres long."), ["It is exactly 1,000,000 metres long."]);
    assert_eq!(cut("这个问题很有意思，我们来看看。好"), ["这个问题很有意思，", "我们来看看。", "好"]);
    assert_eq!(cut("He came home late at night—she was asleep."), ["He came home late at night—", "she was asleep."]);
    assert_eq!(
        cut("```\nlet a, b, c, d, e, f, g, h = 1;\n```\nThe variables a to h, that is, are one.").last().unwrap(),
        "that is, are one."
    );
}

#[test]
fn a_long_sentence_is_cut_between_words() {
    let config = whole_sentences().max_length(40);
    let cut = |text: &str| -> Vec<_> { pieces_with(config, text).into_iter().map(|sentence| sentence.text).collect() };
    assert_eq!(
        cut("one two three four five six seven eight nine ten eleven twelve"),
        ["one two three four five six seven eight ", "nine ten eleven twelve"]
    );
    assert_eq!(
        cut("one two three four five, six seven eight nine ten eleven twelve"),
        ["one two three four five, ", "six seven eight nine ten eleven twelve"]
    );
    assert_eq!(cut("一二三四五六七八九十一二三四五六七八九十"), ["一二三四五六七八九十一二三", "四五六七八九十"]);
    let address = format!("see https://example.com/{} for more", "x".repeat(100));
    assert_eq!(cut(&address), ["see ", &format!("https://example.com/{} ", "x".repeat(100)), "for more"]);
    let endless = cut(&"x".repeat(1000));
    assert_eq!(endless.iter().map(String::len).collect::<Vec<_>>(), [320, 320, 320, 40]);
}

#[test]
fn finish_makes_room_for_another_text() {
    let mut splitter = SentenceSplitter::default();
    splitter.push("```\nopen fence");
    splitter.finish();
    assert_eq!(splitter.push("Hello. ").remove(0).speech, "Hello.");
    assert!(splitter.finish().is_empty());
}

/// Characters that mean something to the splitter, among others.
fn tricky_text() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        4 => "[a-zA-Z]{1,5}",
        2 => Just(" ".to_owned()),
        2 => "[.!?…]{1,3}",
        1 => "[0-9]{1,3}",
        1 => "[。！？；，、「」“”«»]",
        1 => "[()\\[\\]*_`~#|<>:,;—-]{1,4}",
        1 => prop::sample::select(vec![
            "\n", "\n\n", "\r\n", "```", "\n```\n", "](", "e.g. ", "U.S. The ", "z. B. ", "www.a.b/c ", "👩‍👩‍👧", "e\u{301}", "中文字", "한국어",
        ]).prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(token, 0..80).prop_map(|tokens| tokens.concat())
}

fn configs() -> impl Strategy<Value = SentenceConfig> {
    (0usize..80, 0usize..120).prop_map(|(first, max)| SentenceConfig::new().first_clause(first).max_length(max))
}

fn in_deltas(config: SentenceConfig, text: &str, lengths: &[usize]) -> Vec<Sentence> {
    let mut splitter = SentenceSplitter::new(config);
    let mut sentences = Vec::new();
    let mut characters = text.chars();
    for length in lengths.iter().cycle() {
        let delta: String = characters.by_ref().take(*length).collect();
        if delta.is_empty() {
            break;
        }
        sentences.extend(splitter.push(&delta));
    }
    sentences.extend(splitter.finish());
    sentences
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn pieces_join_verbatim_and_do_not_depend_on_the_deltas(
        text in tricky_text(), config in configs(), lengths in prop::collection::vec(1usize..9, 1..6),
    ) {
        let whole = pieces_with(config, &text);
        prop_assert_eq!(whole.iter().map(|sentence| sentence.text.as_str()).collect::<String>(), text.as_str());
        prop_assert!(whole.iter().all(|sentence| !sentence.text.is_empty()));
        prop_assert_eq!(in_deltas(config, &text, &lengths), whole);
    }

    #[test]
    fn speech_is_free_of_markup_and_of_double_spaces(text in tricky_text()) {
        // An escaped mark is a word of its own.
        let text = text.replace('\\', "");
        for sentence in pieces_with(SentenceConfig::default(), &text) {
            let speech = sentence.speech;
            prop_assert_eq!(speech.trim(), &speech);
            prop_assert!(!speech.contains("  ") && !speech.contains(['\n', '`', '👩']), "{:?}", speech);
            prop_assert!(speech.is_empty() || speech.chars().any(char::is_alphanumeric));
        }
    }

    #[test]
    fn pieces_are_bounded(text in tricky_text(), max in 20usize..60) {
        let long = text.repeat(20);
        for sentence in pieces_with(whole_sentences().max_length(max), &long) {
            prop_assert!(sentence.text.chars().count() <= 8 * max);
        }
    }

    #[test]
    fn work_is_proportional_to_the_text(unit in tricky_text(), config in configs()) {
        let text = unit.repeat(20);
        let mut splitter = SentenceSplitter::new(config);
        let mut buffer = [0; 4];
        for c in text.chars() {
            splitter.push(c.encode_utf8(&mut buffer));
        }
        prop_assert!(splitter.scanner.steps <= 8 * text.chars().count() + 8, "{} steps", splitter.scanner.steps);
    }
}

#[test]
fn work_is_proportional_to_hostile_texts_too() {
    let length = 100_000;
    for unit in [
        ".", " ", "\n", "U.S. ", "a. ", "3. ", "« a. ", "a\n ", "[", "](", "`", "x", "中", "a.\" ", "e.g.\n",
        "\u{301}", "a, ", ". »",
    ] {
        let text = unit.repeat(length / unit.len());
        let mut splitter = SentenceSplitter::default();
        let mut buffer = [0; 4];
        let joined: usize = text
            .chars()
            .flat_map(|c| splitter.push(c.encode_utf8(&mut buffer)))
            .map(|sentence| sentence.text.len())
            .sum();
        let steps = splitter.scanner.steps;
        let rest: usize = splitter.finish().iter().map(|sentence| sentence.text.len()).sum();
        assert_eq!(joined + rest, text.len());
        assert!(steps <= 5 * text.chars().count(), "{unit:?}: {steps} steps");
    }
}
