//! What a conversation is worth keeping of: enough to go on with it in another process, after the first is gone.

use super::history::History;
use super::machine::Conversation;
use super::marks::Marks;
use super::tools::in_order;
use super::turn::Question;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::id::{ReplyId, TurnId};
use crate::message::Message;
use crate::tool::ToolRound;
use serde::{Deserialize, Serialize};

/// What would be left of a conversation if its client went away now: what was said and heard, what the agent knows, and
/// which question waits for its answer. It holds the user's words.
///
/// A reply that is being heard stands in the history as far as it was heard, as after an interruption, and is not begun
/// again; one of which the user has got nothing is owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Snapshot {
    /// The version of the form, [`VERSION`](Self::VERSION).
    pub v: u32,
    /// How the agent is to behave.
    pub instructions: Option<String>,
    /// What it is to know.
    pub context: Option<String>,
    /// What was said and done, as far as it is remembered; a summary of what was before may come first.
    pub history: Vec<Message>,
    /// Questions that are not in the history yet, in order.
    pub questions: Vec<OpenQuestion>,
    /// The turn in the history that is still to be answered.
    pub owed: Option<TurnId>,
    /// The newest turn that was begun: later ones count on from it.
    pub newest_turn: TurnId,
    /// Calls to tools that got another id than the model's.
    pub renamed_calls: u32,
}

/// What the user said while the agent could not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenQuestion {
    /// The turn.
    pub turn: TurnId,
    /// The words.
    pub text: String,
    /// The client has had its final transcript.
    pub told: bool,
}

/// The one field that every version has.
#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            v: Self::VERSION,
            instructions: None,
            context: None,
            history: Vec::new(),
            questions: Vec::new(),
            owed: None,
            newest_turn: TurnId(0),
            renamed_calls: 0,
        }
    }
}

impl Snapshot {
    /// The form that is written. It changes with every field: an older program refuses what it could only half read.
    pub const VERSION: u32 = 1;

    /// Reads one.
    ///
    /// # Errors
    /// `Unsupported` for another version, `Protocol` for what is none.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let wrong = |error: serde_json::Error| {
            // The words of the error may quote what was said.
            let place = format!("line {}, column {}", error.line(), error.column());
            Error::new(ErrorKind::Protocol, Stage::Session, format!("not a snapshot of a conversation: {place}"))
        };
        let Versioned { v } = serde_json::from_slice(json).map_err(wrong)?;
        if v != Self::VERSION {
            let message = format!("a snapshot of version {v}; this program reads version {}", Self::VERSION);
            return Err(Error::new(ErrorKind::Unsupported, Stage::Session, message));
        }
        serde_json::from_slice(json).map_err(wrong)
    }

    /// It as JSON.
    pub fn to_json(&self) -> String {
        // Fails only for maps whose keys are no text, and there are none.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// It as JSON of at most `most` bytes: the oldest exchanges are left out, as many as it takes, and counted. The newest
    /// and a summary of older ones always stay, so it can be longer.
    pub fn to_json_within(&self, most: usize) -> (String, usize) {
        let json = self.to_json();
        if json.len() <= most {
            return (json, 0);
        }
        let mut history = History::new(usize::MAX);
        self.history.iter().cloned().for_each(|message| history.push(message));
        let mut excess = json.len() - most;
        let mut dropped = 0;
        while excess > 0
            && let Some(oldest) = history.drop_oldest()
        {
            let freed: usize = oldest.iter().map(|message| written_length(message) + 1).sum();
            excess = excess.saturating_sub(freed);
            dropped += 1;
        }
        let kept = Self { history: history.messages().cloned().collect(), ..self.clone() };
        (kept.to_json(), dropped)
    }
}

fn written_length(message: &Message) -> usize {
    serde_json::to_string(message).map_or(0, |json| json.len())
}

impl Conversation {
    /// What there is to keep of it now.
    pub fn snapshot(&self) -> Snapshot {
        let mut history: Vec<Message> = self.history.messages().cloned().collect();
        history.extend(self.under_way());
        let owed = match &self.reply {
            Some(reply) if reply.is_owed() => Some(reply.id),
            _ => self.owed,
        };
        let question = |open: &Question| OpenQuestion { turn: open.turn, text: open.text.clone(), told: open.told };
        Snapshot {
            v: Snapshot::VERSION,
            instructions: self.instructions.clone(),
            context: self.context.clone(),
            history,
            questions: self.questions.iter().map(question).collect(),
            owed: owed.map(|reply| reply.turn),
            newest_turn: self.newest_turn,
            renamed_calls: self.renamed_calls,
        }
    }

    /// What was heard and done of the reply that has not entered the history. What is prepared for a turn that has not
    /// ended is nothing yet.
    fn under_way(&self) -> Vec<Message> {
        let (heard, mut rounds): (String, Vec<(usize, ToolRound)>) = match (&self.reply, &self.cut) {
            (Some(reply), _) if reply.held.is_none() => {
                let unspoken = reply.mute && !reply.ledger.has_audio();
                let heard = if unspoken { reply.ledger.read() } else { reply.ledger.heard() };
                (heard, reply.rounds.clone())
            }
            (None, Some(cut)) => {
                let heard = if cut.read { cut.ledger.read() } else { cut.ledger.heard() };
                (heard, cut.rounds.clone())
            }
            (Some(_), _) => return Vec::new(),
            (None, None) => (String::new(), Vec::new()),
        };
        // A round that has no result yet stands where the text has got to.
        let open = self.round.as_ref().and_then(|round| round.left_behind());
        rounds.extend(open.map(|round| (heard.len(), round)));
        in_order(&heard, rounds)
    }

    /// Goes on with a conversation that was begun elsewhere.
    pub(super) fn continue_from(&mut self, snapshot: Snapshot, output_rate: u32) {
        self.output_rate = output_rate;
        self.instructions = snapshot.instructions;
        self.context = snapshot.context;
        snapshot.history.into_iter().for_each(|message| self.history.push(message));
        self.newest_turn = snapshot.newest_turn;
        self.renamed_calls = snapshot.renamed_calls;
        self.owed = snapshot.owed.map(ReplyId::from);
        let marks = Marks { words: Some(self.now), ..Marks::default() };
        self.questions = snapshot
            .questions
            .into_iter()
            .map(|OpenQuestion { turn, text, told }| Question { turn, text, marks: marks.clone(), attempts: 0, told })
            .collect();
        self.tell_questions();
        self.revised();
    }

    /// Puts what is known of earlier conversations before this one.
    pub(super) fn recall(&mut self, summary: String) {
        if !summary.trim().is_empty() {
            self.history.push(Message::Summary(summary));
            self.revised();
        }
    }
}
