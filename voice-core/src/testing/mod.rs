//! What a test of an agent needs: providers with settable latencies whose calls can be counted, and a VAD that listens
//! to loudness.

mod fakes;

pub use fakes::{FakeLlm, FakeStt, FakeTts, LiveCalls};
