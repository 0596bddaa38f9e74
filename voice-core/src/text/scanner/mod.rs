//! Reads text character by character and finds where sentences end.
//!
//! Each step depends only on the state and on one character, so that the result cannot depend on how the text was cut
//! into deltas. Where a stop can be judged only by what follows, the scanner notes the place, reads on, and comes back:
//! at most over some white space and one short word, so that the work stays proportional to the text.

mod boundary;
mod fence;
mod flow;
mod piece;
mod stop;

use super::sentence::SentenceConfig;
use boundary::{Candidate, Stop};
use fence::Fence;
use piece::Piece;

/// A piece without any place to cut it is cut anyway at this multiple of the maximum, in characters, so that memory
/// stays bounded.
const UNBREAKABLE: usize = 8;

/// A smaller maximum counts as this one.
const SHORTEST_MAXIMUM: usize = 20;

/// What the scanner is in the middle of.
#[derive(Debug, Clone, Copy)]
enum State {
    /// A sentence.
    Text,
    /// The address of a link.
    LinkTarget { depth: usize },
    /// Stops, and what closes after them.
    Stop(Stop),
    /// White space after a stop or a line.
    Space(Candidate),
    /// The word after that.
    Word { candidate: Candidate, begin: usize },
    /// The line that opens a code fence.
    FenceOpening,
    /// A line of code.
    FenceLine { run: usize, only_marks: bool },
}

/// What a step led to.
enum Step {
    /// The character was read, or the state changed: go on.
    On,
    /// The piece ends at this position.
    Cut(usize),
}

/// A piece of the text as found.
pub(super) struct Found<'a> {
    pub(super) text: &'a str,
    /// It begins at the start of a line.
    pub(super) began_line: bool,
    /// It is source code.
    pub(super) code: bool,
}

/// Finds the pieces of one text.
#[derive(Debug)]
pub(super) struct Scanner {
    config: SentenceConfig,
    text: String,
    start: usize,
    piece: Piece,
    state: State,
    fence: Option<Fence>,
    #[cfg(test)]
    pub(super) steps: usize,
}

impl Scanner {
    pub(super) fn new(config: SentenceConfig) -> Self {
        Self {
            config,
            text: String::new(),
            start: 0,
            piece: Piece::new(true, false),
            state: State::Text,
            fence: None,
            #[cfg(test)]
            steps: 0,
        }
    }

    /// More text.
    pub(super) fn push(&mut self, delta: &str) {
        self.text.drain(..self.start);
        self.start = 0;
        self.text.push_str(delta);
    }

    /// The next piece that is certainly whole. With `early` it may end at a clause.
    pub(super) fn next(&mut self, early: bool) -> Option<Found<'_>> {
        let at = self.seek(early)?;
        Some(self.cut(at))
    }

    /// The next piece when no more text will come.
    pub(super) fn next_at_end(&mut self, early: bool) -> Option<Found<'_>> {
        let at = loop {
            if let Some(at) = self.seek(early) {
                break at;
            }
            match self.at_end() {
                Some(Step::Cut(at)) => break at,
                Some(Step::On) => {}
                None => break self.text.len() - self.start,
            }
        };
        (at > 0).then(|| self.cut(at))
    }

    /// The piece up to the cursor.
    fn so_far(&self) -> &str {
        &self.text[self.start..self.start + self.piece.cursor]
    }

    fn seek(&mut self, early: bool) -> Option<usize> {
        while let Some(c) = self.text[self.start + self.piece.cursor..].chars().next() {
            #[cfg(test)]
            {
                self.steps += 1;
            }
            let step = match self.state {
                State::Text => self.in_text(c, early),
                State::LinkTarget { depth } => self.in_link_target(c, depth),
                State::Stop(stop) => self.after_stop(c, stop),
                State::Space(candidate) => self.in_space(c, candidate),
                State::Word { candidate, begin } => self.in_word(c, candidate, begin),
                State::FenceOpening => self.in_fence_opening(c),
                State::FenceLine { run, only_marks } => self.in_fence_line(c, run, only_marks),
            };
            match step {
                Step::Cut(at) => return Some(at),
                Step::On => {
                    if let Some(at) = self.overlong() {
                        return Some(at);
                    }
                }
            }
        }
        None
    }

    /// Where to cut a piece that has become too long.
    fn overlong(&self) -> Option<usize> {
        let max = self.config.max_length.max(SHORTEST_MAXIMUM);
        if self.piece.characters >= max.saturating_mul(UNBREAKABLE) {
            return Some(self.piece.cursor);
        }
        let breakable = matches!(self.state, State::Text) && self.piece.weight >= max;
        if breakable { self.piece.best_break(max) } else { None }
    }

    /// Ends the piece at `at` and begins the next there.
    fn cut(&mut self, at: usize) -> Found<'_> {
        let from = self.start;
        self.start += at;
        let text = &self.text[from..self.start];
        let code = self.piece.code;
        let began_line = self.piece.began_line;
        let ends_line = text.ends_with('\n');
        let line_start = ends_line || (began_line && text.trim().is_empty());
        self.piece = Piece::new(line_start, self.piece.heading && !ends_line);
        self.state = match self.fence {
            Some(_) => {
                self.piece.code = true;
                State::FenceLine { run: 0, only_marks: line_start }
            }
            None => State::Text,
        };
        Found { text, began_line, code }
    }
}
