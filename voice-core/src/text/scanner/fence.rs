//! Source code between fences: cut line by line, never said.

use super::{Scanner, State, Step};

/// An open code fence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fence {
    mark: char,
    length: usize,
}

impl Scanner {
    /// The rest of the line that opens a fence.
    pub(super) fn in_fence_opening(&mut self, c: char) -> Step {
        let mark = self.so_far().trim_start().chars().next().unwrap_or('`');
        let in_run = self.piece.previous == mark && self.piece.fence_run > 0;
        if c == mark && in_run {
            self.piece.fence_run += 1;
        } else if c == '`' && mark == '`' {
            // Code inside a line: its fence would not have a backtick after the name of the language.
            self.piece.code = false;
            self.piece.fence_run = 0;
            self.piece.speakable = true;
            self.state = State::Text;
        } else if c == '\n' {
            self.fence = Some(Fence { mark, length: self.piece.fence_run });
        }
        self.piece.take_unspoken(c);
        if c == '\n' { Step::Cut(self.piece.cursor) } else { Step::On }
    }

    pub(super) fn in_fence_line(&mut self, c: char, run: usize, only_marks: bool) -> Step {
        self.piece.take_unspoken(c);
        let Some(fence) = self.fence else {
            self.state = State::Text;
            return Step::On;
        };
        if c == '\n' {
            if only_marks && run >= fence.length {
                self.fence = None;
            }
            return Step::Cut(self.piece.cursor);
        }
        let is_mark = c == fence.mark;
        self.state = State::FenceLine {
            run: run + usize::from(is_mark),
            only_marks: only_marks && (is_mark || c.is_whitespace()),
        };
        Step::On
    }
}
