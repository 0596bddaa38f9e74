//! Reads a recording.

use super::line::{COMMAND, END, End, EndLine, Header, InputLine, VERSION};
use crate::conversation::Input;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::time::SessionTime;

/// A recording that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    pub(super) header: Header,
    pub(super) inputs: Vec<(SessionTime, Input)>,
    pub(super) commands: Vec<String>,
    pub(super) end: Option<End>,
}

impl Recording {
    /// Reads the lines of a recording. A last line that was cut off in the middle is left out.
    ///
    /// # Errors
    /// `InvalidInput` naming the line that cannot be read, `Unsupported` for another version of the format.
    pub fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).peekable();
        let Some((_, first)) = lines.next() else { return Err(unreadable("it is empty")) };
        let mut recording = Self { header: header(first)?, inputs: Vec::new(), commands: Vec::new(), end: None };
        let whole = text.ends_with('\n');
        while let Some((index, line)) = lines.next() {
            let last = lines.peek().is_none();
            if let Err(error) = recording.line(line) {
                if last && !whole {
                    break;
                }
                return Err(unreadable(format!("line {}: {error}", index + 1)));
            }
        }
        Ok(recording)
    }

    fn line(&mut self, line: &str) -> serde_json::Result<()> {
        if line.starts_with(COMMAND) {
            serde_json::from_str::<serde::de::IgnoredAny>(line)?;
            self.commands.push(line.to_owned());
        } else if line.starts_with(END) {
            self.end = Some(serde_json::from_str::<EndLine>(line)?.end);
        } else {
            let InputLine { at, input } = serde_json::from_str(line)?;
            self.inputs.push((at, input.into_owned()));
        }
        Ok(())
    }

    /// What the conversation began with.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What it was told, each with its time, in order.
    pub fn inputs(&self) -> &[(SessionTime, Input)] {
        &self.inputs
    }

    /// What it wanted done, in order: the lines as they were written.
    pub fn commands(&self) -> &[String] {
        &self.commands
    }

    /// How it ended; `None` when whoever recorded was cut off.
    pub fn end(&self) -> Option<End> {
        self.end
    }
}

fn header(line: &str) -> Result<Header> {
    /// The version alone: the rest of a header of another version may be anything.
    #[derive(serde::Deserialize)]
    struct Version {
        voice_agent_recording: u32,
    }
    let Version { voice_agent_recording: version } =
        serde_json::from_str(line).map_err(|error| unreadable(format!("it has no header: {error}")))?;
    if version != VERSION {
        let message = format!("a recording of format {version}; this library reads format {VERSION}");
        return Err(Error::new(ErrorKind::Unsupported, Stage::Session, message));
    }
    serde_json::from_str(line).map_err(|error| unreadable(format!("line 1: {error}")))
}

fn unreadable(problem: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidInput, Stage::Session, format!("a recording cannot be read: {problem}"))
}
