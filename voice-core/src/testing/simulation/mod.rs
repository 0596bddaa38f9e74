//! A call in simulated time: a scripted user, services with latencies and faults, the real playout, a client that counts
//! its bytes. The conversation is the real one; what surrounds it does what the driver of a session does.
//!
//! ```
//! use voice_core::testing::{Act, Latency, Scenario, When};
//!
//! let mut scenario = Scenario::default()
//!     .then(When::After(Latency::constant(500)), Act::say("What time is it?"))
//!     .then(When::Sounding(Latency::uniform(0, 2_000)), Act::say("No, in Oslo, I mean."))
//!     .then(When::Answered(Latency::constant(800)), Act::say("Thank you."));
//! scenario.model.first_token = Latency::log_normal(98, 217);
//! let call = scenario.run(7);
//! assert_eq!(call.report.problem(), None);
//! assert_eq!(call.report.interrupted, 1);
//! assert!(call.log.contains(r#""text":"No, in Oslo, I mean.""#));
//! assert_eq!(call.log, scenario.run(7).log);
//! ```
//!
//! The log has the format of a [recording](crate::recording), so it can be replayed as one.

mod agenda;
mod client;
mod cut_offs;
mod latency;
mod mouth;
mod obeying;
mod observer;
mod report;
mod scenario;
mod services;
mod tape;
mod user;
mod what_if;
mod world;

pub use latency::Latency;
pub use observer::Observer;
pub use report::Report;
pub use scenario::{
    Act, Fault, Faults, Listener, Model, Network, Recogniser, Scenario, SimulatedTool, Step, Voice, When,
};
pub use what_if::{Comparison, what_if};

use crate::recording::{Recorder, RecordingBuffer, RecordingOptions, Words};
use world::World;

/// A simulated call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// All that the conversation was told and wanted done: a recording with its words.
    pub log: String,
    /// The call in figures.
    pub report: Report,
}

impl Scenario {
    /// Simulates the call. The same scenario and seed give the same call, byte for byte, on the same machine.
    pub fn run(&self, seed: u64) -> Call {
        let buffer = RecordingBuffer::new();
        let mut options = RecordingOptions::new(buffer.clone());
        (options.words, options.max_bytes) = (Words::Kept, usize::MAX);
        let mut recorder = Recorder::begin(&options, &self.conversation, &world::tools(self));
        let report = self.watch(seed, &mut recorder);
        recorder.end();
        Call { log: buffer.text(), report }
    }

    /// As [`run`](Self::run), without a log, for somebody who looks on; `&mut ()` is nobody.
    pub fn watch(&self, seed: u64, observer: &mut dyn Observer) -> Report {
        World::new(self, seed, observer).run()
    }
}
