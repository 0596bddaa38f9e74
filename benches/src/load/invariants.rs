//! What must hold of the frames a client gets, whatever happens: the order that the protocol guarantees, and that a turn is
//! answered once.

use std::collections::BTreeMap;
use voice_core::protocol::{ErrorCode, ServerFrame};

/// Turns that are remembered; a client is never told of older ones again.
const REMEMBERED: usize = 16;
/// Problems that are kept in words; more are merely counted.
const TOLD: usize = 20;

/// Looks at every frame of one session, over all its connections.
#[derive(Debug, Clone, Default)]
pub struct Invariants {
    /// `ready` has come on this connection.
    ready: bool,
    /// `bye` has come.
    over: bool,
    can_pause: bool,
    /// The turn of the last `reply`, to which audio belongs.
    replying: Option<u32>,
    turns: BTreeMap<u32, Turn>,
    answered: u64,
    failed: u64,
    problems: Vec<String>,
    count: u64,
}

#[derive(Debug, Clone, Default)]
struct Turn {
    /// A final transcript with words has come.
    asked: bool,
    finals: u32,
    text: String,
    audio_bytes: u64,
    cleared: bool,
    ended: bool,
    metrics: u32,
    /// A service failed while the turn was open: its answer says so, or is half of one.
    failed: bool,
    /// Its connection was lost while it was open: what was on its way is gone.
    lost: bool,
}

impl Invariants {
    /// For a client that said whether it can pause.
    pub fn new(can_pause: bool) -> Self {
        Self { can_pause, ..Self::default() }
    }

    /// The session's client has connected, for the first time or again.
    pub fn connected(&mut self) {
        self.ready = false;
    }

    /// The connection is gone, and with it what was on its way.
    pub fn lost(&mut self) {
        self.replying = None;
        for turn in self.turns.values_mut() {
            turn.lost = true;
        }
    }

    /// Turns that were answered by a whole reply, or by one that was cut short by the user.
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// Turns that were answered by the news that a service failed.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// What did not hold, the first twenty in words, and how many there were.
    pub fn problems(&self) -> (&[String], u64) {
        (&self.problems, self.count)
    }

    /// The session has come to rest: whatever was asked must have been answered by now.
    pub fn at_rest(&mut self) {
        let open = |turn: &Turn| turn.asked && !turn.ended && !turn.lost;
        let unanswered: Vec<u32> = self.turns.iter().filter(|(_, turn)| open(turn)).map(|(id, _)| *id).collect();
        for id in unanswered {
            self.problem(format!("turn {id} was never answered"));
        }
    }

    /// Looks at a frame.
    pub fn see(&mut self, frame: &ServerFrame) {
        if self.over {
            self.problem(format!("after `bye` came {}", short(frame)));
        }
        let is_ready = matches!(frame, ServerFrame::Ready { .. });
        // Whoever is not let in is told so instead.
        let refused = !self.ready && matches!(frame, ServerFrame::Bye { .. } | ServerFrame::Error { fatal: true, .. });
        if is_ready == self.ready && !refused {
            self.problem(if is_ready { "a second `ready`".into() } else { format!("{} before `ready`", short(frame)) });
        }
        self.ready |= is_ready;
        match frame {
            ServerFrame::Transcript { turn, text, is_final: true } => self.transcript(turn.0, text),
            ServerFrame::Reply { turn, text } => self.reply(turn.0, text),
            ServerFrame::Audio(pcm) => self.audio(pcm.len()),
            ServerFrame::Clear { turn } => {
                self.turn(turn.0).cleared = true;
                self.replying = self.replying.filter(|replying| *replying != turn.0);
            }
            ServerFrame::Pause { .. } | ServerFrame::Resume { .. } if !self.can_pause => {
                self.problem("told to pause a client that cannot".into());
            }
            ServerFrame::ReplyEnd { turn, interrupted, heard } => self.reply_end(turn.0, *interrupted, heard),
            ServerFrame::Metrics(metrics) => {
                let turn = self.turn(metrics.turn.0);
                turn.metrics += 1;
                if turn.metrics > 1 {
                    self.problem(format!("turn {}: metrics twice", metrics.turn.0));
                }
            }
            ServerFrame::Error { code: ErrorCode::Provider, provider: None, .. } => self.service_failed(),
            ServerFrame::Bye { .. } => self.over = !refused,
            _ => {}
        }
    }

    fn turn(&mut self, id: u32) -> &mut Turn {
        while self.turns.len() > REMEMBERED {
            self.turns.pop_first();
        }
        self.turns.entry(id).or_default()
    }

    fn transcript(&mut self, id: u32, text: &str) {
        let turn = self.turn(id);
        turn.finals += 1;
        turn.asked |= !text.trim().is_empty();
        if turn.finals > 1 {
            self.problem(format!("turn {id}: two final transcripts"));
        }
    }

    fn reply(&mut self, id: u32, text: &str) {
        let newer = self.turns.iter().any(|(other, turn)| *other > id && !turn.text.is_empty());
        let turn = self.turn(id);
        turn.text.push_str(text);
        if turn.ended || turn.cleared {
            self.problem(format!("turn {id}: text after its end"));
        }
        if newer {
            self.problem(format!("turn {id}: text after that of a newer turn"));
        }
        self.replying = Some(id);
    }

    fn audio(&mut self, bytes: usize) {
        match self.replying {
            Some(id) => self.turn(id).audio_bytes += bytes as u64,
            None => self.problem("audio of no turn: before its text, or after `clear` or `reply_end`".into()),
        }
    }

    fn reply_end(&mut self, id: u32, interrupted: bool, heard: &str) {
        self.replying = self.replying.filter(|replying| *replying != id);
        let turn = self.turn(id);
        let (said, heard) = (words(&turn.text), words(heard));
        let (twice, failed) = (std::mem::replace(&mut turn.ended, true), turn.failed);
        let whole = turn.lost || failed || interrupted || heard == said;
        let prefix = turn.lost || said.starts_with(&heard);
        self.answered += u64::from(!twice && !failed);
        if twice {
            self.problem(format!("turn {id}: ended twice"));
        }
        if !prefix {
            self.problem(format!("turn {id}: heard {heard:?}, which is no beginning of {said:?}"));
        } else if !whole {
            self.problem(format!("turn {id}: not interrupted, yet heard {heard:?} of {said:?}"));
        }
    }

    /// Counts for every turn that is open: frames of errors name none.
    fn service_failed(&mut self) {
        for turn in self.turns.values_mut().filter(|turn| turn.asked && !turn.ended && !turn.failed) {
            turn.failed = true;
            self.failed += 1;
        }
    }

    fn problem(&mut self, problem: String) {
        self.count += 1;
        if self.problems.len() < TOLD {
            self.problems.push(problem);
        }
    }
}

/// Blanks between pieces are not what matters.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn short(frame: &ServerFrame) -> String {
    format!("{frame:?}").chars().take(60).collect()
}
