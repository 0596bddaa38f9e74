//! Text on its way to a voice: cut into sentences as it is written, and freed of its markup.

mod abbreviations;
mod characters;
mod markup;
mod scanner;
mod sentence;

pub use markup::{spoken, spoken_from};
pub use sentence::{Sentence, SentenceConfig, SentenceSplitter};
