//! Text as plain words: what a recogniser would give, whatever the text looks like.

use super::numbers;

/// Words written short, and in full.
const SHORT: [(&str, &str); 16] = [
    ("what's", "what is"),
    ("who's", "who is"),
    ("how's", "how is"),
    ("it's", "it is"),
    ("that's", "that is"),
    ("i'd", "i would"),
    ("i'm", "i am"),
    ("you're", "you are"),
    ("let's", "let us"),
    ("ok", "okay"),
    ("thx", "thanks"),
    ("pls", "please"),
    ("hi", "hello"),
    ("bye", "goodbye"),
    ("mins", "minutes"),
    ("secs", "seconds"),
];

/// The words of a text in lower case, without punctuation, numbers and signs spelled out, short forms in full.
pub(super) fn normalise(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len() + 8);
    let characters: Vec<char> = text.chars().collect();
    for (index, &character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| characters[index]);
        let after = characters.get(index + 1).copied();
        push_plain(&mut plain, before, character, after);
    }
    plain.split_whitespace().flat_map(word).collect()
}

fn push_plain(plain: &mut String, before: Option<char>, character: char, after: Option<char>) {
    let digit = |neighbour: Option<char>| neighbour.is_some_and(|neighbour| neighbour.is_ascii_digit());
    match character {
        '’' | '\'' if before.is_some_and(char::is_alphanumeric) => plain.push('\''),
        '.' if digit(before) && digit(after) => plain.push_str(" point "),
        ',' if digit(before) && digit(after) => {}
        '+' => plain.push_str(" plus "),
        '*' | '×' => plain.push_str(" times "),
        'x' | 'X' if digit(before) && digit(after) => plain.push_str(" times "),
        '/' | '÷' => plain.push_str(" divided by "),
        '-' | '−' if before.is_none_or(|before| before == ' ' || before.is_ascii_digit()) => {
            plain.push_str(" minus ")
        }
        '&' => plain.push_str(" and "),
        character if character.is_alphanumeric() => {
            // `5min` and `2x` are two words.
            if before
                .is_some_and(|before| before.is_ascii_digit() != character.is_ascii_digit() && before.is_alphanumeric())
            {
                plain.push(' ');
            }
            plain.extend(character.to_lowercase());
        }
        _ => plain.push(' '),
    }
}

fn word(word: &str) -> Vec<String> {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return match word.parse() {
            Ok(number) if number < numbers::BOUND => split(&numbers::cardinal(number)),
            _ => vec![word.to_owned()],
        };
    }
    let word = word.trim_end_matches('\'');
    match SHORT.iter().find(|(short, _)| *short == word) {
        Some((_, full)) => split(full),
        None => vec![word.to_owned()],
    }
}

fn split(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_text_reads_like_spoken_words() {
        for (typed, spoken) in [
            ("What's 2 + 2?", "what is two plus two"),
            ("  Hello,   THERE! ", "hello there"),
            ("21x2", "twenty one times two"),
            ("set a timer for 5min", "set a timer for five min"),
            ("how much is 1,000 / 3.5", "how much is one thousand divided by three point five"),
            ("twenty-five", "twenty five"),
            ("3-1", "three minus one"),
            ("the dogs' bone", "the dogs bone"),
            ("", ""),
        ] {
            assert_eq!(normalise(typed).join(" "), spoken);
        }
    }
}
