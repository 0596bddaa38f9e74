//! What was said, apart from how it is written: two transcripts of the same words often differ in case, punctuation and
//! the way numbers are written.

use super::numbers::{NUMBER_SCALES, small_number};

/// The words of `text` in lower case, without punctuation, English number words as figures, with one blank between them.
///
/// `"It's twenty-three, Sir!"` and `"its 23 sir"` have the same form. Money, dates and units keep the way they are
/// written, so `"$5"` and `"five dollars"` differ.
pub fn spoken_form(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut form = String::with_capacity(lower.len());
    let mut number = NumberWords::default();
    for word in lower.split(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | '/' | '…')) {
        let plain: String = plain(word);
        if plain.is_empty() || number.take(&plain) {
            continue;
        }
        number.write(&mut form);
        if !number.take(&plain) {
            push(&mut form, &plain);
        }
    }
    number.write(&mut form);
    form
}

/// The word without what has no sound. Dots and commas inside a number stay: `3.5` is not `35`, but `1,000` is `1000`.
fn plain(word: &str) -> String {
    let mut characters = word.chars().peekable();
    let mut plain = String::with_capacity(word.len());
    while let Some(character) = characters.next() {
        let inside_number =
            plain.ends_with(|last: char| last.is_ascii_digit()) && characters.peek().is_some_and(char::is_ascii_digit);
        let sounds = character.is_alphanumeric() || matches!(character, '%' | '$' | '€' | '£' | '+' | '@' | '&');
        if sounds || inside_number && matches!(character, '.' | ':') {
            plain.push(character);
        }
    }
    plain
}

fn push(form: &mut String, word: &str) {
    if !form.is_empty() {
        form.push(' ');
    }
    form.push_str(word);
}

/// A number that is being read out, such as `two hundred thirty five`.
#[derive(Default)]
struct NumberWords {
    /// Thousands and millions that are complete.
    total: u64,
    /// What has been said below the next thousand.
    group: u64,
    last: Option<Kind>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Unit,
    Teen,
    Ten,
    Hundred,
    Thousand,
}

impl NumberWords {
    /// Takes the word if it goes on with the number, or begins one.
    fn take(&mut self, word: &str) -> bool {
        let Some((kind, value)) = number_word(word) else { return false };
        let follows = match (self.last, kind) {
            (None, _) => !matches!(kind, Kind::Hundred | Kind::Thousand),
            (Some(Kind::Ten), Kind::Unit) => value > 0,
            (Some(Kind::Hundred), Kind::Unit | Kind::Teen | Kind::Ten) => true,
            (Some(Kind::Thousand), Kind::Unit | Kind::Teen | Kind::Ten) => true,
            (Some(Kind::Unit | Kind::Teen), Kind::Hundred) => self.group < 100,
            (Some(Kind::Unit | Kind::Teen | Kind::Ten | Kind::Hundred), Kind::Thousand) => true,
            _ => false,
        };
        if !follows {
            return false;
        }
        match kind {
            Kind::Unit | Kind::Teen | Kind::Ten => self.group += value,
            Kind::Hundred => self.group *= value,
            Kind::Thousand => self.total += std::mem::take(&mut self.group) * value,
        }
        self.last = Some(kind);
        true
    }

    fn write(&mut self, form: &mut String) {
        if self.last.is_some() {
            push(form, &(self.total + self.group).to_string());
        }
        *self = Self::default();
    }
}

/// Whether a word is part of the numbers that are written as figures.
pub(super) fn is_number_word(word: &str) -> bool {
    number_word(word).is_some()
}

fn number_word(word: &str) -> Option<(Kind, u64)> {
    if let Some(value) = small_number(word) {
        let kind = match value {
            0..10 => Kind::Unit,
            10..20 => Kind::Teen,
            _ => Kind::Ten,
        };
        return Some((kind, value));
    }
    if word == "hundred" {
        return Some((Kind::Hundred, 100));
    }
    NUMBER_SCALES.iter().find(|(name, _)| *name == word).map(|(_, scale)| (Kind::Thousand, *scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_punctuation_and_the_way_of_writing_numbers_do_not_count() {
        for (one, other) in [
            ("What time is it?", "what time is it"),
            ("It's twenty-three, Sir!", "its 23 sir"),
            ("two hundred thirty five", "235"),
            ("one thousand two hundred", "1,200"),
            ("three million", "3000000"),
            ("two billion", "2000000000"),
            ("five five five one two", "5 5 5 1 2"),
            ("nineteen eighty four", "19 84"),
            ("Wake me at 7:30.", "wake me at 7:30"),
            ("über  allen — Gipfeln", "Über allen Gipfeln"),
            ("", " … "),
        ] {
            assert_eq!(spoken_form(one), spoken_form(other), "{one:?} and {other:?}");
        }
    }

    #[test]
    fn other_words_and_other_numbers_do() {
        for (one, other) in
            [("3.5", "35"), ("$5", "5"), ("hundreds", "hundred"), ("twenty three", "twenty"), ("can", "can't")]
        {
            assert_ne!(spoken_form(one), spoken_form(other), "{one:?} and {other:?}");
        }
    }
}
