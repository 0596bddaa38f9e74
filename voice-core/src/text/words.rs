//! The words of a text, in any script.

use super::characters::is_ideographic;
use std::ops::Range;

/// Where the words of a text stand, as byte ranges in order. White space belongs to none of them.
///
/// Scripts with spaces are cut at white space, and behind a dash between two words. Scripts without them (Chinese,
/// Japanese, Thai, Lao, Khmer, Burmese) are cut at what can be told without a dictionary: an ideograph, a kana, a
/// consonant with its vowels and tones. Marks and pictures belong to the word before them, an opening quote or bracket
/// to the one behind it, so that every word holds a letter or a digit.
///
/// ```
/// use voice_core::text::words;
/// let cut = |text: &'static str| words(text).into_iter().map(|word| &text[word]).collect::<Vec<_>>();
/// assert_eq!(cut("\u{201c}Well\u{201d} — no!"), ["\u{201c}Well\u{201d} —", "no!"]);
/// assert_eq!(cut("你好，world。"), ["你", "好，", "world。"]);
/// ```
pub fn words(text: &str) -> Vec<Range<usize>> {
    let mut cutter = Cutter { words: Vec::new(), opening: None, may_go_on: false, last: Kind::Blank };
    for (at, c) in text.char_indices() {
        cutter.take(at, c);
    }
    cutter.close_marks();
    cutter.words
}

/// The letters and digits of a word without their case: what two ways to write it have in common.
///
/// ```
/// assert_eq!(voice_core::text::letters("It's"), voice_core::text::letters("ITS,"));
/// ```
pub fn letters(word: &str) -> String {
    // By way of the capitals, "ß" is "ss" and both forms of sigma are one.
    let capitals = word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase);
    capitals.flat_map(char::to_lowercase).collect()
}

/// What a character does to the word in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    /// Belongs to the word before it.
    Mark,
    /// Belongs to the word behind it.
    Opener,
    /// Ends the word before it and belongs to it, though no blank follows.
    Dash,
    /// Of a script that puts blanks between words.
    Letter,
    /// A word, or the beginning of one, by itself.
    Unit,
    /// A vowel that is written before its consonant: what follows belongs to it.
    Leader,
    /// A sign that stacks the next consonant under the one before.
    Link,
    /// A vowel, tone, small kana or accent: belongs to the letter before it.
    Joiner,
}

struct Cutter {
    words: Vec<Range<usize>>,
    /// Marks behind a blank, or an opener: nobody knows yet whose they are.
    opening: Option<Range<usize>>,
    /// No blank and no dash since the last word's end.
    may_go_on: bool,
    /// The last letter's kind.
    last: Kind,
}

impl Cutter {
    fn take(&mut self, at: usize, c: char) {
        let range = at..at + c.len_utf8();
        match kind(c) {
            Kind::Blank => {
                self.close_marks();
                self.may_go_on = false;
            }
            Kind::Mark | Kind::Dash | Kind::Opener if self.opening.is_some() || !self.may_go_on => self.open(range),
            Kind::Opener if self.last != Kind::Letter => self.open(range),
            Kind::Mark | Kind::Opener => self.extend(range.end),
            Kind::Dash => {
                self.extend(range.end);
                self.may_go_on = false;
            }
            kind @ (Kind::Letter | Kind::Unit | Kind::Leader | Kind::Link | Kind::Joiner) => self.letter(range, kind),
        }
    }

    fn letter(&mut self, range: Range<usize>, kind: Kind) {
        let belongs = match kind {
            Kind::Joiner | Kind::Link => true,
            Kind::Letter => matches!(self.last, Kind::Letter | Kind::Leader),
            _ => self.last == Kind::Leader,
        };
        let opening = self.opening.take();
        if belongs && self.may_go_on && opening.is_none() {
            self.extend(range.end);
        } else {
            let start = opening.map_or(range.start, |opening| opening.start);
            self.words.push(start..range.end);
        }
        self.may_go_on = true;
        self.last = match kind {
            Kind::Joiner if self.last == Kind::Letter => Kind::Letter,
            Kind::Joiner => Kind::Unit,
            Kind::Link => Kind::Leader,
            kind => kind,
        };
    }

    fn open(&mut self, range: Range<usize>) {
        self.opening.get_or_insert(range.clone()).end = range.end;
    }

    fn extend(&mut self, end: usize) {
        if let Some(word) = self.words.last_mut() {
            word.end = end;
        }
    }

    /// Marks with nothing behind them belong to what is before them; those at the beginning wait on.
    fn close_marks(&mut self) {
        if !self.words.is_empty()
            && let Some(opening) = self.opening.take()
        {
            self.extend(opening.end);
        }
    }
}

fn kind(c: char) -> Kind {
    match c {
        '—' => Kind::Dash,
        '「' | '『' | '（' | '【' | '《' | '〈' | '〔' | '“' | '‘' => Kind::Opener,
        // Small kana and the long-vowel mark make one syllable with the kana before them; っ may begin a word.
        'ぁ' | 'ぃ' | 'ぅ' | 'ぇ' | 'ぉ' | 'ゃ' | 'ゅ' | 'ょ' | 'ゎ' | 'ァ' | 'ィ' | 'ゥ' | 'ェ' | 'ォ' | 'ャ'
        | 'ュ' | 'ョ' | 'ヮ' | 'ー' | '々' => Kind::Joiner,
        _ if c.is_whitespace() => Kind::Blank,
        _ if is_ideographic(c) && c.is_alphanumeric() => Kind::Unit,
        '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' => south_east_asian(c),
        '\u{0300}'..='\u{036F}' | '\u{3099}'..='\u{309A}' | '\u{200D}' => Kind::Joiner,
        _ if c.is_alphanumeric() => Kind::Letter,
        _ => Kind::Mark,
    }
}

/// Thai, Lao, Burmese and Khmer.
fn south_east_asian(c: char) -> Kind {
    match c {
        '\u{0E40}'..='\u{0E44}' | '\u{0EC0}'..='\u{0EC4}' => Kind::Leader,
        '\u{1039}' | '\u{17D2}' => Kind::Link,
        '\u{0E30}'..='\u{0E3A}'
        | '\u{0E45}'..='\u{0E4E}'
        | '\u{0EB0}'..='\u{0EBC}'
        | '\u{0EC6}'..='\u{0ECE}'
        | '\u{102B}'..='\u{103E}'
        | '\u{1056}'..='\u{1059}'
        | '\u{17B4}'..='\u{17D3}'
        | '\u{17DD}' => Kind::Joiner,
        _ if c.is_numeric() => Kind::Letter,
        _ if c.is_alphanumeric() => Kind::Unit,
        _ => Kind::Mark,
    }
}

/// Whether the character is of a South East Asian script without spaces.
pub(super) fn is_south_east_asian(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_cut_as_a_reader_would_count_them() {
        for (text, expected) in [
            ("Hello, world!", &["Hello,", "world!"][..]),
            ("  one  two ", &["one", "two"]),
            ("- item **bold** (see)", &["- item", "**bold**", "(see)"]),
            ("Great 🎉 ! Yes", &["Great 🎉 !", "Yes"]),
            ("yes—no, well-known", &["yes—", "no,", "well-known"]),
            ("at 3:30 p.m.", &["at", "3:30", "p.m."]),
            ("안녕하세요 세계", &["안녕하세요", "세계"]),
            ("你好，「世界」。", &["你", "好，", "「世", "界」。"]),
            ("用iPhone打3次", &["用", "iPhone", "打", "3", "次"]),
            ("きょうはコーヒー", &["きょ", "う", "は", "コー", "ヒー"]),
            ("เมื่อวานนี้", &["เมื่", "อ", "วา", "น", "นี้"]),
            ("naïve cafe\u{301}s", &["naïve", "cafe\u{301}s"]),
            ("ខ្មែរ", &["ខ្មែ", "រ"]),
            ("🙂 — !", &[]),
            ("", &[]),
        ] {
            let cut: Vec<_> = words(text).into_iter().map(|word| &text[word]).collect();
            assert_eq!(cut, expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_letter_is_in_one_word_and_no_blank_at_an_edge(text: String) {
            let words = words(&text);
            let mut end = 0;
            for word in &words {
                prop_assert!(word.start >= end && text[end..word.start].chars().all(char::is_whitespace), "{words:?}");
                prop_assert_eq!(text[word.clone()].trim(), &text[word.clone()]);
                end = word.end;
            }
            prop_assert!(words.is_empty() || text[end..].trim().is_empty());
        }
    }
}
