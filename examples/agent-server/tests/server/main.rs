//! The server over real sockets.

#[path = "../support/mod.rs"]
mod support;

mod api;
mod config;
mod drain;
mod frames;
mod guard;
mod http;
mod process;
mod resume;
