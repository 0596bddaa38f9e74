//! Providers written in the language of a host: speech to text, language model, text to speech, tools and voice activity
//! detection in Python or JavaScript, behind the same traits as those written in Rust.
//!
//! ```text
//! core  ──▶ ForeignHost::begin(ForeignCall { kind, request, input, sink, cancel, … })     once a call, never blocks
//! host  ──▶ input.next().await        the next item, JSON and audio; None at its end
//! host  ──▶ sink.send(item).await     waits while as many items as may wait are there; fails once the call is over
//! host  ──▶ sink.finish(result)       the end, or what went wrong
//! core  ──▶ cancel.cancelled()        at once when the call is cancelled or dropped: nothing more is wanted
//! ```
//!
//! The core never waits for the host. A call that is dropped is over at that moment, whatever the host does; a host that
//! never answers meets the deadlines that every provider meets. Items are JSON as described in [`item`], checked strictly
//! where they are sent, so that the error names the field and is raised where the item was made.
//!
//! | what | here |
//! |---|---|
//! | what a host implements | [`ForeignHost`] |
//! | what it is given | [`ForeignCall`], [`ForeignInput`], [`ForeignSink`] |
//! | how it says what went wrong | [`ForeignError`], with the [`Token`](crate::Token) of its own exception |
//! | what an agent is given | [`ForeignLlm`], [`ForeignStt`], [`ForeignTts`], [`ForeignTool`], [`ForeignVad`] |

mod call;
mod error;
mod hold;
mod input;
pub mod item;
mod llm;
mod sink;
mod stt;
mod tool;
mod tts;
mod vad;

pub use call::{ForeignCall, ForeignHost, ForeignKind};
pub use error::ForeignError;
pub use hold::ClockHold;
pub use input::ForeignInput;
pub use item::ForeignItem;
pub use llm::ForeignLlm;
pub use sink::{CallOver, ForeignSink, SendError, WeakSink};
pub use stt::ForeignStt;
pub use tool::ForeignTool;
pub use tts::ForeignTts;
pub use vad::ForeignVad;
