//! How much of a model's memory a text takes, without the model's tokenizer.

/// Parts of a token that characters are counted in.
const QUARTERS: usize = 4;

/// Tokens of a text, estimated: four Latin letters or blanks make one, as OpenAI says of English ("1 token ~= 4 chars");
/// digits, ASCII punctuation and characters of two bytes in UTF-8 (Cyrillic, Greek, Arabic, accented letters) count half a
/// token, all others (Chinese, Japanese, Korean, Indic scripts, emoji) a whole one.
///
/// Against OpenAI's `o200k_base`, on spoken sentences: 0.9 to 1.3 times the truth for Latin scripts, 1.1 to 2.7 times for the
/// others, 0.8 for a list of telephone numbers and dates, 1.2 for JSON.
pub fn estimated_tokens(text: &str) -> usize {
    text.chars().map(quarters).sum::<usize>().div_ceil(QUARTERS)
}

/// The beginning of a text of at most so many estimated tokens: to the end of a word where it has words, else to a
/// character.
pub fn within_tokens(text: &str, most: usize) -> &str {
    let most = most.saturating_mul(QUARTERS);
    let mut taken = 0;
    let too_much = |(_, character): &(usize, char)| {
        taken += quarters(*character);
        taken > most
    };
    let Some((end, cut_at)) = text.char_indices().find(too_much) else { return text };
    let beginning = &text[..end];
    if cut_at.is_whitespace() {
        return beginning;
    }
    match beginning.rfind(char::is_whitespace) {
        Some(blank) => beginning[..blank].trim_end(),
        None => beginning,
    }
}

fn quarters(character: char) -> usize {
    match character.len_utf8() {
        1 if character.is_ascii_alphabetic() || character.is_ascii_whitespace() => 1,
        1 | 2 => 2,
        _ => QUARTERS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_count_as_tokenizers_count_them() {
        for (text, tokens) in
            [("", 0), ("word", 1), ("a word", 2), ("0151 4472", 5), ("привет", 3), ("我想订桌子", 5), ("{\"a\":1}", 4)]
        {
            assert_eq!(estimated_tokens(text), tokens, "{text:?}");
        }
    }

    #[test]
    fn a_beginning_ends_with_a_word_and_never_takes_more_than_it_may() {
        assert_eq!(within_tokens("one two three", 2), "one two");
        assert_eq!(within_tokens("one two three", 1), "one");
        assert_eq!(within_tokens("one two", 2), "one two");
        assert_eq!(within_tokens("我想订桌子", 3), "我想订");
        assert_eq!(within_tokens("unbreakable", 1), "unbr");
        assert_eq!(within_tokens("one", 0), "");
        let text = "Schöne Grüße, 世界! 12 ducks; привет.";
        for most in 0..30 {
            let beginning = within_tokens(text, most);
            assert!(text.starts_with(beginning) && estimated_tokens(beginning) <= most, "{most}: {beginning:?}");
        }
    }
}
