//! What a detector tells.

use crate::time::AudioTime;
use std::borrow::Cow;
use std::time::Duration;

/// A piece of what was heard. Times count the audio received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpeechItem<'a> {
    /// An utterance began.
    Started {
        /// Its onset, dated back to before it was certain.
        at: AudioTime,
    },
    /// Audio of the utterance, 16 kHz mono: first the padding before the onset, then without gap or overlap all up to
    /// the window that ended it. Inserted silence is left out: only its time passes.
    Audio {
        /// Where it begins.
        at: AudioTime,
        /// The samples, exactly as they came in.
        pcm: Cow<'a, [i16]>,
    },
    /// The speaker has been silent for a moment; the utterance may go on. Not told where it ends with the same window.
    Paused {
        /// The end of the last window of clear speech.
        at: AudioTime,
    },
    /// The pause was one: the utterance goes on.
    Resumed {
        /// The beginning of the first window of clear speech.
        at: AudioTime,
    },
    /// The utterance ended.
    Ended {
        /// The end of the last window of speech.
        at: AudioTime,
        /// Silence heard since then.
        silence: Duration,
    },
}

impl SpeechItem<'_> {
    /// The same item with audio of its own.
    pub fn into_owned(self) -> SpeechItem<'static> {
        match self {
            Self::Started { at } => SpeechItem::Started { at },
            Self::Audio { at, pcm } => SpeechItem::Audio { at, pcm: Cow::Owned(pcm.into_owned()) },
            Self::Paused { at } => SpeechItem::Paused { at },
            Self::Resumed { at } => SpeechItem::Resumed { at },
            Self::Ended { at, silence } => SpeechItem::Ended { at, silence },
        }
    }
}
