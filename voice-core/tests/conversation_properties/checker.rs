//! What must hold of every conversation, checked from the outside: by the facts told and the commands given.

use crate::calls::Calls;
use crate::judgement::Judgement;
use crate::memory::Memories;
use crate::moving::Moves;
use std::collections::{HashMap, HashSet};
use voice_core::conversation::{AgentPhase, Command, Conversation, ConversationConfig, Event, Input, Prompt};
use voice_core::{Message, ReplyId, SessionTime, Stage, TurnId};

/// What is said while tools take long.
pub(crate) const FILLER: &str = "One moment, please.";

/// One reply, as seen from the outside.
#[derive(Default)]
struct Seen {
    written: String,
    /// The model has said something since it was last asked.
    said: bool,
    shown: String,
    sentences: u32,
    flushed: bool,
    cleared: bool,
    paused: bool,
    committed: Vec<String>,
    /// The standby line is being played, or was.
    excused: bool,
    /// The model has failed.
    given_up: bool,
    /// It was begun before its turn has ended, and is held.
    early: bool,
    ends: u32,
}

impl Seen {
    /// Whether the client has got anything of it but that it takes long.
    fn is_begun(&self) -> bool {
        !without_filler(&self.shown).is_empty()
    }
}

#[derive(Default)]
pub(crate) struct Checker {
    replies: HashMap<TurnId, Seen>,
    live: Option<ReplyId>,
    asked: HashSet<TurnId>,
    finals: HashMap<TurnId, u32>,
    /// Spoken turns, and whether they were given up by a detach or close.
    spoken: HashMap<TurnId, bool>,
    open: Option<TurnId>,
    attempts: HashMap<TurnId, u32>,
    memories: Memories,
    calls: Calls,
    judgement: Judgement,
    moves: Moves,
    /// The reply that a detach stopped before the client got any of it.
    owed: Option<TurnId>,
    /// Such replies that were begun again.
    begun_again: u32,
    now: SessionTime,
    shut_down: bool,
    timed_out_at: Option<SessionTime>,
    timeouts: u32,
    apology: String,
    broken_off: String,
}

pub(crate) type Verdict = Result<(), String>;

impl Checker {
    pub(crate) fn new(config: &ConversationConfig) -> Self {
        Self {
            apology: config.apology.clone().unwrap_or_default(),
            broken_off: config.broken_off.clone().unwrap_or_default(),
            judgement: Judgement::new(config.interruption.protect_greeting),
            memories: Memories::new(config.memory),
            moves: Moves::new(config),
            ..Self::default()
        }
    }

    /// A fact is about to be told.
    pub(crate) fn told(&mut self, now: SessionTime, input: &Input) {
        self.now = now;
        self.judgement.told(input);
        match input {
            Input::Reply { reply, text, .. } => {
                let tools_run = self.calls.at_work(reply.turn);
                if let Some(seen) =
                    self.replies.get_mut(&reply.turn).filter(|_| self.live == Some(*reply) && !tools_run)
                {
                    seen.written.push_str(text);
                    seen.said = true;
                }
            }
            Input::Summarised { id, summary } => self.memories.summarised(*id, summary.as_deref()),
            Input::ToolResult { reply, id, .. } if self.live == Some(*reply) => self.calls.result(id),
            Input::Detached | Input::Close(_) => {
                if let Some(turn) = self.live.map(|reply| reply.turn).filter(|turn| !self.begun(*turn)) {
                    self.owed = Some(turn);
                }
                if let Some(open) = self.open {
                    self.spoken.insert(open, true);
                }
            }
            _ => {}
        }
    }

    /// A command was given.
    pub(crate) fn given(&mut self, command: &Command) -> Verdict {
        require!(!self.shut_down, "{command:?} after Shutdown");
        match command {
            Command::FinalizeStt { turn, attempt } => self.finalize(*turn, *attempt),
            Command::StartReply { reply, prompt } => self.start(*reply, prompt),
            Command::Speak { reply, sentence, .. } => {
                let seen = self.alive(*reply, "Speak")?;
                require!(
                    sentence.0 >= seen.sentences,
                    "turn {reply}: sentence {sentence} spoken twice or out of order"
                );
                seen.sentences = sentence.0 + 1;
                Ok(())
            }
            Command::PlayStandbyLine { reply } => {
                let seen = self.alive(*reply, "the standby line")?;
                require!(!seen.shown.is_empty(), "turn {reply}: audio before any text");
                require!(!std::mem::replace(&mut seen.excused, true), "turn {reply}: the standby line twice");
                Ok(())
            }
            Command::PausePlayback { reply } => {
                self.judgement.held(*reply)?;
                self.pause(*reply, true)
            }
            Command::ResumePlayback { reply } => self.pause(*reply, false),
            Command::CancelReply { reply }
            | Command::CancelSpeech { reply }
            | Command::FlushSpeech { reply }
            | Command::EndSpeech { reply } => self.alive(*reply, "a command").map(drop),
            Command::ContinueReply { reply } => {
                require!(!self.calls.pending(None), "turn {reply} goes on while tools run");
                self.alive(*reply, "ContinueReply")?.said = false;
                Ok(())
            }
            Command::RunTool { reply, id, name, .. } => {
                let early = self.alive(*reply, "RunTool")?.early;
                self.judgement.acts(*reply, name);
                if early { self.calls.run_early(id) } else { self.calls.run(id) }
            }
            Command::CancelTool { id, .. } => self.calls.cancel(id, self.now),
            Command::FlushPlayback { reply } => {
                let seen = self.alive(*reply, "FlushPlayback")?;
                seen.flushed = true;
                if seen.early {
                    // Given up before anybody knew of it.
                    self.replies.remove(&reply.turn);
                    self.live = None;
                    self.calls.forget_early();
                }
                Ok(())
            }
            Command::CommitUser { turn, text } => {
                let unsettled =
                    self.replies.iter().find(|(_, seen)| seen.ends == 0 && !seen.early).map(|(turn, _)| *turn);
                require!(unsettled.is_none(), "turn {turn} committed before reply {unsettled:?} was");
                require!(!self.calls.pending(None), "turn {turn} committed while tools run");
                require!(self.asked.insert(*turn), "turn {turn} committed twice");
                self.memories.add(Message::user(text.clone()));
                Ok(())
            }
            Command::CommitAgent { turn, text } => self.commit(*turn, text),
            Command::CommitTools { turn, round } => {
                self.calls.commit(*turn, round)?;
                self.memories.add(Message::Tools(round.clone()));
                Ok(())
            }
            Command::Summarise { id, messages, most_tokens } => {
                require!(self.live.is_none(), "summary {id} is asked for while reply {:?} is made", self.live);
                self.memories.sum_up(*id, messages, *most_tokens)
            }
            Command::CancelSummary { id } => self.memories.cancel(*id),
            Command::Emit(event) => self.emitted(event),
            Command::Shutdown => {
                self.shut_down = true;
                self.memories.clear();
                Ok(())
            }
        }
    }

    fn alive(&mut self, reply: ReplyId, what: &str) -> Result<&mut Seen, String> {
        require!(self.live == Some(reply), "{what} for reply {reply} while {:?} is live", self.live);
        self.replies.get_mut(&reply.turn).ok_or_else(|| format!("{what} for reply {reply}, which was not begun"))
    }

    /// As [`alive`](Self::alive), for what the client is told: it knows turns alone.
    fn playing(&mut self, turn: TurnId, what: &str) -> Result<&mut Seen, String> {
        let reply = self.live.filter(|live| live.turn == turn).unwrap_or_else(|| turn.into());
        let seen = self.alive(reply, what)?;
        require!(!seen.early, "{what} for reply {reply}, which is held");
        Ok(seen)
    }

    fn finalize(&mut self, turn: TurnId, attempt: u32) -> Verdict {
        let before = self.attempts.insert(turn, attempt);
        require!(before.is_none_or(|before| before < attempt), "turn {turn}: attempt {attempt} after {before:?}");
        require!(!self.finals.contains_key(&turn), "turn {turn} finalised after its final transcript");
        Ok(())
    }

    fn start(&mut self, reply: ReplyId, prompt: &Prompt) -> Verdict {
        let turn = reply.turn;
        let unsettled = self.replies.iter().find(|(_, seen)| seen.ends == 0).map(|(turn, _)| *turn);
        require!(unsettled.is_none(), "reply {turn} begun while {unsettled:?} has not ended");
        require!(!self.calls.pending(None), "reply {turn} begun while tools run");
        let early = *prompt == Prompt::Model && !self.asked.contains(&turn);
        require!(!early || self.open == Some(turn), "turn {turn} answered before CommitUser");
        let again = self.owed.take_if(|owed| *owed == turn).is_some() && *prompt == Prompt::Model;
        let before = self.replies.insert(turn, Seen { early, ..Seen::default() });
        require!(before.is_none() || again, "turn {turn} answered twice");
        self.begun_again += u32::from(before.is_some());
        self.calls.forget_early();
        self.live = Some(reply);
        self.judgement.begun(reply, prompt);
        Ok(())
    }

    fn pause(&mut self, reply: ReplyId, pause: bool) -> Verdict {
        let seen = self.alive(reply, "pausing")?;
        require!(seen.paused != pause, "reply {reply}: paused or resumed twice");
        seen.paused = pause;
        let given = seen.early && !pause;
        seen.early &= pause;
        require!(!given || self.asked.contains(&reply.turn), "reply {reply} is given before its turn has ended");
        Ok(())
    }

    fn commit(&mut self, turn: TurnId, text: &str) -> Verdict {
        let Some(seen) = self.replies.get_mut(&turn) else { return Err(format!("no reply {turn} to commit")) };
        require!(seen.ends == 0, "reply {turn} committed after its end");
        require!(!seen.cleared || seen.flushed, "reply {turn} committed before its playback was flushed");
        seen.committed.push(text.to_owned());
        self.memories.add(Message::agent(text.to_owned()));
        Ok(())
    }

    fn emitted(&mut self, event: &Event) -> Verdict {
        match event {
            Event::Transcript { turn, text, is_final } => {
                self.judgement.words(*turn, text, *is_final, self.live);
                require!(!self.finals.contains_key(turn), "turn {turn}: a transcript after the final one");
                if *is_final {
                    self.finals.insert(*turn, 1);
                }
                Ok(())
            }
            Event::Reply { turn, text } => {
                // The last piece may come with the end of the reply, never after its clear.
                let Some(seen) = self.replies.get_mut(turn) else { return Err(format!("no reply {turn} to show")) };
                require!(!seen.cleared && seen.ends == 0, "turn {turn}: text after clear or end");
                require!(!seen.early, "turn {turn}: text of an answer that is held");
                seen.shown.push_str(text);
                let shown = without_filler(&seen.shown);
                require!(without_filler(&seen.written).starts_with(&shown), "turn {turn}: shows {:?}", seen.shown);
                Ok(())
            }
            Event::Pause { turn } | Event::Resume { turn } => self.playing(*turn, "Pause or Resume").map(drop),
            Event::Clear { turn } => {
                self.judgement.cleared(*turn)?;
                let seen = self.playing(*turn, "Clear")?;
                require!(seen.flushed, "turn {turn}: clear before flush");
                seen.cleared = true;
                self.live = None;
                Ok(())
            }
            Event::ReplyEnd { turn, interrupted, heard } => self.ended(*turn, *interrupted, heard),
            Event::Failed { stage: Stage::Llm, .. } => {
                if let Some(seen) = self.live.and_then(|reply| self.replies.get_mut(&reply.turn)) {
                    if !seen.said {
                        seen.written.push_str(&self.apology);
                    } else if !seen.given_up {
                        let blank = if seen.written.ends_with(char::is_whitespace) { "" } else { " " };
                        seen.written.push_str(blank);
                        seen.written.push_str(&self.broken_off);
                    }
                    // Once the text has ended there is nothing more to say.
                    seen.given_up = true;
                }
                Ok(())
            }
            Event::Tool { turn, id, name, status, .. } => self.calls.told(*turn, id, name, *status, self.now),
            _ => Ok(()),
        }
    }

    fn ended(&mut self, turn: TurnId, interrupted: bool, heard: &str) -> Verdict {
        let Some(seen) = self.replies.get_mut(&turn) else { return Err(format!("no reply {turn} to end")) };
        seen.ends += 1;
        require!(seen.ends == 1, "reply {turn} ended twice");
        require!(!seen.cleared || interrupted, "reply {turn} was cleared and ended whole");
        require!(seen.shown.starts_with(heard), "turn {turn}: {heard:?} was heard, {:?} shown", seen.shown);
        let committed = seen.committed.join(" ");
        require!(committed == heard, "turn {turn}: heard {heard:?}, committed {committed:?}");
        if self.live.is_some_and(|live| live.turn == turn) {
            self.live = None;
        }
        Ok(())
    }

    /// A fact was told and every command was given.
    pub(crate) fn rests(&mut self, conversation: &Conversation, now: SessionTime, timed_out: bool) -> Verdict {
        require!(conversation.live_reply() == self.live, "live: {:?} and {:?}", conversation.live_reply(), self.live);
        self.judgement.rests(self.live)?;
        let held = conversation.agent_phase() == AgentPhase::Held;
        require!(!held || conversation.next_timeout().is_some(), "held without an end");
        let idle = conversation.agent_phase() == AgentPhase::Idle;
        require!(idle == self.live.is_none(), "{:?} with {:?} live", conversation.agent_phase(), self.live);
        self.memories.rest(conversation)?;
        let replies = &self.replies;
        self.moves.at_rest(conversation, |turn| replies.get(&turn).is_some_and(Seen::is_begun))?;
        if self.has_forgotten(conversation) {
            self.calls.forget(conversation.history());
        }
        if timed_out {
            // A wait of 0 ms begun by a timeout is due at once; a chain of such waits must come to its end.
            self.timeouts = if self.timed_out_at == Some(now) { self.timeouts + 1 } else { 1 };
            self.timed_out_at = Some(now);
            require!(conversation.next_timeout().is_none_or(|at| at >= now), "a deadline in the past after Timeout");
            let due = conversation.next_timeout() == Some(now);
            require!(!due || self.timeouts < 4, "still due after {} timeouts at once", self.timeouts);
        }
        if conversation.is_closed() {
            require!(self.shut_down, "closed without Shutdown");
            require!(conversation.next_timeout().is_none(), "a timer after Close");
        }
        self.open = conversation.open_turn();
        if let Some(open) = self.open
            && !self.spoken.contains_key(&open)
        {
            self.spoken.insert(open, false);
            self.judgement.opened(open, self.live.is_some());
        }
        Ok(())
    }

    fn begun(&self, turn: TurnId) -> bool {
        self.replies.get(&turn).is_some_and(Seen::is_begun)
    }

    /// How many replies were begun again because nobody had got any of them.
    pub(crate) fn begun_again(&self) -> u32 {
        self.begun_again
    }

    /// How many remarks were left unanswered.
    pub(crate) fn remarks(&self) -> u32 {
        self.judgement.remarks(&self.asked)
    }

    /// Whether not all that was said stands in the history.
    pub(crate) fn has_forgotten(&self, conversation: &Conversation) -> bool {
        self.memories.all_said() != conversation.history().len()
    }

    /// The conversation is over or at rest.
    pub(crate) fn ends(&self) -> Verdict {
        let unended = self.replies.iter().find(|(_, seen)| seen.ends != 1);
        require!(unended.is_none(), "reply {:?} has no end", unended.map(|(turn, _)| turn));
        for (turn, given_up) in &self.spoken {
            require!(*given_up || self.finals.contains_key(turn), "turn {turn} has no final transcript");
        }
        if self.shut_down {
            return Ok(());
        }
        self.judgement.ends(&self.asked)?;
        self.calls.end()
    }
}

/// The words alone: what was said while tools ran was not written by the model.
fn without_filler(text: &str) -> String {
    text.replace(FILLER, " ").split_whitespace().collect::<Vec<_>>().join(" ")
}
