//! Times, spans and spellings as people say them.

use super::clock::LocalTime;
use super::numbers::{cardinal, ordinal};

/// `three forty five in the afternoon`.
pub(super) fn time_of_day(time: &LocalTime) -> String {
    let hour = cardinal((time.hour + 11) % 12 + 1);
    let clock = match time.minute {
        0 => format!("{hour} o'clock"),
        minute @ 1..10 => format!("{hour} oh {}", cardinal(minute)),
        minute => format!("{hour} {}", cardinal(minute)),
    };
    let part = match time.hour {
        0..12 => "in the morning",
        12..18 => "in the afternoon",
        _ => "in the evening",
    };
    format!("{clock} {part}")
}

/// `November twenty third`.
pub(super) fn day_of_month(time: &LocalTime) -> String {
    format!("{} {}", time.month, ordinal(time.day))
}

/// `one hour, five minutes and one second`; what is zero is left out.
pub(super) fn duration(seconds: u64) -> String {
    let parts: Vec<String> = [(seconds / 3600, "hour"), (seconds / 60 % 60, "minute"), (seconds % 60, "second")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{} {unit}{}", cardinal(count), if count == 1 { "" } else { "s" }))
        .collect();
    match parts.split_last() {
        None => "no seconds".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
    }
}

/// `B, A, N, A, N, A`.
pub(super) fn letters(word: &str) -> String {
    let letters = word.chars().filter(|letter| letter.is_alphanumeric());
    letters.map(|letter| letter.to_uppercase().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_on_a_clock() {
        let said = |hour, minute| time_of_day(&LocalTime { hour, minute, weekday: "Monday", month: "May", day: 1 });
        assert_eq!(said(0, 0), "twelve o'clock in the morning");
        assert_eq!(said(12, 5), "twelve oh five in the afternoon");
        assert_eq!(said(23, 59), "eleven fifty nine in the evening");
    }

    #[test]
    fn spans_leave_out_what_is_zero() {
        for (seconds, said) in
            [(0, "no seconds"), (1, "one second"), (300, "five minutes"), (3661, "one hour, one minute and one second")]
        {
            assert_eq!(duration(seconds), said);
        }
    }
}
