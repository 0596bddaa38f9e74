//! What stands within a line: emphasis, code, links, references, tags, emoji.

use super::address::leading_address;
use crate::text::characters::{is_picture, is_picture_part, is_silent};

/// A tag or an address in angle brackets is not longer than this, in bytes.
const LONGEST_TAG: usize = 256;

/// The address of a link is not longer than this, in bytes; browsers stop at about as much.
const LONGEST_ADDRESS: usize = 2048;

/// One line, or one cell of a table, on its way to speech.
pub(super) struct Line<'a> {
    text: &'a str,
    at: usize,
    previous: Option<char>,
    /// Something was left out, and nothing was said since.
    left_out: bool,
    speech: &'a mut String,
}

/// Ends a word.
pub(super) fn space(speech: &mut String) {
    if speech.ends_with(|c: char| !c.is_whitespace()) {
        speech.push(' ');
    }
}

/// Sets two cells of a table apart.
pub(super) fn separate(speech: &mut String) {
    speech.truncate(speech.trim_end().len());
    if speech.ends_with(char::is_alphanumeric) {
        speech.push(',');
    }
    space(speech);
}

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a str, speech: &'a mut String) -> Self {
        Self { text, at: 0, previous: None, left_out: false, speech }
    }

    /// Adds what is said of the line to the speech.
    pub(super) fn say(mut self) {
        while let Some(c) = self.rest().chars().next() {
            self.say_next(c);
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Passes over `bytes` bytes.
    fn skip(&mut self, bytes: usize) {
        let passed = &self.rest()[..bytes];
        self.previous = passed.chars().next_back().or(self.previous);
        self.at += bytes;
    }

    fn say_next(&mut self, c: char) {
        match c {
            '\\' if self.rest()[1..].starts_with(|c: char| c.is_ascii_punctuation()) => {
                self.skip(1);
                let escaped = self.rest().chars().next().unwrap_or(c);
                self.say_char(escaped);
            }
            '`' => self.skip(1),
            '*' | '_' | '~' => self.emphasis(c),
            '!' if self.rest().starts_with("![") && !self.follows_word() => self.skip(1),
            '[' => self.opening_bracket(),
            ']' => self.closing_bracket(),
            '<' => self.angle_bracket(),
            '|' => {
                self.skip(1);
                separate(self.speech);
            }
            _ if self.follows_word() => self.say_char(c),
            _ => match leading_address(self.rest()) {
                Some((length, site)) => {
                    self.speech.push_str(site);
                    self.skip(length);
                }
                None => self.say_char(c),
            },
        }
    }

    fn follows_word(&self) -> bool {
        self.previous.is_some_and(char::is_alphanumeric)
    }

    fn say_char(&mut self, c: char) {
        let after_picture = self.previous.is_some_and(is_picture);
        self.skip(c.len_utf8());
        if c.is_whitespace() {
            space(self.speech);
        } else if is_picture_part(c) || is_silent(c) || (c == '\u{200D}' && after_picture) {
            // Parts of a picture, not of a word.
        } else if is_picture(c) {
            self.left_out = true;
            space(self.speech);
        } else {
            if self.left_out && matches!(c, '.' | ',' | '!' | '?' | ';' | ':') {
                self.speech.truncate(self.speech.trim_end().len());
            }
            self.left_out = false;
            self.speech.push(c);
        }
    }

    /// Marks at the edge of a word are emphasis; `2 * 3` and `~5` are not, and `snake_case` is two words.
    fn emphasis(&mut self, mark: char) {
        let before = self.previous;
        let run = self.rest().chars().take_while(|c| *c == mark).count();
        let after = self.rest()[run..].chars().next();
        let both = |test: fn(char) -> bool| before.is_some_and(test) && after.is_some_and(test);
        let literal = match mark {
            '*' => run == 1 && (both(char::is_whitespace) || both(|c| c.is_ascii_digit())),
            '~' => run == 1,
            _ => false,
        };
        if mark == '_' && both(char::is_alphanumeric) {
            space(self.speech);
        } else if literal {
            self.speech.push(mark);
        }
        self.skip(run);
    }

    /// References such as `[1]` and `[^note]` are not said, other brackets lose their marks.
    fn opening_bracket(&mut self) {
        let inside = &self.rest()[1..];
        let footnote = inside.starts_with('^');
        let name =
            |c: char| c.is_ascii_digit() || matches!(c, ',' | ' ' | '-' | '^') || (footnote && c.is_alphanumeric());
        let end = inside.find(|c| !name(c)).filter(|end| *end > 0 && inside[*end..].starts_with(']'));
        self.left_out |= end.is_some();
        self.skip(1 + end.unwrap_or(0));
    }

    /// The address after a link's text is not said.
    fn closing_bracket(&mut self) {
        self.skip(1);
        let target = match self.rest().chars().next() {
            Some('(') => target_length(self.rest()),
            Some('[') => self.rest().bytes().take(LONGEST_TAG).position(|byte| byte == b']').map_or(0, |end| end + 1),
            _ => 0,
        };
        self.at += target;
    }

    fn angle_bracket(&mut self) {
        let inside = &self.rest()[1..];
        let end = inside.bytes().take(LONGEST_TAG).position(|byte| matches!(byte, b'<' | b'>'));
        let tag = end.filter(|end| inside.as_bytes()[*end] == b'>').map(|end| &inside[..end]);
        match tag {
            Some(tag) if tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') => {
                match leading_address(tag) {
                    Some((_, site)) => self.speech.push_str(site),
                    None if tag.contains('@') && !tag.contains(' ') => self.speech.push_str(tag),
                    None => space(self.speech),
                }
                self.skip(tag.len() + 2);
            }
            _ => self.say_char('<'),
        }
    }
}

/// Bytes of a link's address, brackets included; an address that was cut off ends with its word.
fn target_length(text: &str) -> usize {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate().take(LONGEST_ADDRESS) {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.find(char::is_whitespace).unwrap_or(text.len())
}
