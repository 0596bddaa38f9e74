//! Providers of speech recognition, language and speech for `voice-core`.
//!
//! Every provider implements a trait of [`voice_core::stage`] and is chosen by its name in configuration. [`local`] needs
//! no key and no network and is what an agent runs on when nothing else is configured.
//!
//! Each provider has the same files: `config` (its options), a file a stage, and `wire`, the pure coding of its messages.

#![deny(unsafe_code)]

#[cfg(any(feature = "websocket", feature = "fallback"))]
mod backoff;
mod endpoint;
#[allow(dead_code, reason = "shared by the services that are built in")]
mod milliseconds;
#[cfg(feature = "tls")]
mod reach;
mod secret;
#[cfg(feature = "tls")]
#[cfg_attr(not(all(feature = "openai", feature = "tavily")), allow(dead_code, reason = "shared by several services"))]
mod tls;

#[cfg(feature = "http")]
#[cfg_attr(not(all(feature = "openai", feature = "tavily")), allow(dead_code, reason = "shared by several services"))]
mod http;
#[cfg(feature = "websocket")]
mod pcm;
#[cfg(any(feature = "deepgram", feature = "openai", feature = "tavily"))]
mod retry;
#[cfg(feature = "websocket")]
#[cfg_attr(not(all(feature = "cartesia", feature = "deepgram")), allow(dead_code, reason = "a service uses its part"))]
mod speech;
#[cfg(feature = "openai")]
mod sse;
#[cfg(feature = "websocket")]
#[cfg_attr(not(all(feature = "cartesia", feature = "deepgram")), allow(dead_code, reason = "a service uses its part"))]
mod timer;
#[cfg(feature = "websocket")]
#[cfg_attr(not(all(feature = "cartesia", feature = "deepgram")), allow(dead_code, reason = "a service uses its part"))]
mod ws;

#[cfg(feature = "cartesia")]
pub mod cartesia;
#[cfg(feature = "catalog")]
pub mod catalog;
#[cfg(feature = "deepgram")]
pub mod deepgram;
#[cfg(feature = "fallback")]
pub mod fallback;
#[cfg(feature = "openai")]
pub mod groq;
#[cfg(feature = "local")]
pub mod local;
#[cfg(feature = "openai")]
pub mod openai;
#[cfg(feature = "tavily")]
pub mod tavily;

pub use endpoint::Endpoint;
#[cfg(feature = "http")]
pub use http::client as http_client;
#[cfg(feature = "tls")]
pub use reach::connect_time;
pub use secret::Secret;
