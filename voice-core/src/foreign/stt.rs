//! A recogniser of the host.

use super::call::{ForeignHost, ForeignKind, begin};
use super::hold::ClockHold;
use super::input::{Deferred, Source};
use super::item::{ForeignItem, Given, SttGiven};
use super::sink::FillIn;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::id::TurnId;
use crate::stage::{CallContext, FinalizeId, SttEvent, SttInput, SttProvider};
use futures::stream::{self, BoxStream, StreamExt};
use serde::Serialize;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A recogniser of the host.
#[derive(Clone)]
pub struct ForeignStt {
    name: Arc<str>,
    host: Arc<dyn ForeignHost>,
    hold: Option<ClockHold>,
}

/// What the host has taken: what it means where it names no turn.
#[derive(Debug, Default)]
struct Taken {
    newest: TurnId,
    /// Requests for a final transcript without an answer, the oldest first.
    asked: VecDeque<FinalizeId>,
}

type SharedTaken = Arc<Mutex<Taken>>;

/// Requests kept; the conversation gives up on the older ones long before.
const MOST_ASKED: usize = 64;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Item {
    Audio { turn: u32, at_ms: f64 },
    Finalize { turn: u32, attempt: u32 },
}

impl ForeignStt {
    /// The recogniser of this name that `host` serves.
    pub fn new(name: impl Into<Arc<str>>, host: Arc<dyn ForeignHost>) -> Self {
        Self { name: name.into(), host, hold: None }
    }

    /// The same, in simulated time: the clock stands still while a call is at work.
    #[must_use]
    pub fn holding(mut self, clock: Option<ClockHold>) -> Self {
        self.hold = clock;
        self
    }
}

impl SttProvider for ForeignStt {
    fn name(&self) -> &str {
        &self.name
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, cx: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        let (host, hold) = (self.host.clone(), self.hold.clone());
        let taken = SharedTaken::default();
        let (noted, naming) = (taken.clone(), taken.clone());
        let fill_in = FillIn(Box::new(move |given| lock(&naming).name(given)));
        let items = input.map(move |input| {
            let noted = noted.clone();
            Box::new(move || noted_item(&noted, input)) as Deferred
        });
        stream::once(async move {
            begin(&*host, ForeignKind::Stt, "{}".to_owned(), Source::Stream(items.boxed()), &cx, hold, fill_in)
        })
        .flatten()
        .filter_map(move |given| {
            let event = match given {
                Ok(Given::Stt(given)) => Some(lock(&taken).event(given)),
                // Read as what the kind of the call gives, it is nothing else.
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            };
            std::future::ready(event)
        })
        .boxed()
    }
}

fn noted_item(taken: &SharedTaken, input: SttInput) -> ForeignItem {
    match input {
        SttInput::Audio { turn, at, pcm } => {
            lock(taken).newest = turn;
            let at_ms = at.ticks() as f64 * 1_000.0 / crate::time::AudioTime::TICKS_PER_SECOND as f64;
            ForeignItem::of(&Item::Audio { turn: turn.0, at_ms }, Some(pcm))
        }
        SttInput::Finalize(id) => {
            let mut taken = lock(taken);
            taken.newest = id.turn;
            if taken.asked.len() == MOST_ASKED {
                taken.asked.pop_front();
            }
            taken.asked.push_back(id);
            ForeignItem::of(&Item::Finalize { turn: id.turn.0, attempt: id.attempt }, None)
        }
    }
}

impl Taken {
    /// What names no turn is of the newest; a final answers the oldest request.
    fn name(&self, given: &mut Given) {
        if let Given::Stt(SttGiven::Partial { turn, .. } | SttGiven::TurnEstimate { turn, .. }) = given {
            turn.get_or_insert(self.newest.0);
        }
    }

    fn event(&mut self, given: SttGiven) -> Result<SttEvent> {
        let turn = |turn: Option<u32>| turn.map_or(self.newest, TurnId);
        Ok(match given {
            SttGiven::Partial { turn: named, text } => SttEvent::Partial { turn: turn(named), text },
            SttGiven::TurnEstimate { turn: named, probability } => {
                SttEvent::TurnEstimate { turn: turn(named), probability }
            }
            SttGiven::Final { turn, attempt, text, unclear } => {
                let fits = |id: &FinalizeId| {
                    turn.is_none_or(|turn| id.turn.0 == turn) && attempt.is_none_or(|attempt| id.attempt == attempt)
                };
                let Some(at) = self.asked.iter().position(fits) else {
                    let message = "a final transcript that nobody has asked for";
                    return Err(Error::new(ErrorKind::Protocol, Stage::Stt, message));
                };
                let id = self.asked.remove(at).unwrap_or_else(|| unreachable!("it was found there"));
                SttEvent::Final { id, text, unclear }
            }
        })
    }
}

fn lock(taken: &SharedTaken) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for ForeignStt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignStt").field("name", &self.name).finish_non_exhaustive()
    }
}
