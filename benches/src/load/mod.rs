//! Scripted users that talk to a server in real time over `/ws`, what they saw, and what it cost the server.
//!
//! One thread drives all of them. What they measure is told beside how late they were themselves, so that a load generator
//! that is out of breath is not taken for a slow server.
#![allow(clippy::disallowed_methods)] // Users live in real time.

mod bare;
mod chaos;
mod echo;
mod failover;
mod faults;
mod http;
mod invariants;
mod lateness;
mod material;
mod options;
mod player;
mod record;
mod redis;
mod report;
mod run;
mod script;
mod server;
mod soak;
mod socket;
mod user;
mod visit;
mod wire;

pub use chaos::{Chaos, Survived};
pub use failover::{Failover, WentOn};
pub use faults::{Fault, Faults};
pub use http::get_json;
pub use invariants::Invariants;
pub use lateness::Services;
pub use material::Material;
pub use options::{Load, command};
pub use record::Record;
pub use report::{Cost, Outcome, Spread};
pub use run::{run, runtime};
pub use server::{Kind, Place, ServerProcess, keep_to_core, serve};
pub use soak::{Left, soak};
pub use socket::{Connecting, Refused, Socket};
pub use visit::{Visited, Visits, visit};
pub use wire::Message;
