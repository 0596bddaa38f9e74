//! Text: on its way to a voice, cut into sentences as it is written, freed of its markup, and cut into words that take
//! their time to say; and what was said, compared and judged by its words.

mod abbreviations;
mod characters;
mod completeness;
mod markup;
mod numbers;
mod pace;
mod scanner;
mod sentence;
mod spoken_form;
mod tokens;
mod words;

pub use completeness::{Completeness, completeness, decides_turns, other_number_word};
pub use markup::{spoken, spoken_from};
pub use numbers::{NUMBER_SCALES, small_number, small_number_word};
pub use pace::{EDGE_SILENCE_MS, SpeakingTime, WORD_SOUNDED_MS, is_vowel, speaking_time};
pub use sentence::{Sentence, SentenceConfig, SentenceSplitter};
pub use spoken_form::spoken_form;
pub use tokens::{estimated_tokens, within_tokens};
pub use words::{letters, words};
