//! Sums with numbers in words.

use super::numbers::{self, BOUND};

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    DivisionByZero,
    TooBig,
}

/// The value of a number in words.
pub(super) fn value(words: &str) -> Option<u64> {
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    numbers::parse(&words).filter(|(_, length)| *length == words.len()).map(|(value, _)| value)
}

/// The result in words; of a division rounded to two decimals.
pub(super) fn calculate(one: &str, operator: &str, other: &str) -> Result<String, Refused> {
    let (one, other) = (value(one).ok_or(Refused::TooBig)?, value(other).ok_or(Refused::TooBig)?);
    match operator {
        "plus" => whole(one.checked_add(other)),
        "times" => whole(one.checked_mul(other)),
        "minus" if one < other => whole(Some(other - one)).map(|words| format!("minus {words}")),
        "minus" => whole(Some(one - other)),
        _ if other == 0 => Err(Refused::DivisionByZero),
        _ => Ok(quotient(one, other)),
    }
}

fn whole(result: Option<u64>) -> Result<String, Refused> {
    result.filter(|result| *result < BOUND).map(numbers::cardinal).ok_or(Refused::TooBig)
}

fn quotient(one: u64, other: u64) -> String {
    let (one, other) = (u128::from(one), u128::from(other));
    let hundredths = (one * 100 + other / 2) / other;
    let about = if hundredths * other == one * 100 { "" } else { "about " };
    // The quotient of two numbers below the bound is below it.
    let words = numbers::cardinal((hundredths / 100) as u64);
    match ((hundredths / 10 % 10) as u64, (hundredths % 10) as u64) {
        (0, 0) => format!("{about}{words}"),
        (tenth, 0) => format!("{about}{words} point {}", numbers::cardinal(tenth)),
        (tenth, hundredth) => {
            format!("{about}{words} point {} {}", numbers::cardinal(tenth), numbers::cardinal(hundredth))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_come_out_right() {
        for (one, operator, other, result) in [
            ("two", "times", "nine", "eighteen"),
            ("seven", "plus", "twelve", "nineteen"),
            ("three", "minus", "ten", "minus seven"),
            ("seven", "divided by", "two", "three point five"),
            ("one", "divided by", "three", "about zero point three three"),
            ("two", "divided by", "three", "about zero point six seven"),
            ("one hundred", "divided by", "twenty five", "four"),
        ] {
            assert_eq!(calculate(one, operator, other), Ok(result.to_owned()), "{one} {operator} {other}");
        }
    }

    #[test]
    fn what_has_no_result_is_refused() {
        assert_eq!(calculate("one", "divided by", "zero"), Err(Refused::DivisionByZero));
        let big = "nine hundred ninety nine billion";
        assert_eq!(calculate(big, "times", big), Err(Refused::TooBig));
        assert_eq!(calculate(big, "plus", big), Err(Refused::TooBig));
    }
}
