//! The domain: what one can say, and what is answered.

use super::action::Action;
use super::matching::{Match, Part, match_sentence};
use super::words::normalise;
use super::{answer::Answer, file};
use serde::Serialize;
use std::collections::BTreeMap;
use voice_core::Result;

/// Sentences of one pattern that the language model learns, at most: a pattern with more takes evenly spread ones.
const MOST_EXPANSIONS: usize = 400;

/// What one can say to the demo, by group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intents {
    pub(super) slots: BTreeMap<String, Vec<String>>,
    pub(super) groups: Vec<Group>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) title: String,
    pub(super) intents: Vec<Intent>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Intent {
    pub(super) action: Action,
    pub(super) sentences: Vec<Vec<Part>>,
    pub(super) say: Vec<String>,
    pub(super) trials: Vec<Trial>,
    pub(super) replies: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) say: String,
    pub(super) answer: String,
}

/// What one can say, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examples {
    /// In the order of the file.
    pub groups: Vec<ExampleGroup>,
}

/// Examples of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExampleGroup {
    /// Its heading.
    pub title: String,
    /// What one can say.
    pub sentences: Vec<String>,
}

/// A sentence with the answer it gets at the start of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utterance {
    /// What is said, which is also the transcript expected: lower-case words separated by blanks.
    pub say: String,
    /// What is answered.
    pub answer: Answer,
}

impl Intents {
    /// The demo's own.
    ///
    /// # Errors
    /// None in a released build: a test reads the same file.
    pub fn builtin() -> Result<Self> {
        Self::parse(include_str!("../../../intents.toml"))
    }

    /// Reads an intents file.
    ///
    /// # Errors
    /// `InvalidConfig` naming the intent and the line.
    pub fn parse(text: &str) -> Result<Self> {
        file::parse(text)
    }

    /// Sentences one can say, slots filled: all of a pattern where there are few, else an even spread in which every
    /// value stands in every slot.
    pub fn sentences(&self) -> Vec<String> {
        self.weighted_sentences().into_iter().map(|(sentence, _)| sentence).collect()
    }

    /// The sentences with the weight each has in the language model: a pattern weighs the same however many it makes.
    pub(crate) fn weighted_sentences(&self) -> Vec<(String, f64)> {
        let patterns = self.intents().flat_map(|intent| &intent.say);
        patterns
            .flat_map(|pattern| {
                let expanded = self.expand(pattern);
                let weight = 1.0 / expanded.len() as f64;
                expanded.into_iter().map(move |sentence| (sentence, weight))
            })
            .collect()
    }

    /// A few sentences of each group, for people to read.
    pub fn examples(&self) -> Examples {
        let sentences = |group: &Group| {
            group.intents.iter().filter_map(|intent| intent.trials.first()).map(|trial| trial.say.clone()).collect()
        };
        let groups = self.groups.iter();
        Examples {
            groups: groups
                .map(|group| ExampleGroup { title: group.title.clone(), sentences: sentences(group) })
                .collect(),
        }
    }

    /// Sentences with their answers, each for a conversation of its own.
    pub fn utterances(&self) -> Vec<Utterance> {
        let trials = self.intents().flat_map(|intent| &intent.trials);
        trials.map(|trial| Utterance { say: trial.say.clone(), answer: Answer::new(&trial.answer) }).collect()
    }

    fn intents(&self) -> impl Iterator<Item = &Intent> {
        self.groups.iter().flat_map(|group| &group.intents)
    }

    /// The intent nearest to a text, and what stands in its slots.
    pub(super) fn find(&self, text: &str) -> Option<(&Intent, Match)> {
        let words = normalise(text);
        self.intents()
            .flat_map(|intent| intent.sentences.iter().map(move |sentence| (intent, sentence)))
            .filter_map(|(intent, sentence)| Some((intent, match_sentence(sentence, &words)?)))
            .min_by_key(|(_, found)| found.distance)
    }

    /// The first intent with this action.
    pub(super) fn of(&self, action: Action) -> Option<&Intent> {
        self.intents().find(|intent| intent.action == action)
    }

    fn expand(&self, pattern: &str) -> Vec<String> {
        let words: Vec<&str> = pattern.split_whitespace().collect();
        let choices: Vec<Vec<&str>> = words
            .iter()
            .map(|word| {
                let slot = word.strip_prefix('{').and_then(|word| word.strip_suffix('}'));
                match slot.and_then(|slot| self.slots.get(slot)) {
                    Some(values) => values.iter().map(String::as_str).collect(),
                    None => vec![*word],
                }
            })
            .collect();
        let all = choices.iter().map(Vec::len).product::<usize>();
        let step = all.div_ceil(MOST_EXPANSIONS);
        // A step that shares no factor with the number of values visits every one of them in every slot.
        let step = (step..).find(|step| choices.iter().all(|values| coprime(*step, values.len()))).unwrap_or(1);
        (0..all).step_by(step).map(|index| pick(&choices, index)).collect()
    }
}

fn pick(choices: &[Vec<&str>], mut index: usize) -> String {
    let mut words = Vec::with_capacity(choices.len());
    for values in choices {
        words.push(values[index % values.len()]);
        index /= values.len();
    }
    words.join(" ")
}

fn coprime(a: usize, b: usize) -> bool {
    let (mut a, mut b) = (a, b);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}
