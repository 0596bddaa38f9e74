//! What must hold of what is said over a reply: a listener's remark is no question, a stop stops, what is protected is
//! stopped by nothing else, and whatever else is said is answered.

use crate::checker::Verdict;
use std::collections::{HashMap, HashSet};
use voice_core::conversation::{Input, Prompt};
use voice_core::{ReplyId, TurnId};

/// What listeners of all worlds say.
pub(crate) const REMARKS: [&str; 2] = ["Mm-hm.", "yeah, okay"];
/// What stops an agent.
pub(crate) const STOPS: [&str; 2] = ["stop", "No, wait a moment."];
/// What the application has said under protection.
pub(crate) const ANNOUNCEMENT: &str = "The line closes soon. Thank you.";

#[derive(Default)]
pub(crate) struct Judgement {
    protect_greeting: bool,
    protected: HashSet<TurnId>,
    /// Spoken turns that were begun over a reply.
    over: HashSet<TurnId>,
    /// The words of the turns that are complete.
    said: HashMap<TurnId, String>,
    /// Somebody has asked for silence in this step.
    asked_to_stop: bool,
    /// The reply that has to be gone at the end of this step.
    must_stop: Option<ReplyId>,
}

impl Judgement {
    pub(crate) fn new(protect_greeting: bool) -> Self {
        Self { protect_greeting, ..Self::default() }
    }

    pub(crate) fn told(&mut self, input: &Input) {
        self.must_stop = None;
        self.asked_to_stop = match input {
            Input::UserText(_) | Input::Interrupt | Input::Detached | Input::Close(_) => true,
            Input::FinalTranscript { text, .. } => is_stop(text),
            _ => false,
        };
    }

    /// The user's words reached the client while this reply was alive.
    pub(crate) fn words(&mut self, turn: TurnId, text: &str, is_final: bool, live: Option<ReplyId>) {
        if is_stop(text) {
            self.asked_to_stop = true;
            // What answers these words does not stop for them.
            self.must_stop = live.filter(|live| live.turn != turn);
        }
        if is_final && !text.trim().is_empty() {
            self.said.insert(turn, text.to_owned());
        }
    }

    pub(crate) fn begun(&mut self, reply: ReplyId, prompt: &Prompt) {
        let greeting = self.protect_greeting && reply.turn == TurnId(0);
        if greeting || matches!(prompt, Prompt::Text(text) if text == ANNOUNCEMENT) {
            self.protected.insert(reply.turn);
        }
    }

    /// A call of this name runs from now on.
    pub(crate) fn acts(&mut self, reply: ReplyId, name: &str) {
        if name == "act" {
            self.protected.insert(reply.turn);
        }
    }

    pub(crate) fn held(&self, reply: ReplyId) -> Verdict {
        require!(!self.protected.contains(&reply.turn), "reply {reply} is protected and held");
        Ok(())
    }

    pub(crate) fn cleared(&self, turn: TurnId) -> Verdict {
        require!(self.asked_to_stop || !self.protected.contains(&turn), "turn {turn} is protected and cleared");
        Ok(())
    }

    pub(crate) fn rests(&self, live: Option<ReplyId>) -> Verdict {
        require!(self.must_stop.is_none() || live != self.must_stop, "reply {live:?} goes on after a stop");
        Ok(())
    }

    pub(crate) fn opened(&mut self, turn: TurnId, over: bool) {
        if over {
            self.over.insert(turn);
        }
    }

    /// Every turn with words was answered, but for remarks.
    pub(crate) fn ends(&self, asked: &HashSet<TurnId>) -> Verdict {
        for (turn, text) in &self.said {
            let remark = REMARKS.contains(&text.as_str()) && self.over.contains(turn);
            require!(remark || asked.contains(turn), "turn {turn}: nobody answered {text:?}");
        }
        Ok(())
    }

    /// How many remarks were left unanswered.
    pub(crate) fn remarks(&self, asked: &HashSet<TurnId>) -> u32 {
        self.said.keys().filter(|turn| !asked.contains(turn)).count() as u32
    }
}

fn is_stop(text: &str) -> bool {
    STOPS.contains(&text)
}
