//! Adapters that lift the stages to streams, and the hand-offs between them.

mod handoff;
mod playout;

pub use handoff::{HandoffSender, HandoffStream, Weighted, handoff};
pub use playout::{Playout, PlayoutConfig};
