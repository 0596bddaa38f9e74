//! The client: what it is told, what it asks for, its coming and going.

use super::super::ears::Ears;
use super::super::session::{ClientFormat, Control, SessionStatus};
use super::{Runner, know};
use crate::conversation::{CloseReason, Event, Input};
use crate::error::{Error, ErrorKind, Stage};
use crate::id::TurnId;
use std::sync::Arc;

impl Runner {
    pub(super) fn emit(&mut self, event: Event) {
        self.status.send_if_modified(|status| note(status, &event, self.conversation.newest_turn()));
        if let Event::Bye { reason } = event {
            self.status.send_modify(|status| status.goodbye = Some(reason));
        }
        // No observer is a good reason for this to fail.
        let _ = self.events.send(event.clone());
        if matches!(event, Event::Pause { .. } | Event::Resume { .. }) && !self.format.can_pause {
            return;
        }
        if !self.outbox.event(event) {
            self.outbox.forget();
            self.learn(Input::Close(CloseReason::Limit));
        }
    }

    pub(super) fn control(&mut self, control: Control) {
        match control {
            Control::Played { turn, samples } => {
                let now = self.clock.now();
                self.mouth.report(turn, samples, now);
                // Within what was sent, the ledger of an interrupted reply believes the listener.
                self.learn(Input::Played { turn, samples, reported: true });
            }
            Control::Text(text) => self.learn(Input::UserText(text)),
            Control::Say(text) => self.learn(Input::Say(text)),
            Control::Announce(text) => self.learn(Input::Announce(text)),
            Control::Interrupt => self.learn(Input::Interrupt),
            Control::SetContext { instructions, context } => {
                self.learn(Input::SetContext { instructions, context });
                self.status.send_modify(|status| know(status, &self.conversation));
            }
            Control::Detach => {
                // What came before the client went away was said.
                while let Some(pcm) = self.microphone.take() {
                    self.hear(&pcm);
                }
                self.learn(Input::Detached);
                self.ears.reset();
                self.outbox.forget();
            }
            Control::Attach(format) => self.attach(format),
            Control::Close(reason) => self.learn(Input::Close(reason)),
        }
    }

    fn attach(&mut self, format: ClientFormat) {
        self.learn(Input::Interrupt);
        self.outbox.forget();
        if let Err(error) = self.mouth.meet_listener(&self.parts, format, self.clock.now()) {
            self.failed(None, error);
        }
        match Ears::new(&self.parts, format) {
            Ok(ears) => self.ears = ears,
            Err(error) => self.failed(None, error),
        }
        self.format = format;
        self.learn(Input::Attached { output_rate: format.output_rate });
        self.admit_lack_of_canceller();
    }

    /// Shows observers what has changed.
    pub(super) fn show(&mut self) {
        if self.conversation.is_closed() {
            return;
        }
        if self.shown_revision != Some(self.conversation.revision()) {
            self.show_snapshot();
        }
        let busy = self.conversation.is_busy();
        if std::mem::replace(&mut self.busy, busy) != busy {
            self.status.send_modify(|status| status.busy = busy);
        }
    }

    pub(super) fn show_snapshot(&mut self) {
        if !self.snapshots_wanted {
            return;
        }
        self.shown_revision = Some(self.conversation.revision());
        self.snapshot.send_replace(Some(Arc::new(self.conversation.snapshot())));
    }

    /// Tells a client that wants its echo cancelled that nobody does it.
    pub(super) fn admit_lack_of_canceller(&mut self) {
        if self.format.echo_cancellation && self.parts.echo_canceller.is_none() {
            let message = "`echo_cancellation`: this agent has no echo canceller; use the client's own, or headphones";
            self.failed(None, Error::new(ErrorKind::EngineMissing, Stage::Echo, message));
        }
    }
}

/// Keeps the status of observers; tells whether it changed.
fn note(status: &mut SessionStatus, event: &Event, newest: TurnId) -> bool {
    let turn_changed = std::mem::replace(&mut status.turn, newest) != newest;
    match event {
        Event::State(state) => status.state = *state,
        Event::Metrics(metrics) => status.metrics = Some(metrics.clone()),
        _ => return turn_changed,
    }
    true
}
