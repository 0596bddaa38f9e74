//! Which words of two tellings of a sentence are the same: as written and as said, as said and as timed.

use std::ops::Range;

/// A matched letter is worth this much; more than any doubt about where it belongs.
const LETTER: u32 = 1_000;
/// The highest doubt.
pub(super) const MOST_DOUBT: u32 = LETTER - 1;
/// Pairs of words that are compared at most: sentences have some dozen words, and what has no end is not matched at all.
const MOST_PAIRS: usize = 1 << 18;

/// Words of one telling beside those of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) left: Range<usize>,
    pub(super) right: Range<usize>,
    /// Their letters are the same. Otherwise they stand between what is, and either may be empty.
    pub(super) same: bool,
}

/// Lays two lists of words side by side, as letters, so that the most letters agree; blocks of words with the same
/// letters are as small as can be. Where several ways are equally good, the one with the least `doubt` is taken: the
/// doubt that a block begins with this word of the left and that of the right, up to [`MOST_DOUBT`].
pub(super) fn align(left: &[String], right: &[String], doubt: impl Fn(usize, usize) -> u32) -> Vec<Block> {
    let width = right.len() + 1;
    if width.saturating_mul(left.len() + 1) > MOST_PAIRS {
        return vec![Block { left: 0..left.len(), right: 0..right.len(), same: false }];
    }
    let worth = |i: usize, j: usize, block: &Agreement| {
        (block.letters as u32).saturating_mul(LETTER).saturating_sub(doubt(i, j).min(MOST_DOUBT))
    };
    // The best that can be made of what begins at each pair.
    let mut best = vec![0u32; width * (left.len() + 1)];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            let skipped = best[(i + 1) * width + j].max(best[i * width + j + 1]);
            let agreed = agreement(&left[i..], &right[j..])
                .map_or(0, |block| best[(i + block.left) * width + j + block.right] + worth(i, j, &block));
            best[i * width + j] = skipped.max(agreed);
        }
    }
    let mut blocks = Blocks::default();
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        let here = best[i * width + j];
        let block = agreement(&left[i..], &right[j..]);
        let taken = block.filter(|block| best[(i + block.left) * width + j + block.right] + worth(i, j, block) == here);
        match taken {
            Some(block) => {
                blocks.same(i..i + block.left, j..j + block.right);
                (i, j) = (i + block.left, j + block.right);
            }
            None if best[(i + 1) * width + j] == here => i += 1,
            None => j += 1,
        }
    }
    blocks.end(left.len(), right.len())
}

#[derive(Default)]
struct Blocks {
    blocks: Vec<Block>,
    reached: (usize, usize),
}

impl Blocks {
    fn same(&mut self, left: Range<usize>, right: Range<usize>) {
        self.gap(left.start, right.start);
        self.reached = (left.end, right.end);
        self.blocks.push(Block { left, right, same: true });
    }

    fn gap(&mut self, left: usize, right: usize) {
        if (left, right) != self.reached {
            self.blocks.push(Block { left: self.reached.0..left, right: self.reached.1..right, same: false });
        }
    }

    fn end(mut self, left: usize, right: usize) -> Vec<Block> {
        self.gap(left, right);
        self.blocks
    }
}

/// How many words on either side agree, and in how many bytes.
struct Agreement {
    left: usize,
    right: usize,
    letters: usize,
}

/// The fewest words at the beginning of both that have the same letters, however they are cut.
fn agreement(left: &[String], right: &[String]) -> Option<Agreement> {
    let (mut rest, mut other) = (left.first()?.as_str(), right.first()?.as_str());
    let mut found = Agreement { left: 1, right: 1, letters: 0 };
    loop {
        let shared = rest.len().min(other.len());
        // One of them is used up whole, so that the other is cut where a character ends if they agree.
        if shared == 0 || rest.as_bytes()[..shared] != other.as_bytes()[..shared] {
            return None;
        }
        found.letters += shared;
        (rest, other) = (&rest[shared..], &other[shared..]);
        if rest.is_empty() && other.is_empty() {
            return Some(found);
        }
        if rest.is_empty() {
            rest = left.get(found.left)?;
            found.left += 1;
        } else {
            other = right.get(found.right)?;
            found.right += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "a b=c d" where the blocks are, `~` for those that differ.
    fn aligned(left: &str, right: &str, doubt: impl Fn(usize, usize) -> u32) -> String {
        let list = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (left, right) = (list(left), list(right));
        let blocks = align(&left, &right, doubt);
        let show = |block: &Block| {
            let sign = if block.same { '=' } else { '~' };
            format!("{}{sign}{}", left[block.left.clone()].join(" "), right[block.right.clone()].join(" "))
        };
        blocks.iter().map(show).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn words_are_matched_however_they_are_cut_and_expanded() {
        for (left, right, expected) in [
            ("one two", "one two", "one=one | two=two"),
            ("wellknown fact", "well known fact", "wellknown=well known | fact=fact"),
            ("你 好 世 界", "你好 世界", "你 好=你好 | 世 界=世界"),
            ("at 3 pm today", "at three p m today", "at=at | 3~three | pm=p m | today=today"),
            ("in 2025 now", "in twenty twenty five now", "in=in | 2025~twenty twenty five | now=now"),
            ("one two three", "one", "one=one | two three~"),
            ("", "one", "~one"),
            ("", "", ""),
        ] {
            assert_eq!(aligned(left, right, |_, _| 0), expected, "{left:?} and {right:?}");
        }
    }

    #[test]
    fn of_two_places_for_a_word_the_likelier_one_is_taken() {
        let near = |place: usize| move |i: usize, _: usize| i.abs_diff(place) as u32;
        assert_eq!(aligned("the cat the dog", "the", near(0)), "the=the | cat the dog~");
        assert_eq!(aligned("the cat the dog", "the", near(2)), "the cat~ | the=the | dog~");
        assert_eq!(aligned("the cat the dog", "the dog", |i, j| i.abs_diff(j) as u32), "the=the | cat the~ | dog=dog");
        assert_eq!(
            aligned("the cat the dog", "the dog", |i, j| i.abs_diff(j + 2) as u32),
            "the cat~ | the=the | dog=dog"
        );
    }

    #[test]
    fn what_has_no_end_is_not_matched() {
        let endless = vec!["a".to_owned(); 1_000];
        assert_eq!(align(&endless, &endless, |_, _| 0).len(), 1);
    }
}
