//! Words made unreadable without changing what turn-taking makes of them.

use crate::conversation::Interruption;
use crate::text::{decides_turns, is_vowel, other_number_word};
use serde_json::Value;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Fields whose strings are nobody's words: names of variants, providers and tools. The message of an error may quote
/// somebody; what kind of error it is stays.
const NOT_WORDS: [&str; 16] = [
    "input", "command", "emit", "stage", "kind", "provider", "stt", "llm", "tts", "state", "reason", "close", "status",
    "prompt", "id", "name",
];
/// Words to choose from, so that one of them means nothing.
const TRIES: u32 = 8;
/// A string of JSON: what a tool is called with.
const ARGUMENTS: &str = "arguments";

/// A key for one recording. It is random and goes with the recording, so that nobody can try words against it.
pub(super) struct Masking {
    key: RandomState,
    /// Whose words decide about interruptions.
    interruption: Interruption,
}

impl Masking {
    pub(super) fn new(interruption: Interruption) -> Self {
        Self { key: RandomState::new(), interruption }
    }

    /// Whether a word stays as it is: turn-taking goes by it.
    fn decides(&self, word: &str) -> bool {
        decides_turns(word) || self.interruption.heeds(word)
    }

    /// Masks every string of a line but those of fields that hold nobody's words: what is new is masked.
    pub(super) fn mask(&self, line: &mut Value) {
        each_text(line, "", &mut |text| self.text(text));
    }

    fn text(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(|character: char| character.is_alphanumeric()) {
            masked.push_str(&rest[..start]);
            rest = &rest[start..];
            let length =
                rest.find(|character: char| !(character.is_alphanumeric() || character == '\'')).unwrap_or(rest.len());
            self.word(&rest[..length], &mut masked);
            rest = &rest[length..];
        }
        masked.push_str(rest);
        masked
    }

    fn word(&self, word: &str, masked: &mut String) {
        let plain = word.to_lowercase();
        if self.decides(&plain) {
            return masked.push_str(word);
        }
        if let Some(other) = other_number_word(&plain, self.key.hash_one(&plain)) {
            return masked.push_str(other);
        }
        // A short word may by chance become one that decides something, or itself.
        let means_nothing = |other: &String| {
            let other = other.to_lowercase();
            other != plain && !self.decides(&other) && other_number_word(&other, 0).is_none()
        };
        let mut others = (0..TRIES).map(|attempt| self.other_word(word, self.key.hash_one((&plain, attempt))));
        masked.push_str(&others.find(means_nothing).unwrap_or_else(|| "x".repeat(word.chars().count())));
    }

    fn other_word(&self, word: &str, hash: u64) -> String {
        let of_place = |(index, character)| other_character(character, self.key.hash_one((hash, index)));
        word.chars().enumerate().map(of_place).collect()
    }
}

/// A character of the same kind, that takes as long to say. An *e* may have no sound, so it stays.
fn other_character(character: char, hash: u64) -> char {
    const VOWELS: [char; 4] = ['a', 'i', 'o', 'u'];
    const CONSONANTS: [char; 20] =
        ['b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'q', 'r', 's', 't', 'v', 'w', 'x', 'z'];
    let of = |first: u32, count: u64| char::from_u32(first + (hash % count) as u32).unwrap_or('x');
    let other = match character {
        '\'' | 'e' | 'E' => character,
        _ if character.is_numeric() => of(u32::from('0'), 10),
        _ if u32::from(character) >= 0x0E00 => of(0x4E00, 20_000),
        _ if is_vowel(character) => VOWELS[(hash % 4) as usize],
        _ => CONSONANTS[(hash % 20) as usize],
    };
    if character.is_uppercase() { other.to_ascii_uppercase() } else { other }
}

/// What is left of a line when nothing is known of its words: their lengths and punctuation.
pub(super) fn shape(line: &mut Value) {
    each_text(line, "", &mut |text| {
        let plain = |character: char| if character.is_alphanumeric() { 'x' } else { character };
        text.chars().map(plain).collect()
    });
}

fn each_text(value: &mut Value, field: &str, change: &mut impl FnMut(&str) -> String) {
    match value {
        Value::String(text) if field == ARGUMENTS => match serde_json::from_str::<Value>(text) {
            Ok(mut inside) => {
                each_text(&mut inside, "", change);
                *text = inside.to_string();
            }
            Err(_) => *text = change(text),
        },
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, field, change)),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                let words = !(value.is_string() && NOT_WORDS.contains(&name.as_str()));
                if name == ARGUMENTS && value.is_object() {
                    each_text(value, "", change);
                } else if words {
                    each_text(value, name, change);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{completeness, spoken_form};

    #[test]
    fn masked_words_have_the_lengths_and_marks_of_those_that_were_said() {
        let masking = Masking::new(Interruption::default());
        for text in ["Margaret's parcel, number 4711!", "Größe «zwölf» 株式会社", "", "  ", "A1 b2"] {
            let masked = masking.text(text);
            let shaped = |text: &str| {
                let mut value = Value::from(text);
                shape(&mut value);
                value
            };
            assert_eq!(shaped(&masked), shaped(text));
            assert_eq!(masked, masking.text(text), "the same word gives the same one");
        }
        assert_ne!(masking.text("Margaret"), "Margaret");
        assert_ne!(
            masking.text("Margaret"),
            Masking::new(Interruption::default()).text("Margaret"),
            "each recording has its key"
        );
    }

    #[test]
    fn no_word_is_left_as_it_was_whatever_the_key() {
        for _ in 0..2_000 {
            let masking = Masking::new(Interruption::default());
            for word in ["seventeen", "seven", "forty", "ab", "k", "7"] {
                assert_ne!(masking.text(word), word);
            }
        }
    }

    #[test]
    fn turns_sound_as_complete_as_they_did() {
        let masking = Masking::new(Interruption::default());
        for text in [
            "a table for two and",
            "my number is",
            "twenty five five one two",
            "yes",
            "what time is it?",
            "it is spelled k o",
        ] {
            assert_eq!(completeness(&masking.text(text)), completeness(text), "{text}");
        }
        assert_eq!(spoken_form(&masking.text("Call me Ishmael.")), spoken_form(&masking.text("call me ishmael")));
    }

    #[test]
    fn all_strings_are_masked_but_names() {
        let mut line = serde_json::json!({
            "input": {"some_day": {"text": "secret", "provider": "deepgram", "deep": [{"any": "secret"}]}},
            "arguments": r#"{"city":"secret"}"#,
        });
        Masking::new(Interruption::default()).mask(&mut line);
        assert!(!line.to_string().contains("secret"), "{line}");
        assert_eq!(line["input"]["some_day"]["provider"], "deepgram");
        let arguments: Value = serde_json::from_str(line["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(arguments["city"].as_str().unwrap().len(), 6);
    }
}
