//! Markdown as it is said: what is written for the eye is left out.
//!
//! Works on parts of a text too: emphasis, links and brackets need not be closed in the same piece, so that a long
//! sentence may be cut anywhere between words.

mod address;
mod block;
mod inline;

use inline::Line;

/// What is said of a whole Markdown text: no emphasis, headings, bullets, rules, tables, addresses, references or emoji;
/// the text of links; white space collapsed. Empty when no letter or digit is left. Fenced code must be left out by the
/// caller, as [`SentenceSplitter`](super::SentenceSplitter) does.
///
/// ```
/// assert_eq!(voice_core::text::spoken("- See **[the docs](https://example.com)** 🙂"), "See the docs");
/// ```
pub fn spoken(markdown: &str) -> String {
    spoken_from(markdown, true)
}

/// What is said of a piece of Markdown; `began_line` tells whether it begins at the start of a line, where `-` is a
/// bullet and `#` a heading.
pub fn spoken_from(markdown: &str, began_line: bool) -> String {
    let mut speech = String::with_capacity(markdown.len());
    for (number, line) in markdown.lines().enumerate() {
        if number == 0 && !began_line {
            Line::new(line, &mut speech).say();
        } else if let Some(content) = block::content(line) {
            for (cell_number, cell) in block::cells(content).enumerate() {
                if cell_number > 0 {
                    inline::separate(&mut speech);
                }
                Line::new(cell, &mut speech).say();
            }
        }
        inline::space(&mut speech);
    }
    speech.truncate(speech.trim_end().len());
    if speech.chars().any(char::is_alphanumeric) { speech } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_said_without_its_marks() {
        for (written, said) in [
            ("**Bold**, *italic* and ***both***", "Bold, italic and both"),
            ("__bold__ and _italic_, ~~gone~~", "bold and italic, gone"),
            ("a snake_case name", "a snake case name"),
            ("2 * 3 is 2*3, about ~6", "2 * 3 is 2*3, about ~6"),
            ("call `foo.bar()` now", "call foo.bar() now"),
            ("# A heading", "A heading"),
            ("## Closed ##", "Closed"),
            ("#hashtag", "#hashtag"),
            ("- item\n* item\n+ item\n• item", "item item item item"),
            ("1. First", "1. First"),
            ("- [ ] open\n- [x] done", "open done"),
            ("> quoted\n>> twice", "quoted twice"),
            ("above\n---\nbelow\n***\nend", "above below end"),
            ("see [the docs](https://example.com/a_(b)) now", "see the docs now"),
            ("see [the docs][ref] now", "see the docs now"),
            ("![a cat](cat.png)", "a cat"),
            ("so it is.[1][2, 3] Yes[^note].", "so it is. Yes."),
            ("it takes 2 s [1][2]. Really ?", "it takes 2 s. Really ?"),
            ("source: [1](https://a.b)", "source:"),
            ("| Name | Age |\n|------|:---:|\n| Ann  | 30  |", "Name, Age Ann, 30"),
            ("go to https://www.example.com/path?x=1.", "go to example.com."),
            ("(see www.example.org/x)", "(see example.org)"),
            ("<https://example.com> <a@b.de> a<br>b", "example.com a@b.de a b"),
            ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
            ("write to jane.doe@example.com", "write to jane.doe@example.com"),
            ("Great 🎉! Yes 👩‍👩‍👧 ok ❤️ 1️⃣", "Great! Yes ok 1"),
            ("a → b", "a b"),
            (r"\*not bold\*", "*not bold*"),
            ("  white \t space\n\nhere ", "white space here"),
            ("zero\u{200B}width", "zerowidth"),
            ("🙂", ""),
            ("---", ""),
            ("**", ""),
            ("", ""),
        ] {
            assert_eq!(spoken(written), said, "{written:?}");
        }
    }

    #[test]
    fn a_cut_anywhere_leaves_no_marks() {
        for (written, said) in [
            ("text](https://example.com) goes on", "text goes on"),
            ("the **bold", "the bold"),
            ("words** end", "words end"),
            ("- not a bullet", "- not a bullet"),
        ] {
            assert_eq!(spoken_from(written, false), said, "{written:?}");
        }
    }
}
