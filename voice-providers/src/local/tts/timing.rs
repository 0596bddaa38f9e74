//! From flite's tokens back to the words of the text.

use super::text::SpokenWord;
use voice_core::stage::WordTiming;

/// When one of flite's tokens sounds, in ms from the start of the utterance.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TokenTime {
    pub(super) name: String,
    pub(super) start_ms: f32,
    pub(super) end_ms: f32,
}

/// Timings of the words, `offset_ms` later than the tokens; `None` where flite cut the text differently, because a
/// wrong timing is worse than none.
pub(super) fn word_timings(words: &[SpokenWord], tokens: &[TokenTime], offset_ms: f32) -> Option<Vec<WordTiming>> {
    if words.iter().map(|word| word.tokens).sum::<usize>() != tokens.len() {
        return None;
    }
    let mut tokens = tokens.iter();
    let mut end = 0f32;
    let mut timings = Vec::with_capacity(words.len());
    for word in words {
        let mut start = None;
        for token in tokens.by_ref().take(word.tokens) {
            // Times never run backwards, whatever flite says of a token without sound.
            start.get_or_insert(token.start_ms.max(end));
            end = end.max(token.end_ms);
        }
        let start_ms = offset_ms + start.unwrap_or(end);
        timings.push(WordTiming { word: word.text.clone(), start_ms, end_ms: offset_ms + end });
    }
    Some(timings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, tokens: usize) -> SpokenWord {
        SpokenWord { text: text.to_owned(), tokens }
    }

    fn token(name: &str, start_ms: f32, end_ms: f32) -> TokenTime {
        TokenTime { name: name.to_owned(), start_ms, end_ms }
    }

    #[test]
    fn a_word_of_several_tokens_spans_them_and_one_of_none_takes_no_time() {
        let words = [word("It's", 1), word("5%", 2), word("—", 0), word("off.", 1)];
        let tokens = [
            token("It's", 100.0, 300.0),
            token("5", 300.0, 500.0),
            token("percent", 500.0, 900.0),
            token("off", 950.0, 1200.0),
        ];
        let timings = word_timings(&words, &tokens, 1000.0).unwrap();
        let spans: Vec<_> = timings.iter().map(|timing| (timing.start_ms, timing.end_ms)).collect();
        assert_eq!(spans, [(1100.0, 1300.0), (1300.0, 1900.0), (1900.0, 1900.0), (1950.0, 2200.0)]);
    }

    #[test]
    fn no_timings_where_flite_cut_the_text_differently() {
        assert_eq!(word_timings(&[word("one", 1)], &[], 0.0), None);
    }
}
