//! Which sentence was meant: a word-level edit distance in which small words weigh little.

use super::numbers;

/// Words that may be there or not.
const SMALL_WORDS: [&str; 22] = [
    "a", "an", "the", "please", "um", "uh", "er", "so", "well", "just", "now", "hey", "okay", "some", "then", "my",
    "me", "and", "oh", "can", "you", "could",
];
const SMALL_WEIGHT: u32 = 2;
const WEIGHT: u32 = 10;
/// A word with a slip of the finger.
const TYPO: u32 = 4;
/// Longer texts are no command.
const LONGEST: usize = 60;

/// The values a slot may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slot {
    /// Any number.
    Number,
    /// One of these, each of one or more words.
    OneOf(Vec<Vec<String>>),
    /// Any word.
    AnyWord,
}

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Word(String),
    Slot(String, Slot),
}

/// What was found in a text: the distance, and the words in each slot in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) distance: u32,
    pub(super) slots: Vec<(String, String)>,
}

impl Slot {
    /// How many words of the beginning of `words` may fill the slot.
    fn lengths(&self, words: &[String]) -> Vec<usize> {
        match self {
            Self::Number => numbers::parse(words).map(|(_, length)| length).into_iter().collect(),
            Self::OneOf(values) => values.iter().filter(|value| words.starts_with(value)).map(Vec::len).collect(),
            Self::AnyWord => {
                if words.is_empty() {
                    vec![]
                } else {
                    vec![1]
                }
            }
        }
    }
}

/// Matches a text against one sentence; `None` when it means something else.
pub(super) fn match_sentence(sentence: &[Part], words: &[String]) -> Option<Match> {
    if words.is_empty() || words.len() > LONGEST {
        return None;
    }
    let found = Table::fill(sentence, words).trace(sentence, words)?;
    // One wrong word is forgiven in a sentence of four or more, small ones always.
    let content = sentence.iter().filter(|part| matches!(part, Part::Word(word) if weight(word) == WEIGHT)).count();
    let allowed = if content >= 3 { WEIGHT + 2 * SMALL_WEIGHT } else { 4 * SMALL_WEIGHT };
    (found.distance <= allowed).then_some(found)
}

/// Least costs of turning the first parts of the sentence into the first words of the text, and the step that led there.
struct Table {
    cells: Vec<Option<(u32, Step)>>,
    width: usize,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Begin,
    /// Part and word both.
    Both,
    /// A part left out.
    LeftOut,
    /// A word too many.
    TooMany,
    /// A slot of so many words.
    Filled(usize),
}

impl Table {
    fn fill(sentence: &[Part], words: &[String]) -> Self {
        let width = words.len() + 1;
        let mut table = Self { cells: vec![None; (sentence.len() + 1) * width], width };
        table.offer(0, 0, 0, Step::Begin);
        for part in 0..=sentence.len() {
            for word in 0..=words.len() {
                let Some((cost, _)) = table.cells[part * width + word] else { continue };
                if let Some(text) = words.get(word) {
                    table.offer(part, word + 1, cost + weight(text), Step::TooMany);
                }
                match sentence.get(part) {
                    Some(Part::Word(wanted)) => {
                        table.offer(part + 1, word, cost + weight(wanted), Step::LeftOut);
                        if let Some(text) = words.get(word) {
                            table.offer(part + 1, word + 1, cost + replacing(wanted, text), Step::Both);
                        }
                    }
                    Some(Part::Slot(_, slot)) => {
                        for length in slot.lengths(&words[word..]) {
                            table.offer(part + 1, word + length, cost, Step::Filled(length));
                        }
                    }
                    None => {}
                }
            }
        }
        table
    }

    fn offer(&mut self, part: usize, word: usize, cost: u32, step: Step) {
        let cell = &mut self.cells[part * self.width + word];
        if cell.is_none_or(|(known, _)| cost < known) {
            *cell = Some((cost, step));
        }
    }

    fn trace(&self, sentence: &[Part], words: &[String]) -> Option<Match> {
        let (mut part, mut word) = (sentence.len(), words.len());
        let (distance, _) = self.cells[part * self.width + word]?;
        let mut slots = Vec::new();
        loop {
            match self.cells[part * self.width + word]?.1 {
                Step::Begin => break,
                Step::Both => (part, word) = (part - 1, word - 1),
                Step::LeftOut => part -= 1,
                Step::TooMany => word -= 1,
                Step::Filled(length) => {
                    (part, word) = (part - 1, word - length);
                    if let Part::Slot(name, _) = &sentence[part] {
                        slots.push((name.clone(), words[word..word + length].join(" ")));
                    }
                }
            }
        }
        slots.reverse();
        Some(Match { distance, slots })
    }
}

fn weight(word: &str) -> u32 {
    if SMALL_WORDS.contains(&word) { SMALL_WEIGHT } else { WEIGHT }
}

fn replacing(wanted: &str, word: &str) -> u32 {
    if wanted == word {
        return 0;
    }
    let whole = weight(wanted).max(weight(word));
    if wanted.len() >= 4 && one_slip(wanted.as_bytes(), word.as_bytes()) { TYPO.min(whole) } else { whole }
}

/// Whether one letter added, lost, changed or swapped with its neighbour makes the one word into the other.
fn one_slip(a: &[u8], b: &[u8]) -> bool {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    let swapped = a.len() == b.len() && a.len() >= 2 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..];
    let tail = |word: &[u8]| word.get(1..).map(<[u8]>::to_vec);
    swapped
        || tail(a).is_some_and(|tail| tail == b)
        || tail(b).is_some_and(|tail| tail == a)
        || (tail(a).is_some() && tail(a) == tail(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn sentence(text: &str) -> Vec<Part> {
        words(text)
            .into_iter()
            .map(|word| match word.as_str() {
                "{number}" => Part::Slot("number".into(), Slot::Number),
                "{size}" => Part::Slot("size".into(), Slot::OneOf(vec![words("small"), words("very large")])),
                _ => Part::Word(word),
            })
            .collect()
    }

    fn distance(said: &str, meant: &str) -> Option<u32> {
        match_sentence(&sentence(meant), &words(said)).map(|found| found.distance)
    }

    #[test]
    fn small_words_matter_little_and_slips_are_forgiven() {
        assert_eq!(distance("what time is it", "what time is it"), Some(0));
        assert_eq!(distance("please set timer for me", "set a timer for me"), Some(4));
        assert_eq!(distance("waht time is it", "what time is it"), Some(TYPO));
        assert_eq!(distance("what day was it", "what day is it"), Some(WEIGHT));
    }

    #[test]
    fn another_sentence_is_not_this_one() {
        for said in ["tell me a story", "time", "what size is that", "stop it right there now"] {
            assert_eq!(distance(said, "what time is it"), None, "{said}");
        }
        assert_eq!(distance("start", "stop"), None);
        assert_eq!(distance("", "stop"), None);
    }

    #[test]
    fn slots_take_as_many_words_as_belong_to_them() {
        let found =
            match_sentence(&sentence("what is {number} plus {number}"), &words("what is twenty one plus two")).unwrap();
        assert_eq!(found.slots, [("number".into(), "twenty one".into()), ("number".into(), "two".into())]);
        let found = match_sentence(&sentence("a {size} pizza"), &words("very large pizza please")).unwrap();
        assert_eq!(found.slots, [("size".into(), "very large".into())]);
        assert_eq!(match_sentence(&sentence("a {size} pizza"), &words("a pizza")), None);
    }
}
