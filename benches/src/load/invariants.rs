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

#[cfg(test)]
mod tests {
    use super::*;
    use voice_core::TurnId;
    use voice_core::conversation::{CloseReason, TurnMetrics};
    use voice_core::protocol::Providers;

    fn ready() -> ServerFrame {
        let name = || "fake".to_owned();
        let providers = Providers { stt: name(), llm: name(), tts: name() };
        let (session, resume) = ("s".into(), "t".into());
        ServerFrame::Ready { session, resume, input_rate: 16_000, output_rate: 16_000, providers }
    }

    fn words(turn: u32) -> ServerFrame {
        ServerFrame::Transcript { turn: TurnId(turn), text: "hello".into(), is_final: true }
    }

    fn reply(turn: u32, text: &str) -> ServerFrame {
        ServerFrame::Reply { turn: TurnId(turn), text: text.into() }
    }

    fn audio() -> ServerFrame {
        ServerFrame::Audio(vec![0; 4].into())
    }

    fn clear(turn: u32) -> ServerFrame {
        ServerFrame::Clear { turn: TurnId(turn) }
    }

    fn end(turn: u32, interrupted: bool, heard: &str) -> ServerFrame {
        ServerFrame::ReplyEnd { turn: TurnId(turn), interrupted, heard: heard.into() }
    }

    fn metrics(turn: u32) -> ServerFrame {
        ServerFrame::Metrics(TurnMetrics { turn: TurnId(turn), ..TurnMetrics::default() }.into())
    }

    fn failure() -> ServerFrame {
        ServerFrame::error(ErrorCode::Provider, "out of order")
    }

    fn bye() -> ServerFrame {
        ServerFrame::Bye { reason: CloseReason::End }
    }

    /// Whole turns: one that was heard, one that was cut short, one in which a service failed.
    fn conversation() -> Vec<ServerFrame> {
        let heard =
            [words(1), reply(1, "One. "), metrics(1), audio(), reply(1, "Two."), audio(), end(1, false, "One. Two.")];
        let cut = [words(2), reply(2, "Three four."), metrics(2), audio(), clear(2), end(2, true, "Three")];
        let failed = [words(3), failure(), reply(3, "Sorry."), audio(), end(3, false, "Sorry.")];
        [vec![ready()], heard.to_vec(), cut.to_vec(), failed.to_vec()].concat()
    }

    fn seen(frames: &[ServerFrame]) -> Invariants {
        let mut invariants = Invariants::new(false);
        invariants.connected();
        frames.iter().for_each(|frame| invariants.see(frame));
        invariants.at_rest();
        invariants
    }

    #[test]
    fn a_conversation_in_due_order_has_no_problem() {
        let invariants = seen(&conversation());
        assert_eq!(invariants.problems(), (&[][..], 0));
        assert_eq!((invariants.answered(), invariants.failed()), (2, 1));
        assert_eq!(seen(&[bye()]).problems().1, 0, "a refusal");
        assert_eq!(seen(&[ready(), bye()]).problems().1, 0);
    }

    #[test]
    fn whatever_is_out_of_order_is_a_problem() {
        let (mut swapped, good) = (conversation(), conversation());
        swapped.swap(0, 1);
        let pause = ServerFrame::Pause { turn: TurnId(1) };
        let broken: [(&str, Vec<ServerFrame>); 14] = [
            ("something before ready", swapped),
            ("ready twice", vec![ready(), ready()]),
            ("after bye", vec![ready(), bye(), words(1)]),
            ("two finals", [good.clone(), vec![words(3)]].concat()),
            ("audio before text", vec![ready(), words(1), audio(), reply(1, "One."), end(1, false, "One.")]),
            ("audio after clear", vec![ready(), reply(1, "One."), clear(1), audio(), end(1, true, "")]),
            ("audio after the end", [good.clone(), vec![audio()]].concat()),
            ("text after the end", [good.clone(), vec![reply(3, "More.")]].concat()),
            ("text of an older turn", vec![ready(), reply(2, "Two."), reply(1, "One.")]),
            ("two ends", [good.clone(), vec![end(3, false, "Sorry.")]].concat()),
            ("metrics twice", [good.clone(), vec![metrics(1)]].concat()),
            ("heard what was not said", vec![ready(), reply(1, "One."), end(1, true, "Two")]),
            ("heard less, not interrupted", vec![ready(), reply(1, "One two."), end(1, false, "One")]),
            ("a pause for one who cannot", vec![ready(), pause]),
        ];
        for (what, frames) in broken {
            assert!(seen(&frames).problems().1 > 0, "{what}");
        }
        assert_eq!(seen(&[ready(), words(1)]).problems().0, ["turn 1 was never answered"]);
    }

    #[test]
    fn what_was_on_its_way_when_the_connection_was_lost_is_excused_and_nothing_else() {
        let mut invariants = seen(&[ready(), words(1), reply(1, "One two."), audio()]);
        assert_eq!(invariants.problems().1, 1, "not answered yet");
        invariants = Invariants::new(true);
        for frame in [ready(), words(1), reply(1, "One two."), audio()] {
            invariants.see(&frame);
        }
        invariants.lost();
        invariants.connected();
        for frame in [ready(), words(2), reply(2, "Three."), audio(), end(2, false, "Three.")] {
            invariants.see(&frame);
        }
        invariants.at_rest();
        assert_eq!(invariants.problems(), (&[][..], 0));
        invariants.see(&end(2, false, "Three."));
        assert_eq!(invariants.problems().1, 1);
    }
}
