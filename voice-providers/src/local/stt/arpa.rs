//! A back-off trigram language model in the ARPA format, made from sentences.
//!
//! Each history gives the fixed share [`DISCOUNT`] of its probability to words never seen after it, distributed as the
//! next shorter history would (Jelinek's back-off with a constant discount). Counts are weights and may be fractions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The share of a history's probability set aside for words it was never followed by. Small, since the sentences are all
/// that can be said: down to this, the smaller it is the fewer of them are misheard.
const DISCOUNT: f64 = 0.05;
/// What the format writes for a probability of zero.
const NEVER: f64 = -99.0;

const START: &str = "<s>";
const END: &str = "</s>";

type Counts = BTreeMap<Vec<String>, f64>;
/// By word sequence: the logarithm of its probability and, where longer ones begin with it, of its back-off weight.
type Order = BTreeMap<Vec<String>, (f64, Option<f64>)>;

/// Word sequences of one to three words with their logarithms: of the probability, and of the back-off weight.
#[derive(Debug, Default)]
pub(super) struct Model {
    orders: [Order; 3],
}

impl Model {
    /// A model of sentences, each with its weight. Words are separated by blanks.
    pub(super) fn new<'a>(sentences: impl IntoIterator<Item = (&'a str, f64)>) -> Self {
        let counts = count(sentences);
        let mut model = Self::default();
        model.add_unigrams(&counts[0]);
        model.add_longer(1, &counts[1]);
        model.add_longer(2, &counts[2]);
        model
    }

    fn add_unigrams(&mut self, counts: &Counts) {
        let total: f64 = counts.iter().filter(|(gram, _)| gram[0] != START).map(|(_, count)| count).sum();
        for (gram, count) in counts {
            let log = if gram[0] == START { NEVER } else { (count / total).log10() };
            self.orders[0].insert(gram.clone(), (log, None));
        }
    }

    /// Adds sequences of `length + 1` words and, to the histories they extend, the back-off weight that makes each
    /// history's probabilities sum to one.
    fn add_longer(&mut self, length: usize, counts: &Counts) {
        let mut totals: BTreeMap<&[String], f64> = BTreeMap::new();
        let mut covered: BTreeMap<&[String], f64> = BTreeMap::new();
        for (gram, count) in counts {
            let history = &gram[..length];
            *totals.entry(history).or_default() += count;
            *covered.entry(history).or_default() += 10f64.powf(self.log_probability(&gram[1..]));
        }
        for (gram, count) in counts {
            let probability = (1.0 - DISCOUNT) * count / totals[&gram[..length]];
            self.orders[length].insert(gram.clone(), (probability.log10(), None));
        }
        for (history, covered) in covered {
            // What follows this history always: nothing is left to back off to.
            let left = (1.0 - covered).max(1e-9);
            if let Some(entry) = self.orders[length - 1].get_mut(history) {
                entry.1 = Some((DISCOUNT / left).log10());
            }
        }
    }

    /// The logarithm (base 10) of the probability of the last word after those before it.
    pub(super) fn log_probability(&self, gram: &[String]) -> f64 {
        if let Some((log, _)) = gram.len().checked_sub(1).and_then(|order| self.orders.get(order)?.get(gram)) {
            return *log;
        }
        if gram.len() < 2 {
            return NEVER;
        }
        let history = &gram[..gram.len() - 1];
        let back_off = self.orders[history.len() - 1].get(history).and_then(|entry| entry.1).unwrap_or(0.0);
        back_off + self.log_probability(&gram[1..])
    }

    /// The words of the model, the marks of start and end left out.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.orders[0].keys().map(|gram| gram[0].as_str()).filter(|word| *word != START && *word != END)
    }

    /// The model as an ARPA file.
    pub(super) fn to_arpa(&self) -> String {
        let mut text = String::from("\\data\\\n");
        for (order, grams) in self.orders.iter().enumerate() {
            let _ = writeln!(text, "ngram {}={}", order + 1, grams.len());
        }
        for (order, grams) in self.orders.iter().enumerate() {
            let _ = write!(text, "\n\\{}-grams:\n", order + 1);
            for (gram, (log, back_off)) in grams {
                let _ = write!(text, "{log:.4} {}", gram.join(" "));
                let _ = match back_off {
                    Some(back_off) => writeln!(text, " {back_off:.4}"),
                    None if order < 2 => writeln!(text, " 0.0000"),
                    None => writeln!(text),
                };
            }
        }
        text.push_str("\n\\end\\\n");
        text
    }
}

fn count<'a>(sentences: impl IntoIterator<Item = (&'a str, f64)>) -> [Counts; 3] {
    let mut counts: [Counts; 3] = Default::default();
    for (sentence, weight) in sentences {
        let words: Vec<String> = std::iter::once(START)
            .chain(sentence.split_whitespace())
            .chain(std::iter::once(END))
            .map(str::to_owned)
            .collect();
        for (order, counts) in counts.iter_mut().enumerate() {
            for gram in words.windows(order + 1) {
                *counts.entry(gram.to_vec()).or_default() += weight;
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENTENCES: [(&str, f64); 4] =
        [("what time is it", 1.0), ("what day is it", 1.0), ("tell me a story", 0.5), ("tell me the time", 2.0)];

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// Over all words that may follow; the start never does.
    fn sum_after(model: &Model, history: &str) -> f64 {
        let next = model.words().chain([END]);
        next.map(|word| 10f64.powf(model.log_probability(&words(&format!("{history} {word}"))))).sum()
    }

    #[test]
    fn probabilities_sum_to_one_after_every_history() {
        let model = Model::new(SENTENCES);
        for history in ["", "<s>", "tell", "is it", "tell me", "<s> what", "me time", "story story", "time is"] {
            let sum = sum_after(&model, history);
            assert!((sum - 1.0).abs() < 1e-6, "{history:?}: {sum}");
        }
    }

    #[test]
    fn a_heavier_sentence_is_likelier_and_unseen_order_is_possible() {
        let model = Model::new(SENTENCES);
        let log = |text: &str| model.log_probability(&words(text));
        assert!(log("tell me the") > log("tell me a"));
        assert!(log("time is story") > NEVER && log("time is story") < log("time is it"));
    }

    #[test]
    fn the_file_declares_as_many_entries_as_it_holds() {
        let text = Model::new(SENTENCES).to_arpa();
        for order in 1..=3 {
            let declared: usize =
                text.lines().find_map(|line| line.strip_prefix(&format!("ngram {order}="))).unwrap().parse().unwrap();
            let section = text.split(&format!("\\{order}-grams:\n")).nth(1).unwrap();
            assert_eq!(section.lines().take_while(|line| !line.is_empty()).count(), declared);
        }
    }
}
