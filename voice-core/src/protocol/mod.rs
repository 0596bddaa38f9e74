//! The `/ws` contract as a pure codec: frames in, frames out, no socket and no clock.
//!
//! A server keeps one [`ServerCodec`] a connection; a client encodes [`ClientFrame`]s and decodes [`ServerFrame`]s.
//! `docs/wire-protocol.md` tells the same story for authors of clients in other languages.

mod client;
mod codec;
mod events;
mod fields;
mod metrics;
mod rejection;
mod server;
mod words;

pub use client::{ClientFrame, Start};
pub use codec::{MAX_BINARY_BYTES, MAX_TEXT_BYTES, ServerCodec};
pub use events::close_code;
pub(crate) use metrics::rounded;
pub use metrics::{MetricsFrame, PathEntry, ProvidersFrame};
pub use rejection::{ErrorCode, Rejection};
pub use server::{DecodeError, Providers, ServerFrame};

use bytes::Bytes;

/// Rates audio may have on the wire, in Hz.
pub const RATES: [u32; 4] = [8_000, 16_000, 24_000, 48_000];

/// The rate of a direction whose rate the client did not name, in Hz.
pub const DEFAULT_RATE: u32 = 16_000;

/// One WebSocket message, either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireMessage {
    /// A text message: one JSON object.
    Text(String),
    /// A binary message: mono PCM16, little-endian.
    Binary(Bytes),
}
