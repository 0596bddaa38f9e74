//! OpenAI's dialect against a scripted server on loopback: what is sent, byte for byte; what comes of every way in which
//! an answer can come or fail; and that nothing is left when a call is cancelled or dropped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::disallowed_methods)]
#![allow(missing_docs, unreachable_pub)]

mod conformance;
mod live;
mod llm;
mod logs;
#[path = "../support/http_server.rs"]
mod server;
mod stt;
mod tools;
mod warm_up;
