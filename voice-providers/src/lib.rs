//! Providers of speech recognition, language and speech for `voice-core`.
//!
//! Every provider implements a trait of [`voice_core::stage`] and is chosen by its name in configuration. [`local`] needs
//! no key and no network and is what an agent runs on when nothing else is configured.

#![deny(unsafe_code)]

#[cfg(feature = "local")]
pub mod local;
