//! The client: the sink of all audio, which counts its bytes, and a loudspeaker that plays them in real time.

use super::mouth::mark;
use super::scenario::Listener;
use crate::conversation::{Event, ToolStatus};
use crate::id::{ReplyId, TurnId};
use crate::stream::PacedClock;
use crate::time::SessionTime;
use bytes::Bytes;
use std::collections::{HashMap, HashSet};

/// What is being played.
struct Playing {
    turn: TurnId,
    received: u64,
    clock: PacedClock,
}

pub(super) struct Client {
    listener: Listener,
    playing: Option<Playing>,
    shown: HashSet<TurnId>,
    /// Turns of which nothing more may come.
    over: HashSet<TurnId>,
    ended: HashSet<TurnId>,
    /// The one reply to each turn that was heard.
    heard: HashMap<TurnId, ReplyId>,
    calls: HashSet<String>,
    pub(super) bytes: u64,
    pub(super) stale_bytes: u64,
    pub(super) second_replies: u32,
}

impl Client {
    pub(super) fn new(listener: Listener) -> Self {
        Self {
            listener,
            playing: None,
            shown: HashSet::new(),
            over: HashSet::new(),
            ended: HashSet::new(),
            heard: HashMap::new(),
            calls: HashSet::new(),
            bytes: 0,
            stale_bytes: 0,
            second_replies: 0,
        }
    }

    /// Takes a piece of audio; true when it is the first of its turn.
    pub(super) fn audio(&mut self, reply: ReplyId, pcm: &Bytes, now: SessionTime) -> bool {
        let turn = reply.turn;
        self.bytes += pcm.len() as u64;
        let is_its = |sample: Option<&[u8]>| sample == Some(&mark(reply).to_le_bytes());
        let own = is_its(pcm.get(..2)) && is_its(pcm.get(pcm.len().saturating_sub(2)..));
        if !own || self.over.contains(&turn) || !self.shown.contains(&turn) {
            self.stale_bytes += pcm.len() as u64;
        }
        if *self.heard.entry(turn).or_insert(reply) != reply {
            self.second_replies += 1;
        }
        let first = self.playing.as_ref().is_none_or(|playing| playing.turn != turn);
        if first {
            self.playing = Some(Playing { turn, received: 0, clock: PacedClock::default() });
        }
        if let Some(playing) = &mut self.playing {
            playing.clock.run(now, self.listener.rate, playing.received);
            playing.received += pcm.len() as u64 / 2;
        }
        first
    }

    /// Takes an event. One that voids what is being played gives what was played of it.
    pub(super) fn event(&mut self, event: &Event, now: SessionTime) -> Option<(TurnId, u64)> {
        match event {
            Event::Reply { turn, .. } => {
                self.shown.insert(*turn);
            }
            Event::Pause { .. } if self.listener.can_pause => {
                if let Some(playing) = &mut self.playing {
                    playing.clock.stop(now, self.listener.rate, playing.received);
                }
            }
            Event::Resume { .. } if self.listener.can_pause => {
                if let Some(playing) = &mut self.playing {
                    playing.clock.run(now, self.listener.rate, playing.received);
                }
            }
            Event::Clear { turn } => {
                self.over.insert(*turn);
                let position = self.position(now);
                self.playing = None;
                return position;
            }
            Event::ReplyEnd { turn, .. } => {
                self.over.insert(*turn);
                self.second_replies += u32::from(!self.ended.insert(*turn));
                self.playing.take_if(|playing| playing.turn == *turn);
            }
            Event::Tool { id, status: ToolStatus::Started, .. } => {
                self.calls.insert(id.clone());
            }
            Event::Tool { id, .. } => {
                self.calls.remove(id);
            }
            _ => {}
        }
        None
    }

    /// What came out of the loudspeaker of the turn that is being played.
    pub(super) fn position(&self, now: SessionTime) -> Option<(TurnId, u64)> {
        let playing = self.playing.as_ref()?;
        Some((playing.turn, playing.clock.position(now, self.listener.rate, playing.received)))
    }

    /// Whether every reply that was shown was told to be over.
    pub(super) fn knows_all_ends(&self) -> bool {
        self.shown.iter().all(|turn| self.ended.contains(turn))
    }

    /// Calls to tools that began and have no end.
    pub(super) fn open_calls(&self) -> usize {
        self.calls.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_that_should_not_have_come_is_counted() {
        let (first, second) = (ReplyId::from(TurnId(1)), ReplyId { turn: TurnId(1), attempt: 1 });
        let pcm = |reply| Bytes::from(mark(reply).to_le_bytes().repeat(100));
        let mut client = Client::new(Listener::default());
        let now = SessionTime::ZERO;
        client.audio(first, &pcm(first), now);
        assert_eq!(client.stale_bytes, 200, "before its text");
        client.event(&Event::Reply { turn: TurnId(1), text: "One.".into() }, now);
        client.audio(first, &pcm(first), now);
        assert_eq!(client.stale_bytes, 200);
        client.audio(first, &pcm(second), now);
        assert_eq!(client.stale_bytes, 400, "of another reply");
        client.audio(second, &pcm(second), now);
        assert_eq!(client.second_replies, 1);
        let position = client.event(&Event::Clear { turn: TurnId(1) }, SessionTime::from_millis(5));
        assert_eq!(position, Some((TurnId(1), 80)));
        client.audio(first, &pcm(first), now);
        assert_eq!((client.stale_bytes, client.bytes), (600, 1_000), "after its clear");
        for _ in 0..2 {
            client.event(&Event::ReplyEnd { turn: TurnId(1), interrupted: true, heard: String::new() }, now);
        }
        assert_eq!(client.second_replies, 2, "ended twice");
    }
}
