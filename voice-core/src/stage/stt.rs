//! Speech to text.

use super::{CallContext, Notice};
use crate::error::Result;
use crate::id::TurnId;
use crate::time::AudioTime;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt, future::BoxFuture};

/// One request for a final transcript. A turn that goes on after a pause is finalised again with a higher `attempt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FinalizeId {
    /// The turn.
    pub turn: TurnId,
    /// Counted from 0 within the turn.
    pub attempt: u32,
}

/// What goes into a recogniser, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum SttInput {
    /// A piece of the user's turn: 16 kHz mono PCM16 in native byte order. Only speech is sent, its prefix padding and
    /// the pauses inside the turn included.
    Audio {
        /// The turn it belongs to.
        turn: TurnId,
        /// When its first sample was recorded.
        at: AudioTime,
        /// The samples.
        pcm: Bytes,
    },
    /// The speaker has paused: answer with a final transcript of the whole turn so far.
    Finalize(FinalizeId),
}

/// What comes out of a recogniser.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SttEvent {
    /// The turn's words so far, all of them; may change.
    Partial {
        /// The turn.
        turn: TurnId,
        /// Its words so far.
        text: String,
    },
    /// The turn's words up to a [`SttInput::Finalize`], all of them. Exactly one for each.
    Final {
        /// The request it answers.
        id: FinalizeId,
        /// The words; empty when there were none.
        text: String,
        /// Something was said, but not understood well enough to give words.
        unclear: bool,
    },
    /// The provider's own idea of whether the turn is over.
    TurnEstimate {
        /// The turn.
        turn: TurnId,
        /// 0 … 1.
        probability: f32,
    },
    /// News of the providers behind this one.
    Notice(Notice),
}

/// A speech recogniser. Shared by all sessions; `transcribe` is called once a session.
pub trait SttProvider: Send + Sync {
    /// Its name, as in configuration: `local`, `deepgram`, …
    fn name(&self) -> &str;

    /// Recognises the audio of one session until `input` ends or `cx` is cancelled.
    fn transcribe(&self, input: BoxStream<'static, SttInput>, cx: CallContext) -> BoxStream<'static, Result<SttEvent>>;

    /// Prepares a connection or a model so that the first call is as fast as the second.
    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        async { Ok(()) }.boxed()
    }
}
