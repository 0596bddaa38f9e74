//! What answer is expected.

use super::words::normalise;

/// The shape of an answer, in which `*` stands for any words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pattern: String,
}

impl Answer {
    pub(super) fn new(pattern: &str) -> Self {
        Self { pattern: pattern.to_owned() }
    }

    /// The answer as it is written, `*` for any words.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether a reply has this shape. Case and punctuation do not matter, so that a transcript of a spoken reply will
    /// do.
    pub fn matches(&self, reply: &str) -> bool {
        let reply = normalise(reply);
        let mut parts = self.pattern.split('*').map(normalise);
        let first = parts.next().unwrap_or_default();
        if !reply.starts_with(&first) {
            return false;
        }
        let mut rest = &reply[first.len()..];
        let mut last = None;
        for part in parts {
            let Some(at) = (0..=rest.len()).find(|at| rest[*at..].starts_with(&part)) else { return false };
            rest = &rest[at + part.len()..];
            last = Some(part);
        }
        // Without a star, or with words after the last one, nothing may follow.
        last.is_some_and(|part| part.is_empty() || reply.ends_with(&part)) || rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_words_and_nothing_else_does() {
        for (pattern, reply, matches) in [
            ("Okay.", "okay", true),
            ("Okay.", "okay then", false),
            ("It is *.", "It is three forty five.", true),
            ("It is *.", "Is it three?", false),
            ("You * pizza.", "You ordered a pizza.", true),
            ("You * pizza.", "You ordered a pizza yesterday.", false),
            ("*", "", true),
        ] {
            assert_eq!(Answer::new(pattern).matches(reply), matches, "{pattern} / {reply}");
        }
    }
}
