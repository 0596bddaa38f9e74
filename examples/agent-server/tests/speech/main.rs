//! People who talk to the server: real speech over real sockets, through the engines on this machine.
//!
//! Tests of engines that are not installed are skipped with a printed line. `VOICE_AGENT_FULL=1` makes the samples whole.

// A test fails where a helper does, and asks how long something took.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, clippy::print_stdout, unreachable_pub)]
#[path = "../support/mod.rs"]
mod support;

mod barge_in;
mod caller;
mod commands;
mod garbage;
mod human;
mod judgement;
mod loudspeaker;
mod many;
mod recording;
mod stage;
