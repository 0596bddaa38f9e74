//! Text: on its way to a voice, cut into sentences as it is written and freed of its markup; and what was said, compared
//! and judged by its words.

mod abbreviations;
mod characters;
mod completeness;
mod markup;
mod scanner;
mod sentence;
mod spoken_form;

pub use completeness::{Completeness, completeness, decides_turns, digit_word};
pub use markup::{spoken, spoken_from};
pub use sentence::{Sentence, SentenceConfig, SentenceSplitter};
pub use spoken_form::spoken_form;
