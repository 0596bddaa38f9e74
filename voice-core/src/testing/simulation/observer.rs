//! Who looks on.

use crate::conversation::{Command, Conversation, Input};
use crate::recording::Recorder;
use crate::time::SessionTime;

/// Sees everything a simulated conversation is told and wants done, to check it or to write it down.
pub trait Observer {
    /// A fact is about to be told.
    fn told(&mut self, now: SessionTime, input: &Input) {
        let _ = (now, input);
    }

    /// A command was given and is about to be carried out.
    fn given(&mut self, now: SessionTime, command: &Command) {
        let _ = (now, command);
    }

    /// All commands of a fact, which was [`Input::Timeout`] or was not, were carried out.
    fn settled(&mut self, now: SessionTime, conversation: &Conversation, timed_out: bool) {
        let _ = (now, conversation, timed_out);
    }
}

/// Nobody.
impl Observer for () {}

impl Observer for Recorder {
    fn told(&mut self, now: SessionTime, input: &Input) {
        self.input(now, input);
    }

    fn given(&mut self, _: SessionTime, command: &Command) {
        self.command(command);
    }
}
