//! What a test of an agent needs: providers with settable latencies whose calls can be counted, scripts that tell a
//! conversation facts at given times, whole calls in [simulated time](simulation), and the suite that every provider must
//! pass.

pub mod conformance;
mod fakes;
mod fates;
mod foreign_conformance;
mod random;
mod script;
pub mod scripted;
pub mod simulation;
mod timeline;

pub use fakes::{FakeLlm, FakeStt, FakeTool, FakeTts, LiveCalls};
pub use fates::{Fate, Faulty};
pub use foreign_conformance::{ConformanceReport, Tried, foreign_conformance};
pub use random::Random;
pub use script::Script;
pub use simulation::{Act, Call, Latency, Report, Scenario, When, what_if};
pub use timeline::{Moment, Timeline};

/// The page on writing a provider, whose code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/writing-a-provider.md")]
pub struct WritingAProvider;

/// The page on testing and replay, whose code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/testing.md")]
pub struct TestingAndReplay;
