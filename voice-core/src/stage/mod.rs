//! The stages as traits. Signal processing is synchronous and works in the caller's buffer; services take a stream and
//! give a stream.

mod context;
mod denoise;
mod echo;
mod llm;
mod notice;
mod stt;
mod tool;
mod tts;
mod turn;
mod vad;

pub use context::CallContext;
pub use denoise::Denoiser;
pub use echo::EchoCanceller;
pub use llm::{LlmEvent, LlmProvider, LlmPurpose, LlmRequest};
pub use notice::Notice;
pub use stt::{FinalizeId, SttEvent, SttInput, SttProvider};
pub use tool::{FunctionTool, Tool};
pub use tts::{TtsEvent, TtsInput, TtsProvider, WordTiming};
pub use turn::{TurnDetector, TurnSnapshot};
pub use vad::Vad;
