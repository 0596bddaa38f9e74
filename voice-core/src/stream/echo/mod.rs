//! Echo cancellation of a session: what the loudspeaker played, laid beside what the microphone heard.
//!
//! Both ends are put on one timeline, the session's. The far end gets there by the clock that paces playout; a listener
//! that reports says by how much it is behind. The near end gets there by when it arrives. What delay is left after that
//! (the network, the client's buffers, the room) stays the same from moment to moment, and the canceller finds it.

mod loudspeaker;
mod steady;
mod stream_canceller;
mod tape;

pub use loudspeaker::Loudspeaker;
pub use stream_canceller::StreamEchoCanceller;
pub use tape::PlayedTape;

/// The rate of both ends, in Hz.
const RATE: u32 = 16_000;
