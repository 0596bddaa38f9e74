//! The English words of numbers: whoever reads or writes numbers as words takes them from here.

/// Zero to nineteen, by their value.
const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
/// Twenty to ninety.
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
/// What a number below a thousand may be multiplied by, the greatest first.
pub const NUMBER_SCALES: [(&str, u64); 3] = [("billion", 1_000_000_000), ("million", 1_000_000), ("thousand", 1_000)];

/// The value of a word for a number below a hundred: 0 to 19, or a multiple of ten.
pub fn small_number(word: &str) -> Option<u64> {
    let small = SMALL.iter().position(|name| *name == word);
    let ten = || TENS.iter().position(|name| *name == word).map(|index| (index + 2) * 10);
    small.or_else(ten).map(|value| value as u64)
}

/// The word for a number that has one: 0 to 19, or a multiple of ten below a hundred.
pub fn small_number_word(number: u64) -> Option<&'static str> {
    let index = usize::try_from(number).ok()?;
    let ten = || TENS.get((index / 10).checked_sub(2)?).filter(|_| index % 10 == 0);
    SMALL.get(index).or_else(ten).copied()
}

/// Numbers that may stand for each other without a change of what a turn sounds like: in each list all have as many digits.
pub(super) fn exchangeable() -> [&'static [&'static str]; 3] {
    [&SMALL[1..10], &SMALL[10..], &TENS]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_its_number_and_a_number_its_word() {
        for number in (0..20).chain((20..100).step_by(10)) {
            assert_eq!(small_number_word(number).and_then(small_number), Some(number));
        }
        for number in [21, 99, 100, 200, u64::MAX] {
            assert_eq!(small_number_word(number), None, "{number}");
        }
        assert_eq!((small_number("forty"), small_number("fourty"), small_number("hundred")), (Some(40), None, None));
    }
}
