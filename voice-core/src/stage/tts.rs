//! Text to speech.

use super::{CallContext, Notice};
use crate::error::Result;
use crate::id::SentenceId;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt, future::BoxFuture};

/// What goes into a synthesiser, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TtsInput {
    /// A sentence to speak, free of markup.
    Text {
        /// Its number in the reply.
        sentence: SentenceId,
        /// The words.
        text: String,
    },
    /// No more text for now: speak what is held back.
    Flush,
}

/// When a word sounds, in ms from the start of its sentence's audio.
#[derive(Debug, Clone, PartialEq)]
pub struct WordTiming {
    /// The word as it stands in the text, or as the voice says it: letters and digits are compared, and what is told in
    /// other words is placed between what agrees.
    pub word: String,
    /// Its start.
    pub start_ms: f32,
    /// Its end.
    pub end_ms: f32,
}

/// What comes out of a synthesiser, in the order of the text.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TtsEvent {
    /// Audio: mono PCM16 in native byte order at [`TtsProvider::sample_rate`].
    Audio {
        /// The sentence it speaks.
        sentence: SentenceId,
        /// The samples; always whole ones.
        pcm: Bytes,
    },
    /// Timings of words of the sentence, which decide what of it an interrupted listener heard. They may come before
    /// their audio or after it, in parts, or never; what is not timed is estimated.
    Words {
        /// The sentence.
        sentence: SentenceId,
        /// Its words in order.
        words: Vec<WordTiming>,
    },
    /// All audio of the sentence has been given.
    SentenceEnd {
        /// The sentence.
        sentence: SentenceId,
    },
    /// News of the providers behind this one.
    Notice(Notice),
}

/// A synthesiser. Shared by all sessions; `synthesize` is called once a reply.
pub trait TtsProvider: Send + Sync {
    /// Its name, as in configuration.
    fn name(&self) -> &str;

    /// The rate of its audio, in Hz.
    fn sample_rate(&self) -> u32;

    /// Speaks the sentences of one reply; ends after the last of them or when `cx` is cancelled.
    fn synthesize(&self, text: BoxStream<'static, TtsInput>, cx: CallContext) -> BoxStream<'static, Result<TtsEvent>>;

    /// Prepares a connection or a voice so that the first call is as fast as the second.
    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        async { Ok(()) }.boxed()
    }
}
