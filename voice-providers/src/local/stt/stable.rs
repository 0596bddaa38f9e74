//! Which words of a growing transcript may be shown.

/// Publishes the words on which the last two hypotheses agree; what was published only changes when both disagree with
/// it.
#[derive(Debug, Default)]
pub(super) struct StablePrefix {
    previous: Vec<String>,
    published: Vec<String>,
}

impl StablePrefix {
    /// Takes the newest hypothesis and gives the words to show, where they have changed.
    pub(super) fn update(&mut self, hypothesis: &str) -> Option<String> {
        let words: Vec<String> = hypothesis.split_whitespace().map(str::to_owned).collect();
        let agreed = words.iter().zip(&self.previous).take_while(|(new, old)| new == old).count();
        let stable = words[..agreed].to_vec();
        self.previous = words;
        // A hypothesis that merely shrinks for a moment takes nothing back.
        if stable == self.published || self.published.starts_with(&stable) {
            return None;
        }
        self.published = stable;
        Some(self.published.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_shows_once_two_hypotheses_agree_on_it() {
        let mut stable = StablePrefix::default();
        let shown: Vec<_> = ["what", "what time", "what time is", "what day is", "what day is it", "what day is it"]
            .map(|hypothesis| stable.update(hypothesis))
            .into();
        let expected = [None, Some("what"), Some("what time"), None, Some("what day is"), Some("what day is it")];
        assert_eq!(shown, expected.map(|text| text.map(str::to_owned)));
    }
}
