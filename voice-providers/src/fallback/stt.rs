//! Recognisers in order of preference.

use super::FallbackConfig;
use super::call::{Call, Deadline, Wake};
use super::members::{Members, Tried, now};
use super::probing::Probing;
use super::tape::Tape;
use async_stream::stream;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use voice_core::stage::{CallContext, Notice, SttEvent, SttInput, SttProvider};
use voice_core::stream::{CancelStreamExt, HandoffSender, handoff};
use voice_core::{Error, ErrorKind, Result, Stage};

/// Audio that may wait for a recogniser, in bytes: as much as is kept to be played again.
const WAITING: usize = 60 * 32_000;
/// How long the last recogniser of a list may owe a final at least: no other can do better, but a turn waits 5 s at most.
const LAST_FINAL: Duration = Duration::from_millis(4_800);

/// Several recognisers as one. What was said in the open turn is kept, up to 60 s of it; when a recogniser fails or owes
/// a final transcript for too long, the next one gets all of it and every request without an answer. From the next turn
/// on the first that is well serves again.
#[derive(Clone)]
pub struct FallbackStt {
    members: Arc<Members<dyn SttProvider>>,
    config: FallbackConfig,
}

impl FallbackStt {
    /// These recognisers, the first preferred.
    ///
    /// # Errors
    /// `InvalidConfig` when there are none.
    pub fn new(recognisers: Vec<Arc<dyn SttProvider>>, config: FallbackConfig) -> Result<Self> {
        Ok(Self { members: Members::new(recognisers, &config)?, config })
    }
}

/// Why a recogniser is left.
enum Left {
    Failed(Error),
    /// One that is preferred to it is well again, and a turn begins.
    ForABetterOne,
}

impl SttProvider for FallbackStt {
    fn name(&self) -> &str {
        self.members.name()
    }

    fn transcribe(
        &self,
        mut input: BoxStream<'static, SttInput>,
        cx: CallContext,
    ) -> BoxStream<'static, Result<SttEvent>> {
        let Self { members, config } = self.clone();
        let cancel = cx.cancel.clone();
        let words = stream! {
            let (mut probing, mut tried) = (Probing::new(members.clone()), Tried::default());
            let (mut tape, mut input_ended) = (Tape::default(), false);
            let mut last = None;
            while let Some(member) = members.choose(&tried) {
                tried.add(member);
                let mut listener = Listener::begin(members.provider(member), &cx);
                let left = loop {
                    if input_ended && !tape.owes() {
                        return;
                    }
                    listener.catch_up(&tape, input_ended);
                    let deadline = listener.deadline(&tape, &config, members.choose(&tried).is_none());
                    let more = (!input_ended).then_some(&mut input);
                    let event = match listener.call.wake(more, deadline, &mut probing, member).await {
                        Wake::Input(None) => {
                            input_ended = true;
                            continue;
                        }
                        Wake::Input(Some(item)) => {
                            let (begins_turn, owed) = (tape.begins_turn(&item), tape.owes());
                            tape.push(item.clone());
                            if begins_turn && !owed && members.has_better(member) {
                                break Left::ForABetterOne;
                            }
                            if begins_turn {
                                tried = Tried::only(member);
                            }
                            listener.tell(item);
                            continue;
                        }
                        Wake::Event(Ok(Some(event))) => event,
                        Wake::Event(Ok(None)) => break Left::Failed(ended_early()),
                        Wake::Event(Err(error)) => break Left::Failed(error),
                    };
                    if let SttEvent::Final { id, .. } = &event {
                        if !tape.answered(*id) {
                            continue;
                        }
                        members.succeeded(member);
                        tried = Tried::only(member);
                        listener.answered();
                    }
                    if !matches!(event, SttEvent::Notice(_)) && listener.introduce() {
                        yield Ok(SttEvent::Notice(members.serving(member)));
                    }
                    yield Ok(event);
                };
                drop(listener);
                match left {
                    Left::ForABetterOne => tried = Tried::default(),
                    Left::Failed(failure) => {
                        members.failed(member, &failure);
                        if members.choose(&tried).is_some() {
                            yield Ok(SttEvent::Notice(shortened(members.failed_over(member, &failure), &tape)));
                        }
                        last = Some(failure);
                    }
                }
            }
            yield Err(last.unwrap_or_else(|| members.nobody()));
        };
        words.until_cancelled(&cancel).boxed()
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        self.members.warm_up()
    }
}

fn ended_early() -> Error {
    Error::new(ErrorKind::Protocol, Stage::Stt, "the recogniser ended before the session did")
}

/// Says as well that the beginning of the turn was too long ago to be played again.
fn shortened(notice: Notice, tape: &Tape) -> Notice {
    match notice {
        Notice::FailedOver { provider, kind, message } if tape.lost_ms() > 0 => {
            let message = format!("{message}; the first {} ms of the turn are lost", tape.lost_ms());
            Notice::FailedOver { provider, kind, message }
        }
        notice => notice,
    }
}

/// The recogniser of the moment.
struct Listener {
    call: Call<SttEvent>,
    /// `None` when there will be no more.
    input: Option<HandoffSender<SttInput>>,
    /// Whether it has been told all that is on the tape.
    knows: bool,
    /// Since when it owes a final transcript, and how much audio it was told at once before.
    owes_since: Option<Instant>,
    backlog: Duration,
    introduced: bool,
}

impl Listener {
    fn begin(recogniser: &dyn SttProvider, cx: &CallContext) -> Self {
        let (input, receiver) = handoff(WAITING);
        let call = Call::begin(cx, |cx| recogniser.transcribe(receiver.boxed(), cx));
        Self { call, input: Some(input), knows: false, owes_since: None, backlog: Duration::ZERO, introduced: false }
    }

    /// Tells what is on the tape as soon as that matters: between two turns it costs nothing to know nothing. Then, if
    /// no more will come, that as well.
    fn catch_up(&mut self, tape: &Tape, input_ended: bool) {
        if !self.knows && tape.matters() {
            self.knows = true;
            self.backlog = Duration::from_secs_f64(tape.seconds());
            if let Some(input) = &self.input {
                for item in tape.replay() {
                    input.send(item);
                }
            }
        }
        if input_ended {
            self.input = None;
        }
    }

    /// Tells what has just been put on the tape.
    fn tell(&mut self, item: SttInput) {
        // One that knows nothing is told everything at once.
        if let Some(input) = self.input.as_ref().filter(|_| self.knows) {
            input.send(item);
        }
    }

    fn deadline(&mut self, tape: &Tape, config: &FallbackConfig, is_last: bool) -> Deadline {
        let patience = if is_last { config.final_transcript.max(LAST_FINAL) } else { config.final_transcript };
        self.owes_since = tape.owes().then(|| self.owes_since.unwrap_or_else(now));
        let at = self.owes_since.map(|since| since + patience + self.backlog);
        Deadline { at, missed: "the recogniser gave no final transcript in time" }
    }

    fn answered(&mut self) {
        self.owes_since = None;
        self.backlog = Duration::ZERO;
    }

    /// Whether it has to be named, which it has once.
    fn introduce(&mut self) -> bool {
        !std::mem::replace(&mut self.introduced, true)
    }
}
