//! What a source file uses: modules of this crate, and other crates.

use super::tokens::{Token, tokens};
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// Something a file uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Use {
    /// A module of this crate, or a name that its root does not know.
    Module(String),
    /// A module of this crate or, from within a module of tests, an item of the file itself.
    ModuleOrItem(String),
    /// The beginning of any other path: perhaps another crate.
    Crate(String),
}

/// The names that `lib.rs` re-exports, each with its module: `crate::Error` is a use of `error`.
pub(crate) struct Exports(HashMap<String, String>);

impl Exports {
    /// Reads `pub use module::Name;` and `pub use module::{Name, Other as New};`.
    pub(crate) fn of(library: &str) -> Self {
        let tokens: Vec<_> = tokens(library).into_iter().map(|(_, token)| token).collect();
        let mut exports = HashMap::new();
        for statement in tokens.split(|token| *token == Token::Symbol(';')) {
            let start = statement.windows(2).position(|pair| pair == [name("pub"), name("use")]);
            let Some(start) = start else { continue };
            let mut names = statement[start + 2..].iter().filter_map(|token| match token {
                Token::Name(name) if !matches!(name.as_str(), "self" | "crate" | "as") => Some(name.clone()),
                _ => None,
            });
            if let Some(module) = names.next() {
                exports.extend(names.map(|name| (name, module.clone())));
            }
        }
        Self(exports)
    }

    fn module_of(&self, name: String) -> String {
        self.0.get(&name).cloned().unwrap_or(name)
    }
}

/// What `source` uses and in which line; it is the source of a module `depth` below the root.
pub(crate) fn uses(source: &str, depth: usize, exports: &Exports) -> Vec<(usize, Use)> {
    let tokens = tokens(source);
    (0..tokens.len()).flat_map(|at| uses_at(&tokens, at, depth, exports)).collect()
}

/// What the path uses that begins at token `at`, if one does.
fn uses_at(tokens: &[(usize, Token)], at: usize, depth: usize, exports: &Exports) -> Vec<(usize, Use)> {
    let (line, Token::Name(word)) = &tokens[at] else { return Vec::new() };
    let follows_use = at > 0 && tokens[at - 1].1 == name("use");
    let follows_name = at > 1 && matches!(&tokens[at - 2].1, Token::Name(word) if word != "use");
    let goes_on = |at: usize| tokens.get(at + 1).is_some_and(|(_, next)| *next == Token::Separator);
    if (follows_name && tokens[at - 1].1 == Token::Separator) || !(goes_on(at) || follows_use) {
        return Vec::new();
    }
    let roots_from = |at: usize, kind: fn(String) -> Use| {
        let roots = roots(&tokens[at..]).into_iter();
        roots.map(|(line, root)| (line, kind(exports.module_of(root)))).collect()
    };
    match word.as_str() {
        "crate" => roots_from(at + 2, Use::Module),
        "super" => {
            let levels = tokens[at..].iter().step_by(2).take_while(|(_, token)| *token == name("super")).count();
            let leaves_the_module = levels >= depth && goes_on(at + 2 * (levels - 1));
            if leaves_the_module { roots_from(at + 2 * levels, Use::ModuleOrItem) } else { Vec::new() }
        }
        _ => vec![(*line, Use::Crate(word.clone()))],
    }
}

/// The lines of the modules marked `#[cfg(test)]`.
pub(crate) fn test_lines(source: &str) -> Vec<RangeInclusive<usize>> {
    let tokens = tokens(source);
    let symbol = Token::Symbol;
    let mark =
        [symbol('#'), symbol('['), name("cfg"), symbol('('), name("test"), symbol(')'), symbol(']'), name("mod")];
    let begins = |at: &usize| tokens[*at..].iter().map(|(_, token)| token).take(mark.len()).eq(&mark);
    (0..tokens.len())
        .filter(begins)
        .filter_map(|at| {
            let mut depth = 0;
            // After the mark come the name and either a brace or, for a module in its own file, a semicolon.
            let end = tokens[at + mark.len() + 1..].iter().find(|(_, token)| {
                depth += i32::from(*token == symbol('{')) - i32::from(*token == symbol('}'));
                depth == 0
            })?;
            Some(tokens[at].0..=end.0)
        })
        .collect()
}

fn name(word: &str) -> Token {
    Token::Name(word.to_owned())
}

/// The first names of what follows `crate::`: one, or those of a group in braces.
fn roots(tokens: &[(usize, Token)]) -> Vec<(usize, String)> {
    let mut depth = 0;
    let mut expected = true;
    let mut found = Vec::new();
    for (line, token) in tokens {
        match token {
            Token::Name(word) if expected => {
                found.push((*line, word.clone()));
                expected = false;
            }
            Token::Symbol('{') => depth += 1,
            Token::Symbol('}') => depth -= 1,
            Token::Symbol(',') => expected = depth == 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}
