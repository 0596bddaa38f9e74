//! Inside a sentence, and inside the address of a link.

use super::boundary::Candidate;
use super::boundary::Stop;
use super::stop::Rule;
use super::{Scanner, State, Step};
use crate::text::characters::{is_hard_stop, is_stop};

/// Marks that make a code fence where three or more stand at the start of a line.
const FENCE_LENGTH: usize = 3;

impl Scanner {
    pub(super) fn in_text(&mut self, c: char, early: bool) -> Step {
        if self.piece.note_break_before(c) && self.may_end_early(early) {
            return Step::Cut(self.piece.cursor);
        }
        if c.is_whitespace() {
            return self.white_space(c, early);
        }
        self.note_line_start(c);
        if self.piece.fence_run >= FENCE_LENGTH {
            self.piece.take(c);
            self.piece.code = true;
            self.state = State::FenceOpening;
            return Step::On;
        }
        match c {
            '(' if self.piece.previous == ']' => self.state = State::LinkTarget { depth: 0 },
            '«' => self.piece.guillemet = true,
            '»' => self.piece.guillemet = false,
            c if self.piece.speakable && (is_stop(c) || is_hard_stop(c)) => {
                self.state = State::Stop(Stop::new(c, &self.piece));
            }
            _ => {}
        }
        if !matches!(self.state, State::LinkTarget { .. }) {
            self.piece.take(c);
        }
        Step::On
    }

    /// Addresses hold stops and spaces that mean nothing, and are not said.
    pub(super) fn in_link_target(&mut self, c: char, depth: usize) -> Step {
        self.state = match c {
            '\n' => {
                self.state = State::Text;
                return Step::On;
            }
            '(' => State::LinkTarget { depth: depth + 1 },
            ')' if depth <= 1 => State::Text,
            ')' => State::LinkTarget { depth: depth - 1 },
            _ => self.state,
        };
        self.piece.take_unspoken(c);
        Step::On
    }

    fn white_space(&mut self, c: char, early: bool) -> Step {
        let (blank, heading) = (self.piece.blank, self.piece.heading);
        let ends_clause = self.piece.take_space(c);
        if c == '\n' && !blank {
            if heading {
                return Step::Cut(self.piece.cursor);
            }
            // A line that goes on with a small letter was only wrapped.
            let candidate = Candidate { rule: Rule::NotLowercase, place: self.piece, newline: true, stop: None };
            self.state = State::Space(candidate);
        } else if ends_clause && self.may_end_early(early) {
            return Step::Cut(self.piece.cursor);
        }
        Step::On
    }

    fn may_end_early(&self, early: bool) -> bool {
        early && self.piece.speakable && self.piece.weight >= self.config.first_clause
    }

    fn note_line_start(&mut self, c: char) {
        let piece = &mut self.piece;
        let fence_mark = matches!(c, '`' | '~');
        if piece.line_start {
            piece.line_start = false;
            piece.heading = c == '#';
            piece.fence_run = usize::from(fence_mark);
        } else if fence_mark && piece.fence_run > 0 && piece.previous == c {
            piece.fence_run += 1;
        } else {
            piece.fence_run = 0;
        }
    }
}
