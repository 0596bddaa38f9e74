//! Random sentences with their audio's timeline, as a synthesiser would tell it.

use voice_core::conversation::SpokenWord;
use voice_core::testing::Random;
use voice_core::text::spoken;

/// Words of one language, and what stands between them and at the end.
struct Language {
    words: &'static [&'static str],
    space: &'static str,
    comma: &'static str,
    stop: &'static str,
}

const LANGUAGES: [Language; 7] = [
    Language {
        words: &[
            "the",
            "a",
            "I",
            "house",
            "it's",
            "well-known",
            "naïve",
            "café",
            "and",
            "the",
            "no",
            "Straße",
            "two",
            "extraordinary",
        ],
        space: " ",
        comma: ",",
        stop: ". ",
    },
    Language {
        words: &["и", "он", "дом", "хорошо", "сегодня", "ёлка", "я"], space: " ", comma: ",", stop: "! "
    },
    Language {
        words: &["안녕하세요", "저는", "집", "오늘", "그리고", "물"], space: " ", comma: ",", stop: ". "
    },
    Language {
        words: &["你", "好", "世界", "今天", "我们", "图书馆", "很"], space: "", comma: "，", stop: "。"
    },
    Language {
        words: &["きょう", "は", "東京", "コーヒー", "です", "が", "天気", "っと"],
        space: "",
        comma: "、",
        stop: "。",
    },
    Language {
        words: &["สวัสดี", "ครับ", "วันนี้", "อากาศ", "ดี", "เมื่อ", "ไป", "น้ำ"], space: "", comma: " ", stop: " "
    },
    Language { words: &["مرحبا", "بيت", "في", "اليوم"], space: " ", comma: "،", stop: "؟ " },
];

/// Numbers, and what a voice may make of them.
const NUMBERS: [(&str, &[&str]); 4] = [
    ("3", &["three"]),
    ("20%", &["twenty", "percent"]),
    ("2025", &["twenty", "twenty", "five"]),
    ("$5", &["five", "dollars"]),
];

/// A word of the truth, in samples of its sentence.
pub(crate) struct Word {
    /// Where its letters end in the text.
    pub(crate) text_end: usize,
    pub(crate) end: u64,
}

pub(crate) struct Sentence {
    pub(crate) text: String,
    pub(crate) speech: String,
    pub(crate) words: Vec<Word>,
    /// As a synthesiser tells it, word by word.
    pub(crate) told: Vec<Vec<SpokenWord>>,
    /// Words that are told in other words than they are written.
    pub(crate) numbers: usize,
    pub(crate) samples: u64,
}

pub(crate) fn sentence(random: &mut Random, rate: u32) -> Sentence {
    let language = &LANGUAGES[random.within(0..LANGUAGES.len() as u64) as usize];
    let ms = |ms: u64| ms * u64::from(rate) / 1_000;
    let count = random.within(1..14);
    let mut sentence =
        Sentence { text: String::new(), speech: String::new(), words: vec![], told: vec![], numbers: 0, samples: 0 };
    let mut clock = ms(random.within(0..250));
    let mut after_number = true;
    for index in 0..count {
        if index > 0 {
            sentence.text.push_str(language.space);
        }
        // A number between words that are told as they are written.
        let number = !after_number && index + 1 < count && language.space == " " && random.percent(15);
        after_number = number;
        sentence.numbers += usize::from(number);
        let start = clock;
        clock += ms(random.within(60..600));
        let (written, mut told) = if number {
            let (written, told) = NUMBERS[random.within(0..NUMBERS.len() as u64) as usize];
            (written, told.iter().map(|word| (*word).to_owned()).collect())
        } else {
            let word = language.words[random.within(0..language.words.len() as u64) as usize];
            (word, told(random, word))
        };
        let comma = index + 1 < count && random.percent(15);
        let (open, close) = markup(random, language.space == " " && !number);
        sentence.text.push_str(open);
        sentence.text.push_str(written);
        sentence.words.push(Word { text_end: sentence.text.len(), end: clock });
        sentence.text.push_str(close);
        let mut spans = spans(random, &told, start, clock);
        if comma {
            sentence.text.push_str(language.comma);
            match random.within(0..3) {
                0 => told.last_mut().unwrap().push_str(language.comma),
                // Some services time punctuation as a word of its own.
                1 => {
                    told.push(language.comma.to_owned());
                    spans.push((clock, clock + ms(5)));
                }
                _ => {}
            }
        }
        let spoken = told.into_iter().zip(spans);
        sentence.told.push(spoken.map(|(text, (start, end))| SpokenWord { text, start, end }).collect());
        clock += ms(if comma { random.within(100..400) } else { random.within(0..2) * random.within(0..60) });
    }
    sentence.text.push_str(language.stop);
    if random.percent(10) {
        sentence.text.push_str("🙂 ");
    }
    sentence.speech = spoken(&sentence.text);
    sentence.samples = clock + ms(random.within(0..400));
    sentence
}

/// A word as a synthesiser may tell it.
fn told(random: &mut Random, word: &str) -> Vec<String> {
    match random.within(0..6) {
        0 => vec![word.to_uppercase()],
        1 if word.contains('-') => word.split('-').map(str::to_owned).collect(),
        2 if !word.is_ascii() && word.chars().all(|c| ('\u{3040}'..'\u{a000}').contains(&c)) => {
            word.chars().map(String::from).collect()
        }
        _ => vec![word.to_owned()],
    }
}

fn markup(random: &mut Random, wanted: bool) -> (&'static str, &'static str) {
    match random.within(0..25) {
        0 if wanted => ("**", "**"),
        1 if wanted => ("[", "](https://example.com/the/house)"),
        2 if wanted => ("`", "`"),
        3 if wanted => ("", " [1]"),
        4 if wanted => ("", " 🙂"),
        5 if wanted => ("", " —"),
        _ => ("", ""),
    }
}

/// Divides the time of a word among what it is told as.
fn spans(random: &mut Random, told: &[String], start: u64, end: u64) -> Vec<(u64, u64)> {
    let mut cuts: Vec<u64> = (1..told.len()).map(|_| random.within(start..end)).collect();
    cuts.sort_unstable();
    let starts = [start].into_iter().chain(cuts.iter().copied());
    starts.zip(cuts.iter().copied().chain([end])).collect()
}
