//! A value that must not be shown.

use serde::Deserialize;
use std::fmt;
use std::hint::black_box;

/// A key or token. Its `Debug` says nothing of the value.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps the value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in a time that depends on the lengths alone, so that a guess learns nothing from how long it took.
    pub fn matches(&self, guess: &str) -> bool {
        let (secret, guess) = (self.0.as_bytes(), guess.as_bytes());
        let mut difference = u8::from(secret.len() != guess.len());
        for (index, byte) in guess.iter().enumerate() {
            let other = secret.get(index).copied().unwrap_or_default();
            difference = black_box(difference | (byte ^ other));
        }
        difference == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_compared_whole_and_never_shown() {
        let secret = Secret::new("open sesame");
        assert!(secret.matches("open sesame"));
        for wrong in ["", "open", "open sesame ", "open sesamE", "\0"] {
            assert!(!secret.matches(wrong), "{wrong:?}");
        }
        assert!(!Secret::new("").matches("\0"));
        assert!(!format!("{secret:?}").contains("sesame"));
    }
}
