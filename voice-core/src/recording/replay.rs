//! Tells a conversation again what it was told, and compares what it wants done.

use super::line::{CommandLine, End};
use super::masking::shape;
use super::reading::Recording;
use super::sink::Words;
use crate::conversation::Conversation;
use serde_json::Value;

/// What came of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// What the conversation wants done, in the lines of a recording.
    pub commands: Vec<String>,
    /// Where it first decided otherwise than it had.
    pub difference: Option<Difference>,
}

/// Where a replay and its recording part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which command, counted from 0.
    pub index: usize,
    /// As it was recorded; `None` when there was none any more.
    pub recorded: Option<String>,
    /// As it is now.
    pub replayed: Option<String>,
}

impl Recording {
    /// Begins the same conversation and tells it the same facts at the same times. The same library makes the same
    /// decisions, byte for byte; where the words are masked, word for word of the same lengths, and as long as no decision hung on one
    /// that [`Words::Masked`] does not keep.
    pub fn replay(&self) -> Replay {
        let mut conversation =
            Conversation::new(self.header.config.clone()).with_tools(self.header.tools.clone().into());
        let mut commands = Vec::with_capacity(self.commands.len());
        for (at, input) in &self.inputs {
            conversation.handle(*at, input.clone());
            while let Some(command) = conversation.poll() {
                // A command has nothing that could not be written.
                commands.push(serde_json::to_string(&CommandLine { command: &command }).unwrap_or_default());
            }
        }
        let difference = self.difference(&commands);
        Replay { commands, difference }
    }

    fn difference(&self, replayed: &[String]) -> Option<Difference> {
        // One that was cut off may lack what its last input led to.
        let compared = match self.end {
            Some(End::Closed) => self.commands.len().max(replayed.len()),
            Some(End::Full) | None => self.commands.len(),
        };
        let index = (0..compared).find(|index| match (self.commands.get(*index), replayed.get(*index)) {
            (Some(recorded), Some(replayed)) => !self.equal(recorded, replayed),
            (recorded, replayed) => recorded.is_some() != replayed.is_some(),
        })?;
        Some(Difference { index, recorded: self.commands.get(index).cloned(), replayed: replayed.get(index).cloned() })
    }

    fn equal(&self, recorded: &str, replayed: &str) -> bool {
        let shaped = |line: &str| {
            let mut value: Value = serde_json::from_str(line).unwrap_or_default();
            shape(&mut value);
            value
        };
        recorded == replayed || self.header.words == Words::Masked && shaped(recorded) == shaped(replayed)
    }
}
