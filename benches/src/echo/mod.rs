//! Calls without headphones: what the loudspeaker plays comes back through the microphone.

mod call;
mod engines;
mod room;
mod topics;

pub use call::{Call, Outcome, Reply, Scene};
pub use engines::{Listener, Speaker};
pub use room::Room;
pub use topics::TOPICS;
