//! What a program in another language needs of a session beside the session itself: one stream of what its client is told, in
//! the order and with the fields of the `/ws` contract; the built-in engines by name; JSON for what it looks up; a report of
//! what this build can do.
//!
//! The server uses the same [`Connection`], so that a client hears the same from both.

mod connection;
mod ears;
mod report;
mod view;

pub use connection::{Connection, Delivery, NotTaken};
pub use ears::{Ears, TurnModel, VadName};
pub use report::{Features, Report};
pub use view::{history_json, providers_json, status_json};
