//! What must hold of calls to tools, whatever happens to the reply they belong to.

use crate::checker::Verdict;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use voice_core::conversation::ToolStatus;
use voice_core::{Message, SessionTime, SideEffect, ToolRound, ToolSpec, TurnId};

/// Rounds of a reply, and calls of a round, in all worlds.
pub(crate) const MOST_ROUNDS: usize = 2;
pub(crate) const MOST_CALLS: usize = 3;

/// The tools of all worlds: one looks, one acts, one looks at no cost.
pub(crate) fn tools() -> Arc<[ToolSpec]> {
    let tool = |name: &str, effect, seconds| ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: serde_json::json!({"type": "object"}),
        effect,
        deadline: Duration::from_secs(seconds),
    };
    [tool("look", SideEffect::None, 4), tool("act", SideEffect::Irreversible, 6), tool("peek", SideEffect::Pure, 4)]
        .into()
}

struct Call {
    turn: TurnId,
    name: String,
    started: SessionTime,
    ran: bool,
    ended: bool,
    committed: bool,
}

#[derive(Default)]
pub(crate) struct Calls {
    calls: HashMap<String, Call>,
    rounds: HashMap<TurnId, usize>,
    /// Calls for an answer that is held, which the client has not been told of, and whether they have ended.
    early: HashMap<String, bool>,
}

impl Calls {
    /// Whether a call of this turn, or of any, has no result.
    pub(crate) fn pending(&self, turn: Option<TurnId>) -> bool {
        self.calls.values().any(|call| !call.ended && turn.is_none_or(|turn| turn == call.turn))
    }

    /// Whether the model waits for results.
    pub(crate) fn at_work(&self, turn: TurnId) -> bool {
        self.pending(Some(turn)) || self.early.values().any(|ended| !ended)
    }

    /// An answer is begun, or given up before it was given.
    pub(crate) fn forget_early(&mut self) {
        self.early.clear();
    }

    pub(crate) fn run_early(&mut self, id: &str) -> Verdict {
        require!(self.early.insert(id.into(), false).is_none(), "{id} is run twice");
        Ok(())
    }

    /// A result arrived.
    pub(crate) fn result(&mut self, id: &str) {
        if let Some(ended) = self.early.get_mut(id) {
            *ended = true;
        }
    }

    pub(crate) fn told(&mut self, turn: TurnId, id: &str, name: &str, status: ToolStatus, now: SessionTime) -> Verdict {
        if status == ToolStatus::Started {
            let call = Call {
                turn,
                name: name.into(),
                started: now,
                ran: self.early.contains_key(id),
                ended: false,
                committed: false,
            };
            require!(self.calls.insert(id.into(), call).is_none(), "two calls are named {id}");
            return Ok(());
        }
        let Some(call) = self.calls.get_mut(id) else { return Err(format!("{id} ended before it began")) };
        require!(!call.ended && (call.turn, call.name.as_str()) == (turn, name), "{id} ended twice, or as another");
        call.ended = true;
        Ok(())
    }

    pub(crate) fn run(&mut self, id: &str) -> Verdict {
        let Some(call) = self.calls.get_mut(id) else { return Err(format!("{id} is run before it was told")) };
        require!(!call.ran && !call.ended, "{id} is run twice, or after its end");
        call.ran = true;
        Ok(())
    }

    /// What acts is stopped by its deadline alone.
    pub(crate) fn cancel(&mut self, id: &str, now: SessionTime) -> Verdict {
        if self.early.contains_key(id) {
            self.result(id);
            return Ok(());
        }
        let Some(call) = self.calls.get(id) else { return Err(format!("{id} is cancelled and was not begun")) };
        let late = now.saturating_since(call.started) >= Duration::from_secs(6);
        require!(call.name != "act" || late, "{id}, which acts, is cancelled");
        Ok(())
    }

    pub(crate) fn commit(&mut self, turn: TurnId, round: &ToolRound) -> Verdict {
        require!(!round.calls.is_empty(), "turn {turn}: a round without calls");
        for answered in &round.calls {
            let known = self.calls.get_mut(&answered.call.id).filter(|call| call.turn == turn);
            let Some(call) = known else { return Err(format!("{} was not called", answered.call.id)) };
            require!(call.ended && !call.committed, "{} is committed without result, or twice", answered.call.id);
            require!(!answered.result.is_empty(), "{} has nothing to say", answered.call.id);
            call.committed = true;
        }
        let rounds = self.rounds.entry(turn).or_default();
        *rounds += 1;
        require!(*rounds <= MOST_ROUNDS, "turn {turn}: too many rounds");
        Ok(())
    }

    /// A call that no longer stands in the history may lend its name to another.
    pub(crate) fn forget<'a>(&mut self, history: impl Iterator<Item = &'a Message>) {
        let rounds = history.filter_map(|message| if let Message::Tools(round) = message { Some(round) } else { None });
        let known: Vec<&str> =
            rounds.flat_map(|round| &round.calls).map(|answered| answered.call.id.as_str()).collect();
        self.calls.retain(|id, call| !call.committed || known.contains(&id.as_str()));
    }

    /// Nothing is left half done, unless the session ended in the middle of it.
    pub(crate) fn end(&self) -> Verdict {
        let lost = self.calls.iter().find(|(_, call)| !call.ended || !call.committed);
        require!(lost.is_none(), "call {:?} did not enter the history", lost.map(|(id, _)| id));
        Ok(())
    }
}
