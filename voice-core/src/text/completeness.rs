//! Whether words sound as if more were to come.

use super::numbers::exchangeable;
use super::spoken_form;
use super::spoken_form::is_number_word;
use std::collections::HashSet;
use std::sync::LazyLock;

/// How complete a turn sounds by its words alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Completeness {
    /// More is to come: it ends on a word that leads on, or in the middle of a number.
    Incomplete,
    /// The words do not tell.
    #[default]
    Unknown,
    /// The recogniser ended a sentence, or the words are an answer by themselves.
    Complete,
}

/// Words after which something follows, in English, German, French and Spanish. Words that also end sentences in one of
/// these languages are left out: *so* (I think so), *at* (what are you looking at), *an* (mach das Licht an).
const LEADING: [&str; 4] = [
    "a the and or but because if my your our their of with without into onto between than as for to um uh uhm erm hmm \
     er i'm i'll i'd i've we're you're they're let's must when while whether although though unless until very quite \
     just near named plus",
    "und oder aber weil wenn dass der die den dem ein eine einen einem einer mein meine dein deine von ohne für zum \
     zur im beim ins äh ähm sowie bis bei nach ich wir",
    "et ou mais parce que le la les un une des du de mon ma mes ton ta tes avec sans pour dans sur chez euh donc très \
     je nous",
    "y o pero porque el los las unos del mi mis tu tus con sin para por en eh pues muy",
];

/// Answers that need nothing more.
const ANSWERS: &str =
    "yes no yeah yep nope sure okay ok thanks goodbye bye stop ja nein danke oui non merci sí no gracias";

/// Words that announce something that is read out or spelled in pieces.
const ANNOUNCING: &str = "number phone code pin account card address order iban spell spelled spelt live nummer adresse \
                          numéro code número dirección";
/// What was announced is waited for until it has so many digits.
const ANNOUNCED_DIGITS: usize = 6;
/// Words for what has a value, and those that announce it.
const VALUED: &str =
    "name number address street city email password code date birthday order name adresse nummer nom número";
const VERBS: [&str; 6] = ["is", "are", "was", "ist", "est", "es"];

/// Digits of numbers that people read out without announcing them: telephone numbers of 7, 10 and 11, cards of 16.
const NUMBER_LENGTHS: [usize; 4] = [7, 10, 11, 16];
/// So many digits, one by one, are a number that goes on.
const DIGITS_THAT_GO_ON: usize = 3;
/// So many letters, one by one, are a word that is being spelled.
const LETTERS_THAT_GO_ON: usize = 2;

/// Judges the words of a turn so far. A full stop, question or exclamation mark is believed, since only recognisers that
/// know the sentence write one; three dots are not.
///
/// The word lists are those of English, German, French and Spanish together; words of other languages tell nothing.
pub fn completeness(text: &str) -> Completeness {
    let text = text.trim_end();
    let mut backwards = text.split_whitespace().rev().map(plain).filter(|word| !word.is_empty());
    let Some(last) = backwards.next() else { return Completeness::Unknown };
    let before = backwards.next();
    let trails_off = text.ends_with("...") || text.ends_with(['…', ',', ':', '-', '–', '—', ';', '、', '，']);
    let waits = before.as_ref().is_some_and(|subject| waits_for_its_value(subject, &last));
    // Most turns end on neither, and then the words before it are not looked at.
    let counts = is_letter(&last) || last.starts_with(|c: char| c.is_ascii_digit()) || is_digit_or_number(&last);
    if trails_off || leads_on(&last) || waits || counts && is_in_a_number(text) {
        return Completeness::Incomplete;
    }
    if text.ends_with(['.', '?', '!', '。', '？', '！']) || before.is_none() && lists(ANSWERS, &last) {
        return Completeness::Complete;
    }
    Completeness::Unknown
}

/// A word in small letters, without punctuation other than the apostrophe.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric() || *c == '\'').flat_map(char::to_lowercase).collect()
}

fn lists(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|listed| listed == word)
}

fn leads_on(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> =
        LazyLock::new(|| LEADING.iter().flat_map(|list| list.split_whitespace()).collect());
    WORDS.contains(word)
}

fn is_digit_or_number(word: &str) -> bool {
    is_number_word(word) || lists(OTHER_DIGITS, word)
}

/// `my name is`, `the address is`: unlike `what it is`, the word before is one that has a value.
fn waits_for_its_value(subject: &str, verb: &str) -> bool {
    VERBS.contains(&verb) && lists(VALUED, subject)
}

/// Whether the words end in the middle of a number that is read out, or of a word that is spelled.
fn is_in_a_number(text: &str) -> bool {
    let words: Vec<String> = text.split_whitespace().map(plain).filter(|word| !word.is_empty()).collect();
    let form = spoken_form(&words.join(" "));
    let groups: Vec<usize> = form.rsplit(' ').map_while(digits).collect();
    let digits: usize = groups.iter().sum();
    let announced = words.iter().any(|word| lists(ANNOUNCING, word));
    let letters = words.iter().rev().take_while(|word| is_letter(word)).count();
    letters >= LETTERS_THAT_GO_ON
        || announced && (1..ANNOUNCED_DIGITS).contains(&digits)
        || groups.len() > 1 && digits >= DIGITS_THAT_GO_ON && !NUMBER_LENGTHS.contains(&digits)
}

fn is_letter(word: &str) -> bool {
    let mut characters = word.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic()) && characters.next().is_none()
}

/// Digits that the spoken form leaves as they are.
const OTHER_DIGITS: &str = "oh double null eins zwei drei vier fünf sechs sieben acht neun";

/// How many digits a word of the spoken form stands for.
fn digits(word: &str) -> Option<usize> {
    if !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()) {
        return Some(word.len());
    }
    lists(OTHER_DIGITS, word).then_some(1)
}

/// Whether a word, in lower case, may decide how complete a turn sounds by being this one and no other.
pub fn decides_turns(word: &str) -> bool {
    let listed = [ANSWERS, VALUED, ANNOUNCING, OTHER_DIGITS].iter().any(|list| lists(list, word));
    let number = is_number_word(word) && !exchangeable().iter().any(|words| words.contains(&word));
    leads_on(word) || listed || number || VERBS.contains(&word)
}

/// A word for another number, if this is one that may be exchanged: one that is as long, where there is any. Which of
/// them, `choice` decides.
pub fn other_number_word(word: &str, choice: u64) -> Option<&'static str> {
    let alike = exchangeable().into_iter().find(|words| words.contains(&word))?.iter().filter(|other| **other != word);
    let as_long: Vec<&str> = alike.clone().copied().filter(|other| other.len() == word.len()).collect();
    let others = if as_long.is_empty() { alike.copied().collect() } else { as_long };
    others.get((choice % others.len().max(1) as u64) as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_lead_on_are_incomplete() {
        for text in [
            "I would like to",
            "it is because",
            "a table for two and",
            "my name is",
            "My number is",
            "so um",
            "send it to the",
            "well,",
            "I was thinking...",
            "ich möchte ein",
            "je voudrais une",
            "quiero una mesa para",
        ] {
            assert_eq!(completeness(text), Completeness::Incomplete, "{text:?}");
        }
    }

    #[test]
    fn a_number_is_incomplete_until_it_has_the_digits_of_one() {
        for (text, expected) in [
            ("five five five", Completeness::Incomplete),
            ("my number is 555 01", Completeness::Incomplete),
            ("five five five oh one two", Completeness::Incomplete),
            ("my number is two", Completeness::Incomplete),
            ("the code is seven three nine one", Completeness::Incomplete),
            ("the code is seven three nine one eight two", Completeness::Incomplete),
            ("the code is seven three nine one eight two five", Completeness::Unknown),
            ("I live at twenty four", Completeness::Incomplete),
            ("it is spelled k o w a l", Completeness::Incomplete),
            ("I have twenty four", Completeness::Unknown),
            ("five five five oh one two three", Completeness::Unknown),
            ("555 0123", Completeness::Unknown),
            ("wake me at five", Completeness::Unknown),
            ("it was 1999", Completeness::Unknown),
            ("one two", Completeness::Unknown),
        ] {
            assert_eq!(completeness(text), expected, "{text:?}");
        }
    }

    #[test]
    fn sentences_and_plain_answers_are_complete_and_the_rest_is_not_known() {
        for (text, expected) in [
            ("What time is it?", Completeness::Complete),
            ("yes", Completeness::Complete),
            ("Stop!", Completeness::Complete),
            ("你好。", Completeness::Complete),
            ("what time is it", Completeness::Unknown),
            ("tell me what it is", Completeness::Unknown),
            ("I think so", Completeness::Unknown),
            ("mach das Licht an", Completeness::Unknown),
            ("a pizza please", Completeness::Unknown),
            ("", Completeness::Unknown),
            ("?", Completeness::Unknown),
        ] {
            assert_eq!(completeness(text), expected, "{text:?}");
        }
    }
}
