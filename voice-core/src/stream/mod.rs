//! Adapters that make streams of streams: lazy, fused, and stopped by dropping them.

mod sentences;

pub use sentences::{Sentences, SentencesExt};
