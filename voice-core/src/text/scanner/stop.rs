//! Is the sentence over at this stop? Decided from the word before it and, where that is not enough, from what follows.

use crate::text::abbreviations::{Abbreviation, abbreviation, begins_sentences, follows_ordinal};
use crate::text::characters::{is_closer, is_hard_stop, is_ideographic, is_opener};

/// What a run of stops amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopKind {
    /// One full stop.
    Period,
    /// Two or more, or "…".
    Ellipsis,
    /// With a question or exclamation mark.
    Strong,
    /// A stop that needs no white space after it.
    Hard,
}

impl StopKind {
    pub(super) fn of(c: char) -> Self {
        match c {
            '.' => Self::Period,
            '…' => Self::Ellipsis,
            c if is_hard_stop(c) => Self::Hard,
            _ => Self::Strong,
        }
    }

    /// The kind of a run that goes on with `c`.
    pub(super) fn and(self, c: char) -> Self {
        match (self, Self::of(c)) {
            (Self::Hard, _) | (_, Self::Hard) => Self::Hard,
            (Self::Strong, _) | (_, Self::Strong) => Self::Strong,
            (Self::Period | Self::Ellipsis, Self::Period | Self::Ellipsis) => Self::Ellipsis,
        }
    }
}

/// What must be known of the text after a stop before the sentence is certainly over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Nothing but that no closing guillemet follows.
    Always,
    /// Over unless it goes on with a small letter.
    NotLowercase,
    /// Over unless a number follows.
    NotNumber,
    /// Over only when the next word begins sentences.
    Starter,
    /// Over unless the stop made an ordinal number of a date.
    NotDate,
    /// Over unless the next word is another single letter with a stop ("z. B.").
    NotInitial,
}

/// The answer as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The sentence is over.
    Over,
    /// It goes on.
    GoesOn,
    /// It depends on what follows.
    Depends(Rule),
}

/// Judges a stop followed by white space. `token` is what stands between the last white space and the stop;
/// `leads` tells that nothing speakable or a colon precedes it, `closed` that quotes or brackets close after it.
pub(super) fn judge(kind: StopKind, token: &str, leads: bool, closed: bool) -> Verdict {
    let verdict = match kind {
        StopKind::Hard => return Verdict::Over,
        StopKind::Strong => Verdict::Over,
        StopKind::Ellipsis => Verdict::Depends(Rule::NotLowercase),
        StopKind::Period => judge_period(bare(token), leads),
    };
    if closed && verdict == Verdict::Over { Verdict::Depends(Rule::NotLowercase) } else { verdict }
}

fn judge_period(token: &str, leads: bool) -> Verdict {
    let mut letters = token.chars();
    let single = letters.next().filter(|_| letters.next().is_none());
    if token.chars().all(|c| c.is_ascii_digit()) && !token.is_empty() {
        return match token.len() {
            1..=3 if leads => Verdict::GoesOn,
            1..=2 => Verdict::Depends(Rule::NotDate),
            _ => Verdict::Over,
        };
    }
    match (abbreviation(without_number(token)), single) {
        (Some(Abbreviation::Leads), _) => Verdict::GoesOn,
        (Some(Abbreviation::Counts), _) => Verdict::Depends(Rule::NotNumber),
        (Some(Abbreviation::MayEnd), _) => Verdict::Depends(Rule::Starter),
        // "So do I." is a sentence, "I. Newton" is not one.
        (None, Some('I')) if !leads => Verdict::Over,
        (None, Some(letter)) if letter.is_uppercase() => Verdict::Depends(Rule::Starter),
        (None, Some(letter)) if letter.is_lowercase() => Verdict::Depends(Rule::NotInitial),
        (None, _) => Verdict::Over,
    }
}

/// Whether a sentence that ended in `kind` may be followed by `c` without white space between them.
pub(super) fn is_over_before(kind: StopKind, token: &str, leads: bool, c: char) -> bool {
    match kind {
        StopKind::Hard => true,
        StopKind::Strong => is_ideographic(c),
        StopKind::Period => is_ideographic(c) && judge_period(bare(token), leads) == Verdict::Over,
        StopKind::Ellipsis => false,
    }
}

/// Judges by the first character `c` after the white space; [`Verdict::Depends`] asks for the whole word.
pub(super) fn judge_next(rule: Rule, c: char) -> Verdict {
    let over_if = |over: bool| if over { Verdict::Over } else { Verdict::GoesOn };
    match rule {
        Rule::Always => Verdict::Over,
        Rule::NotLowercase => over_if(!c.is_lowercase()),
        Rule::NotNumber => over_if(!c.is_numeric() && c != '#'),
        Rule::Starter | Rule::NotDate | Rule::NotInitial => {
            if is_ideographic(c) {
                Verdict::Over
            } else if c.is_alphabetic() {
                Verdict::Depends(rule)
            } else {
                over_if(rule != Rule::Starter || (is_opener(c) && c != '(' && c != '['))
            }
        }
    }
}

/// Judges by the whole next word and the character after it, `None` at the end of the text.
pub(super) fn judge_word(rule: Rule, word: &str, after: Option<char>) -> bool {
    let initial = after == Some('.') && word.chars().nth(1).is_none();
    match rule {
        Rule::Starter => !initial && begins_sentences(word),
        Rule::NotDate => !word.starts_with(char::is_lowercase) && !follows_ordinal(word),
        Rule::NotInitial => !initial,
        Rule::Always | Rule::NotLowercase | Rule::NotNumber => true,
    }
}

/// The token without quotes, brackets and emphasis around it.
fn bare(token: &str) -> &str {
    token.trim_start_matches(is_opener).trim_end_matches(is_closer)
}

/// "5p.m" is "p.m" to a reader of abbreviations.
fn without_number(token: &str) -> &str {
    token.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':')
}
