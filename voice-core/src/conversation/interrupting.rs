//! Barge-in: a reply is stopped, and what was heard of it is kept; and how a session ends.

use super::command::Command;
use super::event::{CloseReason, Event};
use super::machine::Conversation;
use super::marks::Marks;
use super::memory::Summing;
use super::phase::{AgentPhase, UserPhase};
use super::timers::Timer;
use super::tools::INTERRUPTED;
use super::turn::Cut;

impl Conversation {
    /// Stops the reply that is alive. What was heard of it goes into the history as soon as the listener has told.
    pub(super) fn interrupt(&mut self) {
        self.discard_speculation();
        let Some(reply) = self.reply.take() else { return };
        let id = reply.id;
        self.revised();
        self.agent = AgentPhase::Idle;
        self.stop_reply_timers();
        if let Some(turn) = &mut self.turn {
            turn.over_reply = false;
        }
        for command in [
            Command::CancelReply { reply: id },
            Command::CancelSpeech { reply: id },
            Command::FlushPlayback { reply: id },
        ] {
            self.command(command);
        }
        self.emit(Event::Clear { turn: id.turn });
        if !reply.measured {
            self.emit(Event::Metrics(reply.marks.metrics(id.turn)));
        }
        let wait = reply.reported && reply.ledger.sent() > 0;
        let read = reply.mute && !reply.ledger.has_audio();
        self.cut = Some(Cut { turn: id.turn, ledger: reply.ledger, read, reported: false, rounds: reply.rounds });
        self.cut_round(INTERRUPTED);
        if wait {
            self.after(Timer::HeardReport, self.config.heard_report_ms);
        } else {
            self.settle_cut();
        }
    }

    /// It is known, or will not be known better, what was heard of the interrupted reply.
    pub(super) fn settle_cut(&mut self) {
        self.timers.stop(Timer::HeardReport);
        if let Some(cut) = self.cut.take() {
            let heard = if cut.read { cut.ledger.read() } else { cut.ledger.heard() };
            self.end_reply(cut.turn, true, heard, cut.rounds);
        }
    }

    pub(super) fn set_context(&mut self, instructions: Option<Option<String>>, context: Option<Option<String>>) {
        if let Some(instructions) = instructions {
            self.instructions = instructions.filter(|text| !text.is_empty());
        }
        if let Some(context) = context {
            self.context = context.filter(|text| !text.is_empty());
        }
        self.revised();
        // What is held answers to what was known before.
        self.discard_speculation();
        self.speculate();
    }

    /// Nobody listens any more: stop speaking and give the client time to come back. What was said until now is kept
    /// and answered then, and so is the question whose answer had not begun.
    pub(super) fn detached(&mut self) {
        let owed = self.reply.as_ref().filter(|reply| reply.is_owed()).map(|reply| reply.id.next_attempt());
        self.interrupt();
        self.settle_cut();
        self.owed = owed.or(self.owed);
        self.revised();
        self.after(Timer::Detached, self.config.detached_ms);
        self.break_off();
    }

    /// Somebody listens again, and knows nothing of what was told before.
    pub(super) fn attached(&mut self, output_rate: u32) {
        self.output_rate = output_rate;
        self.timers.stop(Timer::Detached);
        let state = self.state();
        self.emit(Event::State(state));
        for question in &mut self.questions {
            // The time the client was away is not the agent's.
            question.marks = Marks { words: Some(self.now), ..Marks::default() };
        }
        self.tell_questions();
    }

    pub(super) fn close(&mut self, reason: CloseReason) {
        self.interrupt();
        self.settle_cut();
        self.leave_round();
        self.turn = None;
        self.user = UserPhase::Silent;
        self.tell_questions();
        self.questions.clear();
        self.owed = None;
        self.speeches.clear();
        self.timers.stop_all();
        self.emit(Event::Bye { reason });
        self.command(Command::Shutdown);
        self.history.clear();
        self.summing = Summing::default();
        self.closed = true;
    }
}
