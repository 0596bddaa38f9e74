//! What the scanner knows of the piece of text it is reading.

use crate::text::characters::{
    is_clause_mark, is_closer, is_hard_clause_mark, is_hard_stop, is_ideographic, speaking_weight,
};

/// A place where a piece that is too long may be cut.
#[derive(Debug, Clone, Copy)]
struct Break {
    at: usize,
    weight: usize,
}

/// The piece read so far. Positions are bytes from its beginning. Copied to come back to an earlier place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// What has been read.
    pub(super) cursor: usize,
    /// Characters read.
    pub(super) characters: usize,
    /// How long what was read takes to say, in Latin letters.
    pub(super) weight: usize,
    /// The last character read.
    pub(super) previous: char,
    /// Only white space so far.
    pub(super) blank: bool,
    /// A letter or a digit was read.
    pub(super) speakable: bool,
    /// Where the word being read begins.
    pub(super) token: usize,
    /// Nothing speakable precedes that word, or a colon does: a number there counts the items of a list.
    pub(super) token_leads: bool,
    /// Only white space since the line began.
    pub(super) line_start: bool,
    /// The piece begins at the start of a line.
    pub(super) began_line: bool,
    /// The line is a heading.
    pub(super) heading: bool,
    /// Characters of a code fence at the start of the line.
    pub(super) fence_run: usize,
    /// The piece is source code.
    pub(super) code: bool,
    /// A guillemet is open.
    pub(super) guillemet: bool,
    clause: Option<Break>,
    space: Option<Break>,
}

impl Piece {
    pub(super) fn new(line_start: bool, heading: bool) -> Self {
        Self {
            cursor: 0,
            characters: 0,
            weight: 0,
            previous: '\0',
            blank: true,
            speakable: false,
            token: 0,
            token_leads: true,
            line_start,
            began_line: line_start,
            heading,
            fence_run: 0,
            code: false,
            guillemet: false,
            clause: None,
            space: None,
        }
    }

    /// Reads `c`.
    pub(super) fn take(&mut self, c: char) {
        self.take_unspoken(c);
        self.weight += speaking_weight(c);
        self.speakable |= c.is_alphanumeric();
    }

    /// Reads a `c` that will not be said.
    pub(super) fn take_unspoken(&mut self, c: char) {
        self.cursor += c.len_utf8();
        self.characters += 1;
        self.previous = c;
        self.blank &= c.is_whitespace();
    }

    /// Reads white space between words. Returns whether a clause ends with it.
    pub(super) fn take_space(&mut self, c: char) -> bool {
        let ends_clause = is_clause_mark(self.previous);
        let (blank, after_colon) = (self.blank, self.previous == ':');
        self.take(c);
        self.token = self.cursor;
        self.token_leads = after_colon || !self.speakable;
        self.fence_run = 0;
        if c == '\n' {
            self.line_start = true;
            self.heading = false;
        }
        if !blank {
            self.space = Some(self.here());
        }
        if ends_clause {
            self.clause = Some(self.here());
        }
        ends_clause
    }

    /// Notes that the piece may be cut before `c`, in scripts without spaces. Returns whether a clause ends there.
    pub(super) fn note_break_before(&mut self, c: char) -> bool {
        if c.is_whitespace() || is_closer(c) || is_hard_stop(c) || is_clause_mark(c) {
            return false;
        }
        if is_hard_clause_mark(self.previous) {
            self.clause = Some(self.here());
            return true;
        }
        if is_ideographic(self.previous) && is_ideographic(c) {
            self.space = Some(self.here());
        }
        false
    }

    /// Where to cut a piece that has become longer than `max`: after a clause unless that would leave less than half,
    /// else between words.
    pub(super) fn best_break(&self, max: usize) -> Option<usize> {
        let clause = self.clause.filter(|clause| clause.weight * 2 >= max);
        clause.or(self.space).map(|place| place.at)
    }

    fn here(&self) -> Break {
        Break { at: self.cursor, weight: self.weight }
    }
}
