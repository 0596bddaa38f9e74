//! One connection of a user: talks, listens, plays, misbehaves.

use super::{Ending, User};
use crate::load::faults::Fault;
use crate::load::lateness::closing_token;
use crate::load::material::FRAME_MS;
use crate::load::player::Player;
use crate::load::record::milliseconds;
use crate::load::script::{Say, Script};
use crate::load::socket::Socket;
use crate::load::wire::{self, Message};
use bytes::Bytes;
use std::time::Duration;
use tokio::time::Instant;
use voice_core::protocol::{ClientFrame, ErrorCode, ServerFrame, Start, WireMessage};
use voice_core::testing::Random;

/// How long a slow reader reads nothing.
const SLOW: Duration = Duration::from_secs(3);
/// Frames whose times are remembered: ten seconds.
const SENT: usize = 512;
/// What makes a fake panic, where the server has one that does.
const PANIC: &str = "panic, please";

/// One connection of a user.
pub(super) struct Connection<'a> {
    user: &'a mut User,
    script: Script,
    player: Player,
    begin: Instant,
    /// When each of the last frames was sent.
    sent: Vec<Instant>,
    frames: u64,
    /// `ready` has come.
    let_in: bool,
    /// The end of speech, in ms of this connection's microphone audio, that waits for an answer.
    spoken_until: Option<f64>,
    answer: Option<Answer>,
    /// The turn of the newest reply, and what it was at the user's last word.
    newest_reply: Option<u32>,
    begun_before: Option<u32>,
    /// Reads nothing until then.
    deaf_until: Option<Instant>,
    outgoing: Vec<Bytes>,
}

/// An answer whose first sound is due. Before it the server tells where the turn's time went.
struct Answer {
    turn: u32,
    spoken_until: f64,
    sentence: String,
    /// The silence after which speech was taken to have ended, in ms, and whether the answer was prepared ahead.
    told: Option<(f64, bool)>,
}

impl<'a> Connection<'a> {
    pub(super) fn new(user: &'a mut User, begin: Instant) -> Self {
        // Until all are there nobody talks.
        let quiet = user.common.begin.saturating_duration_since(begin).as_millis() as u64 / FRAME_MS;
        let script = Script::new(Random::new(user.random.within(0..u64::MAX)), &user.common.load.faults, quiet);
        user.invariants.connected();
        Self {
            player: Player::new(user.common.load.report_played),
            user,
            script,
            begin,
            sent: Vec::with_capacity(SENT),
            frames: 0,
            let_in: false,
            spoken_until: None,
            answer: None,
            newest_reply: None,
            begun_before: None,
            deaf_until: None,
            outgoing: Vec::new(),
        }
    }

    pub(super) async fn converse(mut self, mut socket: Socket) -> Ending {
        let start = Start { resume: self.user.resume.clone(), pause: true, ..Start::default() };
        if socket.send(&encoded(&ClientFrame::Start(start))).await.is_err() {
            return Ending::Lost;
        }
        let begin = Instant::now();
        let mut tick = std::pin::pin!(tokio::time::sleep_until(begin));
        loop {
            let deaf = self.deaf_until.is_some_and(|until| Instant::now() < until);
            let taken = tokio::select! {
                biased;
                message = socket.receive(), if !deaf => match message {
                    Ok(Some(message)) => self.take(message),
                    Ok(None) | Err(_) => Err(self.closed()),
                },
                () = tick.as_mut() => {
                    let due = tick.deadline();
                    tick.as_mut().reset(due + Duration::from_millis(FRAME_MS));
                    self.tick(&mut socket, due).await
                }
            };
            let taken = match taken {
                Ok(()) => self.flush(&mut socket).await,
                ending => ending,
            };
            if let Err(ending) = taken {
                self.user.record.in_vain += self.script.in_vain();
                return self.end(socket, ending).await;
            }
        }
    }

    /// Ends the connection as it has to be.
    async fn end(mut self, mut socket: Socket, ending: Ending) -> Ending {
        match ending {
            Ending::Gone | Ending::Left => socket.vanish(self.user.random.percent(50)),
            Ending::Done => {
                if self.script.is_at_rest() {
                    self.user.invariants.at_rest();
                }
                if socket.send(&encoded(&ClientFrame::End)).await.is_ok() {
                    self.farewell(&mut socket).await;
                }
            }
            Ending::Over | Ending::Refused | Ending::Lost => {}
        }
        ending
    }

    /// Reads what is left, to the close.
    async fn farewell(&mut self, socket: &mut Socket) {
        let rest = async {
            while let Ok(Some(message)) = socket.receive().await {
                if self.take(message) == Err(Ending::Lost) {
                    break;
                }
            }
        };
        // A server that does not say goodbye in time has said none.
        let _ = tokio::time::timeout(Duration::from_secs(5), rest).await;
    }

    async fn flush(&mut self, socket: &mut Socket) -> Result<(), Ending> {
        for frame in self.outgoing.drain(..) {
            socket.send(&frame).await.map_err(|_| Ending::Lost)?;
        }
        Ok(())
    }

    /// Twenty milliseconds of microphone.
    async fn tick(&mut self, socket: &mut Socket, due: Instant) -> Result<(), Ending> {
        let now = Instant::now();
        self.user.record.tick_ms.push(milliseconds(due, now));
        if now >= self.user.common.end {
            return Err(Ending::Done);
        }
        let common = self.user.common.clone();
        let frame = match self.script.next(common.material.utterance.len()) {
            Say::Word(index) => {
                self.begun_before = self.newest_reply;
                &common.material.utterance[index]
            }
            Say::Nothing => &common.material.room[self.frames as usize % common.material.room.len()],
            Say::Misbehave(fault) => {
                self.misbehave(fault)?;
                &common.material.room[0]
            }
        };
        socket.send(frame).await.map_err(|_| Ending::Lost)?;
        let slot = self.frames as usize % SENT;
        if slot < self.sent.len() {
            self.sent[slot] = now
        } else {
            self.sent.push(now)
        }
        self.frames += 1;
        self.user.record.frames += 1;
        self.outgoing.extend(self.player.report(now).map(|played| encoded(&played)));
        Ok(())
    }

    fn misbehave(&mut self, fault: Fault) -> Result<(), Ending> {
        self.user.record.fault(fault);
        match fault {
            Fault::Vanish => return Err(Ending::Gone),
            Fault::Leave | Fault::LeaveReply => return Err(Ending::Left),
            Fault::Garbage => {
                let garbage = ["{", r#"{"type":"sing"}"#, r#"{"type":"played","turn":-1}"#, "\u{0}", "[]"];
                self.outgoing.extend(garbage.map(wire::text));
                self.outgoing.push(wire::binary(&[1, 2, 3]));
            }
            Fault::Nonsense => self.outgoing.push(wire::nonsense()),
            Fault::Slow => self.deaf_until = Some(Instant::now() + SLOW),
            Fault::Interrupt => {}
            Fault::Panic => self.outgoing.push(encoded(&ClientFrame::Text { text: PANIC.into() })),
        }
        Ok(())
    }

    fn take(&mut self, message: Message) -> Result<(), Ending> {
        let frame = match message {
            Message::Text(text) => match ServerFrame::from_text(&text) {
                Ok(frame) => frame,
                Err(_) => return Ok(()),
            },
            Message::Binary(pcm) => ServerFrame::Audio(pcm),
            Message::Ping(payload) => {
                self.outgoing.push(wire::pong(&payload));
                return Ok(());
            }
            // After a goodbye, or because of what this user did, a close is in order.
            Message::Close(_) => return Err(self.closed()),
        };
        if let ServerFrame::Ready { resume, .. } = &frame {
            self.user.welcomed(resume);
            self.let_in = true;
            self.user.record.ready_ms.push(milliseconds(self.begin, Instant::now()));
        }
        self.user.invariants.see(&frame);
        self.heed(frame)
    }

    /// What a close by the server means to one who may have asked for it.
    fn closed(&self) -> Ending {
        match self.script.done() {
            Some(Fault::Nonsense) => Ending::Left,
            Some(Fault::Panic) => Ending::Over,
            _ => Ending::Lost,
        }
    }

    fn heed(&mut self, frame: ServerFrame) -> Result<(), Ending> {
        let now = Instant::now();
        match frame {
            ServerFrame::Transcript { is_final: true, text, .. } if !text.trim().is_empty() => self.script.understood(),
            ServerFrame::Speech { started, at_ms } => self.spoken_until = (!started).then_some(at_ms),
            ServerFrame::Reply { turn, text } => {
                self.newest_reply = Some(turn.0);
                if let Some(spoken_until) = self.spoken_until.take() {
                    self.answer = Some(Answer { turn: turn.0, spoken_until, sentence: text, told: None });
                }
                self.player.reply(turn.0);
            }
            ServerFrame::Audio(pcm) => {
                self.player.audio(pcm.len() as u64 / 2, now);
                self.script.hears();
                if let Some(answer) = self.answer.take_if(|answer| answer.told.is_some()) {
                    self.judge(&answer, now);
                }
            }
            ServerFrame::Pause { .. } => self.player.hold(now),
            ServerFrame::Resume { .. } => self.player.go_on(now),
            ServerFrame::Clear { turn } => {
                self.outgoing.extend(self.player.clear(turn.0, now).map(|played| encoded(&played)))
            }
            ServerFrame::ReplyEnd { turn, .. } => {
                self.player.end(turn.0);
                // What had begun before the user's last word is not the answer to it: that is still to come.
                if Some(turn.0) > self.begun_before {
                    self.script.answered();
                }
            }
            ServerFrame::Metrics(metrics) => {
                let told = metrics.vad_end_ms.map(|silence_ms| (silence_ms, metrics.speculative));
                if let Some(answer) = self.answer.as_mut().filter(|answer| answer.turn == metrics.turn.0) {
                    answer.told = told;
                }
            }
            ServerFrame::Error { code, .. } => {
                *self.user.record.errors.entry(word(&code)).or_default() += 1;
                if code == ErrorCode::Draining {
                    return Err(Ending::Refused);
                }
            }
            ServerFrame::Bye { reason } => {
                *self.user.record.byes.entry(format!("{reason:?}").to_lowercase()).or_default() += 1;
                return Err(if self.let_in { Ending::Over } else { Ending::Refused });
            }
            _ => {}
        }
        Ok(())
    }

    /// How late the first sound was. The decision that speech had ended came with the frame that completed its silence.
    fn judge(&mut self, answer: &Answer, heard: Instant) {
        let Some((silence_ms, speculative)) = answer.told else { return };
        let frame = |ms: f64| (ms / FRAME_MS as f64 - 0.01).floor() as u64;
        if let Some(at) = self.sent_at(frame(answer.spoken_until)) {
            self.user.record.answer_ms.push(milliseconds(at, heard));
        }
        let Some(services) = &self.user.common.load.services else { return };
        match self.sent_at(frame(answer.spoken_until + silence_ms)) {
            Some(decided) => {
                let due = services.due_ms(silence_ms, speculative, closing_token(&answer.sentence));
                self.user.record.added_ms.push(milliseconds(decided, heard) - due as f32);
            }
            None => self.user.record.not_placed += 1,
        }
    }

    fn sent_at(&self, frame: u64) -> Option<Instant> {
        let remembered = frame < self.frames && frame + SENT as u64 >= self.frames;
        self.sent.get(frame as usize % SENT).copied().filter(|_| remembered)
    }
}

fn encoded(frame: &ClientFrame) -> Bytes {
    match frame.encode() {
        WireMessage::Text(text) => wire::text(&text),
        WireMessage::Binary(pcm) => wire::binary(&pcm),
    }
}

fn word(code: &ErrorCode) -> String {
    serde_json::to_value(code).ok().and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_default()
}
