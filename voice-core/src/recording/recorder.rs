//! Writes a recording.

use super::line::{CommandLine, End, EndLine, Header, InputLine, VERSION};
use super::masking::Masking;
use super::sink::{RecordingOptions, RecordingSink, Words};
use crate::conversation::{Command, ConversationConfig, Input};
use crate::time::SessionTime;
use crate::tool::ToolSpec;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Room kept for the last line.
const LAST_LINE: usize = 24;

/// Records one conversation: every input when it is told, every command when it is carried out.
pub struct Recorder {
    sink: Arc<dyn RecordingSink>,
    masking: Option<Masking>,
    /// Bytes that may still be written.
    left: usize,
    over: bool,
    line: Vec<u8>,
}

impl Recorder {
    /// Begins the recording of a conversation that has not begun.
    pub fn begin(options: &RecordingOptions, config: &ConversationConfig, tools: &[ToolSpec]) -> Self {
        let masking = match options.words {
            Words::Masked => Some(Masking::new(config.interruption.clone())),
            Words::Kept => None,
        };
        let mut recorder = Self {
            sink: options.sink.clone(),
            masking: None,
            left: options.max_bytes,
            over: false,
            line: Vec::with_capacity(512),
        };
        // The words of the header are the operator's own.
        recorder.write(&Header {
            voice_agent_recording: VERSION,
            library: env!("CARGO_PKG_VERSION").into(),
            words: options.words,
            config: config.clone(),
            tools: tools.to_vec(),
        });
        recorder.masking = masking;
        recorder
    }

    /// An input is told.
    pub fn input(&mut self, at: SessionTime, input: &Input) {
        self.write(&InputLine { at, input: Cow::Borrowed(input) });
    }

    /// A command is about to be carried out.
    pub fn command(&mut self, command: &Command) {
        self.write(&CommandLine { command });
    }

    /// The session is over.
    pub fn end(mut self) {
        self.finish(End::Closed);
    }

    fn write(&mut self, line: &impl Serialize) {
        if self.over {
            return;
        }
        self.line.clear();
        let written = match &self.masking {
            None => serde_json::to_writer(&mut self.line, line),
            Some(masking) => serde_json::to_value(line).and_then(|mut value| {
                masking.mask(&mut value);
                serde_json::to_writer(&mut self.line, &value)
            }),
        };
        if written.is_err() || self.line.len() + 1 + LAST_LINE > self.left {
            return self.finish(End::Full);
        }
        self.left -= self.line.len() + 1;
        let taken = std::str::from_utf8(&self.line).is_ok_and(|line| self.sink.take(line));
        self.over = !taken;
    }

    fn finish(&mut self, end: End) {
        if !std::mem::replace(&mut self.over, true)
            && let Ok(line) = serde_json::to_string(&EndLine { end })
            && line.len() < self.left
        {
            self.sink.take(&line);
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("left", &self.left).field("over", &self.over).finish_non_exhaustive()
    }
}
