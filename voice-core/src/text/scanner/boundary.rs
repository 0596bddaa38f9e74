//! After a stop: is the sentence over?

use super::piece::Piece;
use super::stop::{Rule, StopKind, Verdict, is_over_before, judge, judge_next, judge_word};
use super::{Scanner, State, Step};
use crate::text::characters::{is_closer, is_hard_stop, is_picture, is_stop};

/// No rule needs to see more of a word than this, in bytes.
const LONGEST_WORD: usize = 64;

/// A run of stops and what closes after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    kind: StopKind,
    /// Where the word before it begins.
    token: usize,
    /// Where that word ends and the stops begin.
    at: usize,
    /// Nothing speakable, or a colon, precedes that word.
    leads: bool,
    /// Quotes, brackets or emphasis closed after the stops.
    closed: bool,
    /// Inside a reference such as `[1]`.
    citing: bool,
}

impl Stop {
    /// The stop `c` that `piece` is about to read.
    pub(super) fn new(c: char, piece: &Piece) -> Self {
        let (token, leads) = (piece.token, piece.token_leads);
        Self { kind: StopKind::of(c), token, at: piece.cursor, leads, closed: false, citing: false }
    }
}

/// A place where the text may be cut, depending on what follows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) rule: Rule,
    /// The piece as it was there.
    pub(super) place: Piece,
    /// A line ended there.
    pub(super) newline: bool,
    /// The stop before it, where there was one.
    pub(super) stop: Option<Stop>,
}

impl Scanner {
    pub(super) fn after_stop(&mut self, c: char, mut stop: Stop) -> Step {
        if c.is_whitespace() {
            return self.space_after_stop(c, stop);
        }
        if stop.citing {
            stop.citing = c != ']';
            if !(c.is_ascii_digit() || matches!(c, ']' | '^' | ',')) {
                self.state = State::Text;
                return Step::On;
            }
        } else if (is_stop(c) || is_hard_stop(c)) && !stop.closed {
            stop.kind = stop.kind.and(c);
        } else if is_closer(c) && !(c == '“' && stop.kind == StopKind::Hard) {
            // German closes with the mark that opens in Chinese.
            stop.closed = true;
        } else if c == '[' {
            stop.citing = true;
        } else if !is_picture(c) {
            if is_over_before(stop.kind, self.token(stop), stop.leads, c) {
                return Step::Cut(self.piece.cursor);
            }
            self.state = State::Text;
            return Step::On;
        }
        self.piece.take(c);
        self.state = State::Stop(stop);
        Step::On
    }

    fn space_after_stop(&mut self, c: char, stop: Stop) -> Step {
        let rule = match judge(stop.kind, self.token(stop), stop.leads, stop.closed) {
            Verdict::GoesOn => {
                self.state = State::Text;
                return Step::On;
            }
            Verdict::Over if !self.piece.guillemet => return Step::Cut(self.piece.cursor + c.len_utf8()),
            Verdict::Over => Rule::Always,
            Verdict::Depends(rule) => rule,
        };
        let heading = self.piece.heading;
        self.piece.take_space(c);
        if c == '\n' && heading {
            return Step::Cut(self.piece.cursor);
        }
        self.state = State::Space(Candidate { rule, place: self.piece, newline: c == '\n', stop: Some(stop) });
        Step::On
    }

    pub(super) fn in_space(&mut self, c: char, mut candidate: Candidate) -> Step {
        if c.is_whitespace() {
            if c == '\n' && candidate.newline {
                return Step::Cut(candidate.place.cursor);
            }
            candidate.newline |= c == '\n';
        } else if let ('»', true, Some(stop)) = (c, self.piece.guillemet, candidate.stop) {
            self.piece.guillemet = false;
            self.piece.take(c);
            self.state = State::Stop(Stop { closed: true, ..stop });
            return Step::On;
        } else if candidate.newline {
            return self.settle(candidate, !c.is_lowercase());
        } else if !matches!(c, '*' | '_') {
            match judge_next(candidate.rule, c) {
                Verdict::Over => return Step::Cut(candidate.place.cursor),
                Verdict::GoesOn => return self.settle(candidate, false),
                Verdict::Depends(_) => {
                    self.state = State::Word { candidate, begin: self.piece.cursor };
                    return Step::On;
                }
            }
        }
        self.piece.take(c);
        self.state = State::Space(candidate);
        Step::On
    }

    pub(super) fn in_word(&mut self, c: char, candidate: Candidate, begin: usize) -> Step {
        if c.is_alphanumeric() && self.piece.cursor - begin < LONGEST_WORD {
            self.piece.take(c);
            return Step::On;
        }
        let over = judge_word(candidate.rule, &self.so_far()[begin..], Some(c));
        self.settle(candidate, over)
    }

    /// What is still undecided when the text ends; `None` when nothing is.
    pub(super) fn at_end(&mut self) -> Option<Step> {
        let State::Word { candidate, begin } = self.state else { return None };
        let over = judge_word(candidate.rule, &self.so_far()[begin..], None);
        Some(self.settle(candidate, over))
    }

    /// Cuts at the candidate, or goes back to it and on.
    fn settle(&mut self, candidate: Candidate, over: bool) -> Step {
        if over {
            return Step::Cut(candidate.place.cursor);
        }
        self.piece = candidate.place;
        self.state = State::Text;
        Step::On
    }

    fn token(&self, stop: Stop) -> &str {
        &self.so_far()[stop.token..stop.at]
    }
}
