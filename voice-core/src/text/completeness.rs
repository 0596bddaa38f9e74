//! Whether words sound as if more were to come.

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

/// Words for what has a value, and those that announce it.
const VALUED: &str =
    "name number address street city email password code date birthday order name adresse nummer nom número";
const VERBS: [&str; 6] = ["is", "are", "was", "ist", "est", "es"];

/// Digits of numbers that people read out, by what they are: telephone numbers of 7, 10 and 11 digits, cards of 16.
const NUMBER_LENGTHS: [usize; 4] = [7, 10, 11, 16];
/// So many digits, one by one, are a number that goes on.
const DIGITS_THAT_GO_ON: usize = 3;

/// Judges the words of a turn so far. A full stop, question or exclamation mark is believed, since only recognisers that
/// know the sentence write one; three dots are not.
///
/// The word lists are those of English, German, French and Spanish together; words of other languages tell nothing.
pub fn completeness(text: &str) -> Completeness {
    let text = text.trim_end();
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == '\'').collect::<String>())
        .filter(|word| !word.is_empty())
        .collect();
    let Some(last) = words.last() else { return Completeness::Unknown };
    let trails_off = text.ends_with("...") || text.ends_with(['…', ',', ':', '-', '–', '—', ';', '、', '，']);
    if trails_off || leads_on(last) || waits_for_its_value(&words) || is_in_a_number(&words) {
        return Completeness::Incomplete;
    }
    if text.ends_with(['.', '?', '!', '。', '？', '！']) || words.len() == 1 && lists(ANSWERS, last) {
        return Completeness::Complete;
    }
    Completeness::Unknown
}

fn lists(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|listed| listed == word)
}

fn leads_on(word: &str) -> bool {
    LEADING.iter().any(|list| lists(list, word))
}

/// `my name is`, `the address is`: unlike `what it is`, the word before is one that has a value.
fn waits_for_its_value(words: &[String]) -> bool {
    let [.., subject, verb] = words else { return false };
    VERBS.contains(&verb.as_str()) && lists(VALUED, subject)
}

/// Whether the words end in digits read one by one, or in groups, that are not yet as many as such a number has.
fn is_in_a_number(words: &[String]) -> bool {
    let groups: Vec<usize> = words.iter().rev().map_while(|word| digits(word)).collect();
    let digits: usize = groups.iter().sum();
    groups.len() > 1 && digits >= DIGITS_THAT_GO_ON && !NUMBER_LENGTHS.contains(&digits)
}

/// Whether a word, in lower case, may decide how complete a turn sounds by being this one and no other.
pub fn decides_turns(word: &str) -> bool {
    leads_on(word) || lists(ANSWERS, word) || lists(VALUED, word) || VERBS.contains(&word) || multiplies(word).is_some()
}

/// A word for a digit that is as long as this one, if this is one; which of them, `choice` decides.
pub fn digit_word(word: &str, choice: u64) -> Option<&'static str> {
    if !lists(DIGITS, word) {
        return None;
    }
    let length = word.chars().count();
    let alike: Vec<&str> = DIGITS.split_whitespace().filter(|other| other.chars().count() == length).collect();
    alike.get((choice % alike.len().max(1) as u64) as usize).copied()
}

const DIGITS: &str = "zero oh one two three four five six seven eight nine null eins zwei drei vier fünf sechs sieben acht \
                      neun";

fn multiplies(word: &str) -> Option<usize> {
    match word {
        "double" => Some(1),
        "triple" => Some(2),
        _ => None,
    }
}

/// How many digits a word stands for.
fn digits(word: &str) -> Option<usize> {
    if word.chars().all(|c| c.is_ascii_digit()) {
        return Some(word.len());
    }
    multiplies(word).or_else(|| lists(DIGITS, word).then_some(1))
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
