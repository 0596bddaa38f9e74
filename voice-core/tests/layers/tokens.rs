//! Just enough of Rust's lexer to read paths without being fooled by comments and strings.

/// A token that matters for paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name or keyword.
    Name(String),
    /// `::`
    Separator,
    /// Any other character.
    Symbol(char),
}

/// The tokens of `source` with their lines, counted from 1; comments, strings and characters left out.
pub(crate) fn tokens(source: &str) -> Vec<(usize, Token)> {
    let mut lexer = Lexer { rest: source, line: 1 };
    std::iter::from_fn(|| lexer.next_token()).collect()
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

impl Lexer<'_> {
    fn next_token(&mut self) -> Option<(usize, Token)> {
        loop {
            let c = self.rest.chars().next()?;
            if let Some(length) = self.silent_length(c) {
                self.skip(length);
                continue;
            }
            let line = self.line;
            let name: String = self.rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let (length, token) = if !name.is_empty() {
                (name.len(), Token::Name(name))
            } else if self.rest.starts_with("::") {
                (2, Token::Separator)
            } else {
                (c.len_utf8(), Token::Symbol(c))
            };
            self.skip(length);
            return Some((line, token));
        }
    }

    fn skip(&mut self, length: usize) {
        let (passed, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }

    /// Length of the white space, comment, string or character that comes next, if one does.
    fn silent_length(&self, c: char) -> Option<usize> {
        let rest = self.rest;
        if c.is_whitespace() {
            Some(c.len_utf8())
        } else if rest.starts_with("//") {
            Some(rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            Some(rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if c == '"' {
            Some(quoted_length(rest, '"'))
        } else if c == '\'' {
            let mut letters = rest[1..].chars();
            let first = letters.next()?;
            (first == '\\' || letters.next() == Some('\'')).then(|| quoted_length(rest, '\''))
        } else if let Some(raw) = rest.strip_prefix('r').filter(|raw| raw.starts_with(['"', '#'])) {
            let marks = raw.len() - raw.trim_start_matches('#').len();
            let inside = raw[marks..].strip_prefix('"')?;
            let end = format!("\"{}", "#".repeat(marks));
            Some(1 + marks + 1 + inside.find(&end).map_or(inside.len(), |at| at + end.len()))
        } else {
            None
        }
    }
}

/// Length of a literal that begins and ends with `quote`.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}
