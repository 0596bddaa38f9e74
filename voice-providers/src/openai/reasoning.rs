//! Keeps thoughts out of the speech, for models that write them into their text.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Takes an answer's text in pieces and gives what is to be spoken. Only thoughts at the very beginning are taken out:
/// later the same signs are text.
#[derive(Debug, Default)]
pub(super) enum Reasoning {
    /// Nothing but blanks and perhaps a part of the opening sign so far.
    #[default]
    Begin,
    Held(String),
    /// Inside; the text is what may be the closing sign's beginning.
    Thinking(String),
    Over {
        trim: bool,
    },
}

impl Reasoning {
    /// The next piece; empty while nothing is to be spoken.
    pub(super) fn speakable(&mut self, piece: &str) -> String {
        match std::mem::take(self) {
            Self::Begin => self.begin(piece.to_owned()),
            Self::Held(held) => self.begin(held + piece),
            Self::Thinking(held) => self.think(held + piece),
            Self::Over { trim } => {
                let spoken = if trim { piece.trim_start() } else { piece };
                *self = Self::Over { trim: trim && spoken.is_empty() };
                spoken.to_owned()
            }
        }
    }

    /// What is still held back when the answer ends.
    pub(super) fn rest(&mut self) -> String {
        match std::mem::replace(self, Self::Over { trim: false }) {
            Self::Held(held) => held,
            Self::Begin | Self::Thinking(_) | Self::Over { .. } => String::new(),
        }
    }

    fn begin(&mut self, text: String) -> String {
        let start = text.trim_start();
        if let Some(thought) = start.strip_prefix(OPEN) {
            return self.think(thought.to_owned());
        }
        if OPEN.starts_with(start) {
            *self = Self::Held(text);
            return String::new();
        }
        *self = Self::Over { trim: false };
        text
    }

    fn think(&mut self, text: String) -> String {
        if let Some((_, answer)) = text.split_once(CLOSE) {
            *self = Self::Over { trim: true };
            return self.speakable(answer);
        }
        let held = (0..CLOSE.len()).rev().find(|length| text.ends_with(&CLOSE[..*length])).unwrap_or(0);
        *self = Self::Thinking(CLOSE[..held].to_owned());
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_are_left_out_however_they_are_split() {
        for (text, spoken) in [
            ("<think>hm, 2 < 3</think>\n\nYes.", "Yes."),
            ("\n<think>\n</think>é <think>", "é <think>"),
            ("Plain <think>text</think>", "Plain <think>text</think>"),
            (" <thin ice", " <thin ice"),
            ("<th", "<th"),
            ("<think>never closed </thin", ""),
            ("", ""),
        ] {
            for size in 1..=text.len().max(1) {
                let characters: Vec<char> = text.chars().collect();
                let mut reasoning = Reasoning::default();
                let pieces = characters.chunks(size).map(|piece| piece.iter().collect::<String>());
                let mut got: String = pieces.map(|piece| reasoning.speakable(&piece)).collect();
                got += &reasoning.rest();
                assert_eq!(got, spoken, "{text:?} in pieces of {size}");
            }
        }
    }
}
