//! Providers of speech recognition, language and speech for `voice-core`.
//!
//! Every provider implements a trait of [`voice_core::stage`] and is chosen by its name in configuration. [`local`] needs
//! no key and no network and is what an agent runs on when nothing else is configured.
//!
//! Each provider has the same files: `config` (its options), a file a stage, and `wire`, the pure coding of its messages.

#![deny(unsafe_code)]

mod endpoint;
mod secret;
#[cfg(feature = "tls")]
#[cfg_attr(
    not(any(feature = "openai", feature = "tavily")),
    allow(dead_code, reason = "Deepgram makes no HTTP request")
)]
mod tls;

#[cfg(feature = "http")]
#[cfg_attr(not(all(feature = "openai", feature = "tavily")), allow(dead_code, reason = "shared by several services"))]
mod http;
#[cfg(any(feature = "openai", feature = "tavily"))]
mod retry;
#[cfg(feature = "openai")]
mod sse;
#[cfg(feature = "websocket")]
mod ws;

#[cfg(feature = "deepgram")]
pub mod deepgram;
#[cfg(feature = "openai")]
pub mod groq;
#[cfg(feature = "local")]
pub mod local;
#[cfg(feature = "openai")]
pub mod openai;
#[cfg(feature = "tavily")]
pub mod tavily;

pub use endpoint::Endpoint;
pub use secret::Secret;
