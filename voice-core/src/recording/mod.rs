//! What a session's conversation was told and what it wanted done, as lines of JSON: to be kept, read and replayed.
//!
//! ```text
//! {"voice_agent_recording":1,"library":"0.1.0","words":"masked","config":{…},"tools":[…]}
//! {"at":1064000000,"input":{"speech_started":{"at":48000}}}
//! {"command":{"emit":{"speech":{"started":true,"at":48000}}}}
//! {"end":"closed"}
//! ```
//!
//! The first line is the [`Header`]. An input names its time, in ns since the session began; positions in audio are in
//! ticks of 48 kHz. A command is one that the inputs before it led to. The last line says whether the session closed or
//! the recording was full; without one, whoever recorded was cut off. No audio is ever in it, and no key: the machine
//! knows of neither.
//!
//! A sink is all a live session needs (`SessionOptions::recording`); [`Recording`] reads what it was given.

mod line;
mod masking;
mod reading;
mod recorder;
mod replay;
mod sink;

pub use line::{End, Header, VERSION};
pub use reading::Recording;
pub use recorder::Recorder;
pub use replay::{Difference, Replay};
pub use sink::{RecordingBuffer, RecordingOptions, RecordingSink, Words};
