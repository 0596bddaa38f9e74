//! Finding the utterances in a stream of microphone audio.

mod config;
mod detector;
mod gate;
mod history;
mod item;

pub use config::SpeechConfig;
pub use detector::SpeechDetector;
pub use item::SpeechItem;
