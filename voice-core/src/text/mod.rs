//! Text on its way to a voice: cut into sentences as it is written, freed of its markup, and cut into words that take
//! their time to say.

mod abbreviations;
mod characters;
mod markup;
mod pace;
mod scanner;
mod sentence;
mod words;

pub use markup::{spoken, spoken_from};
pub use pace::{EDGE_SILENCE_MS, SpeakingTime, WORD_SOUNDED_MS, speaking_time};
pub use sentence::{Sentence, SentenceConfig, SentenceSplitter};
pub use words::{letters, words};
