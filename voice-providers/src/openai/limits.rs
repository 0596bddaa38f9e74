//! What an answer's headers tell of the limits, for the log.

use reqwest::header::HeaderMap;
use std::time::Duration;

/// Logs the limits left and the id by which the service finds the request.
pub(super) fn log(service: &str, headers: &HeaderMap) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let reset = |name: &str| text(name).and_then(duration).map(|reset| reset.as_millis());
    tracing::debug!(
        service,
        request_id = text("x-request-id"),
        requests_left = text("x-ratelimit-remaining-requests"),
        requests_reset_ms = reset("x-ratelimit-reset-requests"),
        tokens_left = text("x-ratelimit-remaining-tokens"),
        tokens_reset_ms = reset("x-ratelimit-reset-tokens"),
        "answered"
    );
}

/// Reads a duration as Go writes it: `2m59.56s`, `950ms`, `1h0m0s`.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number_len = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(number_len);
        let unit_len = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_len);
        let unit = match unit {
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * unit;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, milliseconds) in [
            ("2m59.56s", Some(179_560)),
            ("7.66s", Some(7_660)),
            ("950ms", Some(950)),
            ("1h0m0.5s", Some(3_600_500)),
            ("1500µs", Some(1)),
            ("0s", Some(0)),
            ("", None),
            ("12", None),
            ("s", None),
            ("-1s", None),
            ("1.2.3s", None),
            ("5 apples", None),
        ] {
            assert_eq!(duration(text).map(|duration| duration.as_millis()), milliseconds, "{text:?}");
        }
    }
}
