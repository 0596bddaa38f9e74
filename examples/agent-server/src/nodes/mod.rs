//! The servers that share a Redis: who is alive, and how one asks another.

mod bus;
mod heartbeat;
mod orders;

pub(crate) use bus::Bus;
pub(crate) use heartbeat::Heartbeats;
pub(crate) use orders::{Answer, Deed, anywhere, everywhere, release, unknown_session};
