//! Numbers as words.

use voice_core::text::{NUMBER_SCALES, small_number, small_number_word};

/// The first number that has no words here.
pub(super) const BOUND: u64 = 1_000_000_000_000;

/// A number in words: `twenty one`, `one hundred five`.
pub(super) fn cardinal(number: u64) -> String {
    if let Some((name, scale)) = NUMBER_SCALES.iter().find(|(_, scale)| number >= *scale) {
        return with_rest(&format!("{} {name}", cardinal(number / scale)), number % scale);
    }
    if let Some(word) = small_number_word(number) {
        return word.to_owned();
    }
    match number {
        0..100 => with_rest(&cardinal(number / 10 * 10), number % 10),
        _ => with_rest(&format!("{} hundred", cardinal(number / 100)), number % 100),
    }
}

fn with_rest(head: &str, rest: u64) -> String {
    if rest == 0 { head.to_owned() } else { format!("{head} {}", cardinal(rest)) }
}

/// A number up to 31 as one counts days: `twenty third`.
pub(super) fn ordinal(number: u64) -> String {
    const LAST: [(&str, &str); 9] = [
        ("one", "first"),
        ("two", "second"),
        ("three", "third"),
        ("five", "fifth"),
        ("eight", "eighth"),
        ("nine", "ninth"),
        ("twelve", "twelfth"),
        ("twenty", "twentieth"),
        ("thirty", "thirtieth"),
    ];
    let words = cardinal(number);
    let (head, last) = words.rsplit_once(' ').map_or(("", words.as_str()), |(head, last)| (head, last));
    let last =
        LAST.iter().find(|(cardinal, _)| *cardinal == last).map_or(format!("{last}th"), |(_, word)| (*word).into());
    format!("{head} {last}").trim_start().to_owned()
}

/// The number at the beginning of `words`, and how many words it takes.
pub(super) fn parse(words: &[String]) -> Option<(u64, usize)> {
    let (mut total, mut group, mut taken) = (0u64, None::<u64>, 0);
    let mut last_place = u64::MAX;
    for (index, word) in words.iter().enumerate() {
        if let Some((value, place)) = unit(word) {
            // `twenty one` is a number, `one twenty` and `one two` are two.
            if value >= last_place || (value == 0 && group.is_some()) {
                break;
            }
            group = Some(group.unwrap_or(0) + value);
            last_place = place;
        } else if word == "hundred" && group.is_none_or(|group| group < 10) {
            group = Some(group.unwrap_or(1) * 100);
            last_place = 100;
        } else if let Some((_, scale)) = NUMBER_SCALES.iter().find(|(name, _)| name == word) {
            total += group.take()?.checked_mul(*scale).filter(|value| *value < BOUND)?;
            last_place = u64::MAX;
        } else if word == "and"
            && taken > 0
            && last_place >= 100
            && words.get(index + 1).is_some_and(|next| unit(next).is_some())
        {
            continue;
        } else {
            break;
        }
        taken = index + 1;
    }
    (taken > 0).then(|| (total + group.unwrap_or(0), taken))
}

/// The value of a word below a hundred, and below what the next word's value must be to belong to it.
fn unit(word: &str) -> Option<(u64, u64)> {
    small_number(word).map(|value| (value, if value < 20 { 0 } else { 10 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_said_is_understood() {
        for number in (0..2000).chain([9_999, 10_000, 345_678, 1_000_000, 999_999_999_999]) {
            let said = words(&cardinal(number));
            assert_eq!(parse(&said), Some((number, said.len())), "{said:?}");
        }
    }

    #[test]
    fn a_number_ends_where_another_word_or_number_begins() {
        assert_eq!(parse(&words("two times nine")), Some((2, 1)));
        assert_eq!(parse(&words("one two three")), Some((1, 1)));
        assert_eq!(parse(&words("hundred and five meters")), Some((105, 3)));
        assert_eq!(parse(&words("five and six")), Some((5, 1)));
        assert_eq!(parse(&words("times two")), None);
    }

    #[test]
    fn days_are_counted() {
        let said = [1, 2, 3, 4, 12, 13, 20, 21, 30, 31].map(ordinal);
        let expected = [
            "first",
            "second",
            "third",
            "fourth",
            "twelfth",
            "thirteenth",
            "twentieth",
            "twenty first",
            "thirtieth",
            "thirty first",
        ];
        assert_eq!(said, expected);
    }
}
