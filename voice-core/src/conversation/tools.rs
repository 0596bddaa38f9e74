//! Tools: a round from the model's calls to the last of their results, and what becomes of it when the reply is cut.

use super::command::Command;
use super::event::{Event, ToolStatus};
use super::machine::Conversation;
use super::timers::Timer;
use crate::error::{ErrorKind, Stage};
use crate::id::{ReplyId, TurnId};
use crate::message::Message;
use crate::time::SessionTime;
use crate::tool::{AnsweredCall, SideEffect, Source, ToolCall, ToolOutput, ToolRound, ToolSpec, shortened};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// What the model reads of a call that was dropped because the user spoke.
pub(super) const INTERRUPTED: &str = "cut off: the user interrupted before there was a result";
/// What it reads of one whose result could not be spoken.
pub(super) const VOICELESS: &str = "cut off: the voice failed before there was a result";
/// What it reads of one that was under way when the session went on elsewhere.
const LEFT_BEHIND: &str = "cut off: the session moved before there was a result; it may have been done all the same";
/// A filler that is put off is put off into the future, whatever is configured.
const SHORTEST_WAIT_MS: u64 = 1;

/// The calls of one answer of the model, some of which have no result yet. There is at most one.
#[derive(Debug, Clone)]
pub(super) struct OpenRound {
    reply: ReplyId,
    calls: Vec<OpenCall>,
}

#[derive(Debug, Clone)]
struct OpenCall {
    call: ToolCall,
    effect: SideEffect,
    deadline: SessionTime,
    /// How long the call may take, for the words of the one that took longer.
    allowed: Duration,
    result: Option<String>,
}

/// A call that can be carried out.
struct Plan {
    arguments: Value,
    effect: SideEffect,
    allowed: Duration,
}

impl OpenRound {
    fn pending(&mut self) -> impl Iterator<Item = &mut OpenCall> {
        self.calls.iter_mut().filter(|open| open.result.is_none())
    }

    /// What the model has to know of the round though it is left: whether something was done that cannot be taken back.
    /// A round that only looks is done again, or not missed.
    pub(super) fn left_behind(&self) -> Option<ToolRound> {
        let answered = |open: &OpenCall| {
            let unknown = if open.effect == SideEffect::Irreversible { LEFT_BEHIND } else { INTERRUPTED };
            let result = open.result.clone().unwrap_or_else(|| unknown.to_owned());
            AnsweredCall { call: open.call.clone(), result }
        };
        let acts = self.calls.iter().any(|open| open.effect == SideEffect::Irreversible);
        acts.then(|| ToolRound { calls: self.calls.iter().map(answered).collect() })
    }

    /// The round, if every call has its result.
    fn whole(&self) -> Option<ToolRound> {
        let answered = |open: &OpenCall| Some(AnsweredCall { call: open.call.clone(), result: open.result.clone()? });
        Some(ToolRound { calls: self.calls.iter().map(answered).collect::<Option<_>>()? })
    }
}

impl Conversation {
    /// The same conversation with tools for the model.
    #[must_use]
    pub fn with_tools(mut self, tools: Arc<[ToolSpec]>) -> Self {
        self.tools = tools;
        self
    }

    /// What the model may call in its next answer: nothing once the reply has used up its rounds.
    pub fn tools(&self) -> Arc<[ToolSpec]> {
        let used = self.reply.as_ref().map_or(0, |reply| reply.rounds.len());
        if used < self.config.tools.max_rounds { self.tools.clone() } else { Arc::default() }
    }

    /// What the model is to know for its next answer: the history and, when it goes on after a round of tools, what it
    /// has said and done in this reply.
    pub fn messages(&self) -> Vec<Message> {
        let mut messages: Vec<Message> = self.history.messages().cloned().collect();
        messages.extend(
            self.reply.as_ref().and_then(|reply| reply.held.as_ref()).map(|held| Message::user(held.words.clone())),
        );
        if let Some(reply) = self.reply.as_ref().filter(|reply| !reply.rounds.is_empty()) {
            messages.extend(in_order(&reply.ledger.text(), reply.rounds.clone()));
        }
        messages
    }

    /// The model has ended its answer with calls.
    pub(super) fn tool_calls(&mut self, id: ReplyId, calls: Vec<ToolCall>) {
        let Some(reply) = self.answering(id) else { return };
        let owes_audio = reply.ledger.owes_audio();
        if calls.is_empty() {
            return self.reply_ended(id);
        }
        if self.tools().is_empty() {
            let message = "the language model called tools that it was not offered".to_owned();
            return self.failed(Some(id), Stage::Llm, ErrorKind::Protocol, message);
        }
        self.timers.stop(Timer::Reply);
        let Some(calls) = self.hold_calls(id, calls) else { return };
        if owes_audio {
            self.command(Command::FlushSpeech { reply: id });
        }
        let mut round = OpenRound { reply: id, calls: Vec::with_capacity(calls.len()) };
        for call in calls {
            let open = self.open_call(&round, call);
            round.calls.push(open);
        }
        let acts = round.pending().any(|open| open.effect == SideEffect::Irreversible);
        self.round = Some(round);
        if acts {
            self.protect();
        }
        if self.config.tools.filler.as_ref().is_some_and(|filler| !filler.trim().is_empty()) {
            self.after(Timer::Filler, self.config.tools.filler_ms);
        }
        self.watch_round();
    }

    fn open_call(&mut self, round: &OpenRound, call: ToolCall) -> OpenCall {
        let reply = round.reply;
        self.revised();
        let call = ToolCall { id: self.unused_id(round, call.id), ..call };
        self.tell_tool(reply.turn, &call, ToolStatus::Started, Vec::new());
        let plan = self.plan(round.calls.len(), &call);
        let (effect, allowed, result) = match plan {
            Ok(Plan { arguments, effect, allowed }) => {
                let (id, name) = (call.id.clone(), call.name.clone());
                self.command(Command::RunTool { reply, id, name, arguments });
                (effect, allowed, None)
            }
            Err(problem) => {
                self.tell_tool(reply.turn, &call, ToolStatus::Failed, Vec::new());
                (SideEffect::None, Duration::ZERO, Some(format!("failed: {problem}")))
            }
        };
        OpenCall { call, effect, deadline: self.now + allowed, allowed, result }
    }

    /// How to carry a call out, or what the model did wrong.
    fn plan(&self, calls_before: usize, call: &ToolCall) -> Result<Plan, String> {
        let most = self.config.tools.max_calls;
        if calls_before >= most {
            return Err(format!("not done, since at most {most} calls are done at once"));
        }
        let Some(tool) = self.tools.iter().find(|tool| tool.name == call.name) else {
            let names: Vec<&str> = self.tools.iter().map(|tool| tool.name.as_str()).collect();
            return Err(format!("there is no tool {:?}, there is {}", call.name, names.join(", ")));
        };
        let given = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
        let arguments: Map<String, Value> =
            serde_json::from_str(given).map_err(|error| format!("the arguments are no JSON object: {error}"))?;
        Ok(Plan { arguments: Value::Object(arguments), effect: tool.effect, allowed: tool.deadline })
    }

    /// The model's own id, unless it would name two calls.
    fn unused_id(&mut self, round: &OpenRound, id: String) -> String {
        let rounds = self.reply.iter().flat_map(|reply| reply.rounds.iter().map(|(_, round)| round));
        let history = self.history.messages().filter_map(|message| match message {
            Message::Tools(round) => Some(round),
            Message::User(_) | Message::Agent(_) | Message::Summary(_) => None,
        });
        let answered = rounds.chain(history).flat_map(|round| &round.calls).map(|answered| &answered.call.id);
        let mut used = answered.chain(round.calls.iter().map(|open| &open.call.id));
        if !id.is_empty() && !used.any(|used| *used == id) {
            return id;
        }
        self.renamed_calls += 1;
        format!("call-{}-{}", round.reply.turn, self.renamed_calls)
    }

    /// Whether something was done for the newest question that cannot be taken back: its answer tells what.
    pub(super) fn has_acted(&self) -> bool {
        let acts =
            |name: &str| self.tools.iter().any(|tool| tool.name == name && tool.effect == SideEffect::Irreversible);
        let mut since = self.history.messages().rev().take_while(|message| !matches!(message, Message::User(_)));
        since.any(|message| match message {
            Message::Tools(round) => round.calls.iter().any(|answered| acts(&answered.call.name)),
            Message::User(_) | Message::Agent(_) | Message::Summary(_) => false,
        })
    }

    /// A tool has come to its end.
    pub(super) fn tool_result(&mut self, reply: ReplyId, id: &str, result: Result<ToolOutput, String>) {
        let most = self.config.tools.result_chars;
        let round = self.round.as_mut().filter(|round| round.reply == reply);
        let Some(open) = round.and_then(|round| round.pending().find(|open| open.call.id == id)) else { return };
        let (text, status, sources) = match result {
            Ok(output) => (output.text, ToolStatus::Done, output.sources),
            Err(problem) => (format!("failed: {problem}"), ToolStatus::Failed, Vec::new()),
        };
        open.result = Some(shortened(text, most));
        let call = open.call.clone();
        self.revised();
        self.tell_tool(reply.turn, &call, status, sources);
        self.watch_round();
    }

    /// Calls whose time is up, whatever they do.
    pub(super) fn tools_overdue(&mut self) {
        let now = self.now;
        self.give_up(|open| {
            let perhaps = match open.effect {
                SideEffect::None | SideEffect::Pure => "",
                SideEffect::Irreversible => "; it may have been done all the same",
            };
            let late = format!("failed: there was no result within {} ms{perhaps}", open.allowed.as_millis());
            (open.deadline <= now).then_some(late)
        });
        self.watch_round();
    }

    /// The reply is cut short: what has no effect is dropped, what has one goes on to its end.
    pub(super) fn cut_round(&mut self, reason: &str) {
        self.timers.stop(Timer::Filler);
        self.give_up(|open| (open.effect != SideEffect::Irreversible).then(|| reason.to_owned()));
        self.watch_round();
    }

    /// The session ends: nobody waits for what still runs, which is told as ended and comes to its end unheard.
    pub(super) fn leave_round(&mut self) {
        let Some(mut round) = self.round.take() else { return };
        let calls: Vec<ToolCall> = round.pending().map(|open| open.call.clone()).collect();
        for call in calls {
            self.tell_tool(round.reply.turn, &call, ToolStatus::Failed, Vec::new());
        }
    }

    /// The answer is dropped unseen: so are its calls, which only look.
    pub(super) fn drop_round(&mut self) {
        let Some(mut round) = self.round.take() else { return };
        let reply = round.reply;
        let calls: Vec<String> = round.pending().map(|open| open.call.id.clone()).collect();
        for id in calls {
            self.command(Command::CancelTool { reply, id });
        }
        self.timers.stop(Timer::Tools);
    }

    /// Ends each call without a result for which there is a reason, which becomes its result.
    fn give_up(&mut self, reason: impl Fn(&OpenCall) -> Option<String>) {
        let Some(round) = &mut self.round else { return };
        let reply = round.reply;
        let mut ended = Vec::new();
        for open in round.pending() {
            open.result = reason(open);
            if open.result.is_some() {
                ended.push(open.call.clone());
            }
        }
        for call in ended {
            self.tell_tool(reply.turn, &call, ToolStatus::Failed, Vec::new());
            self.command(Command::CancelTool { reply, id: call.id });
        }
    }

    /// Waits for the results that are missing; with none missing the round goes where it belongs.
    fn watch_round(&mut self) {
        let Some(round) = &mut self.round else { return };
        if let Some(deadline) = round.pending().map(|open| open.deadline).min() {
            return self.timers.set(Timer::Tools, deadline);
        }
        let (id, whole) = (round.reply, round.whole());
        self.round = None;
        self.timers.stop(Timer::Tools);
        self.timers.stop(Timer::Filler);
        let Some(round) = whole else { return };
        if let Some(reply) = self.live(id) {
            reply.rounds.push((reply.ledger.text().len(), round));
            self.go_on(id);
        } else if let Some(cut) = self.cut.as_mut().filter(|cut| cut.turn == id.turn) {
            cut.rounds.push((cut.ledger.text().len(), round));
        } else {
            self.remember(id.turn, Message::Tools(round));
        }
    }

    /// The model goes on with what its calls gave.
    fn go_on(&mut self, id: ReplyId) {
        let now = self.now;
        let Some(reply) = self.answering(id) else { return };
        reply.joint = true;
        if reply.marks.first_token.is_none() {
            reply.marks.request = Some(now);
        }
        self.command(Command::ContinueReply { reply: id });
        self.after(Timer::Reply, self.config.llm_timeout_ms);
    }

    /// The tools take long, and nothing is to be heard.
    pub(super) fn filler_due(&mut self) {
        let (Some(round), Some(filler)) = (&self.round, self.config.tools.filler.clone()) else { return };
        let id = round.reply;
        let Some(reply) = self.live(id) else { return };
        if reply.held.is_some() || reply.ledger.owes_audio() || reply.ledger.unsent() > 0 || reply.ledger.is_playing() {
            return self.after(Timer::Filler, self.config.tools.filler_ms.max(SHORTEST_WAIT_MS));
        }
        reply.joint = true;
        let mute = reply.mute;
        self.write(id, filler.clone(), filler);
        if !mute {
            self.command(Command::FlushSpeech { reply: id });
        }
    }

    fn tell_tool(&mut self, turn: TurnId, call: &ToolCall, status: ToolStatus, sources: Vec<Source>) {
        let ToolCall { id, name, .. } = call.clone();
        self.tell(Event::Tool { turn, id, name, status, sources });
    }

    /// Adds to the history.
    pub(super) fn remember(&mut self, turn: TurnId, message: Message) {
        self.history.push(message.clone());
        self.revised();
        self.command(match message {
            Message::User(text) => Command::CommitUser { turn, text },
            Message::Agent(text) => Command::CommitAgent { turn, text },
            Message::Tools(round) => Command::CommitTools { turn, round },
            // Nobody says it: it takes the place of what was said.
            Message::Summary(_) => return,
        });
    }
}

/// What was said, with each round in the place where the text had got to when it was complete. `said` is the text, or
/// the beginning of it that was heard.
pub(super) fn in_order(said: &str, rounds: Vec<(usize, ToolRound)>) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut rest = said;
    let say = |text: &str, messages: &mut Vec<Message>| {
        if !text.trim().is_empty() {
            messages.push(Message::agent(text.trim()));
        }
    };
    for (place, round) in rounds {
        let said_before = said.len() - rest.len();
        let (before, after) = rest.split_at_checked(place.saturating_sub(said_before)).unwrap_or((rest, ""));
        say(before, &mut messages);
        messages.push(Message::Tools(round));
        rest = after;
    }
    say(rest, &mut messages);
    messages
}
