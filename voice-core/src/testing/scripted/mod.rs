//! Conversations as data: what the client does, what the services say and how long they take. The real driver runs them on
//! Tokio's paused clock, and what the client is told is a log that is the same, byte for byte, in every language.
//!
//! [`Script`] describes a script, one JSON object. Where it lists `"foreign":["llm","tts","tools"]`, those stages may be
//! written in the language of a host: what they say stands in the script as data, which the host interprets as [`says`]
//! does; what they take, and where they stand still, is up to the runner around them. So a stage of the host and one in Rust
//! give the same log. The simulated clock stands still while the host works.
//!
//! The log is one JSON object a line: `ms`, the time, and the frame as in the `/ws` contract. Audio that no frame comes between is
//! one line, `{"ms","type":"audio","turn","until_ms","pieces","bytes","checksum"}`, whose checksum is FNV-1a over the time in
//! ms (64-bit little-endian), the length (the same) and the samples of each piece.

mod client;
mod hearing;
mod host;
mod log;
mod player;
mod run;
pub mod says;
mod script;
mod stages;
mod timing;

pub use run::{Hosts, run};
pub use script::{
    Act, ClientSays, Deed, Failure, ForeignStage, HeardPart, HeardTurn, InsteadOf, Script, SttSays, Timed,
};
