//! The server over real sockets.

// A test fails where a helper does, and asks how long something took.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../support/mod.rs"]
mod support;

mod admission;
mod api;
mod cloud;
mod config;
mod control;
mod drain;
mod fallback;
mod flow;
mod frames;
mod guard;
mod http;
mod isolation;
mod keys;
mod limits;
mod login;
mod metrics;
mod nodes;
mod operations;
mod outage;
mod pressure;
mod process;
mod regions;
mod resume;
mod secrets;
mod shared_tokens;
mod strangers;
mod tls;
mod tokens;
mod tools;
mod traces;
mod users;
