//! Everything on this machine, without a key: PocketSphinx hears, the demo brain answers, flite speaks.
//!
//! The three share one source, `intents.toml`: its sentences are the recogniser's language model, the brain's rules and
//! the list of things one can say. The recogniser therefore knows the demo's vocabulary and nothing else.
//!
//! PocketSphinx (BSD) and flite (BSD-like) are loaded at run time and never linked; where they are not installed,
//! [`LocalStt::load`] and [`LocalTts::load`] answer with `EngineMissing` and the package to install. The demo brain
//! needs nothing.

mod brain;
mod library;
mod stt;
mod tts;
mod workers;

pub use brain::{Answer, Clock, DemoBrain, DemoBrainConfig, ExampleGroup, Examples, Intents, SystemClock, Utterance};
pub use stt::{LocalStt, LocalSttConfig};
pub use tts::{LocalTts, LocalTtsConfig};
