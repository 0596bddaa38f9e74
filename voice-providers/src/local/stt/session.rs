//! What the recogniser keeps of one session: the audio of the open turn, the work asked for, the results.

use super::recogniser::{LiveDecoder, Recognised, Recogniser, SAMPLE_RATE, WholeDecoder};
use super::stable::StablePrefix;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use voice_core::stage::{FinalizeId, SttEvent, SttInput};
use voice_core::{Error, Result, TurnId};

/// Audio kept of one turn: 60 s. Of a longer turn the oldest is dropped.
const LONGEST_TURN: usize = 60 * SAMPLE_RATE;
/// What a turn may grow over its cap before it is cut back, so that cutting is rare.
const CUT_SLACK: usize = SAMPLE_RATE;
/// New audio that makes a partial worth its while: 100 ms.
const PARTIAL_BLOCK: usize = SAMPLE_RATE / 10;
/// The most that one partial job hears, so that no session holds a thread for long: 500 ms.
const PARTIAL_JOB: usize = SAMPLE_RATE / 2;
/// A turn whose partials are further behind than this gets no more of them: 2 s.
const PARTIAL_LAG: usize = 2 * SAMPLE_RATE;
/// Finals a session may wait for; until one is done no more input is read.
const MAX_FINALS: usize = 4;

/// A piece of work for the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Final,
    Partial,
}

/// One session's state, shared between its stream and the workers.
#[derive(Default)]
pub(super) struct Session {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    closed: bool,
    turn: Option<TurnId>,
    samples: Arc<Vec<i16>>,
    /// Counts up whenever work in hand on a partial becomes void.
    epoch: u64,
    live: Live,
    finals: VecDeque<(FinalizeId, Arc<Vec<i16>>)>,
    final_scheduled: bool,
    partial_scheduled: bool,
    events: VecDeque<Result<SttEvent>>,
    waker: Option<Waker>,
}

/// The partial transcript of the open turn.
#[derive(Default)]
struct Live {
    decoder: Option<LiveDecoder>,
    /// Samples of the turn heard so far, or covered by a final.
    heard: usize,
    /// Words that a final has settled; the decoder heard only what came later.
    settled: String,
    stable: StablePrefix,
    given_up: bool,
}

/// What the stream finds when it looks.
pub(super) enum Outlook {
    Event(Result<SttEvent>),
    /// Nothing yet; input may be read.
    ReadInput,
    /// Nothing yet; too much is under way to read more.
    Wait,
    /// Nothing yet and nothing under way.
    Idle,
}

impl Session {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one input and says what work it makes.
    pub(super) fn accept(&self, input: SttInput, partials: bool) -> Option<Work> {
        let mut state = self.lock();
        match input {
            SttInput::Audio { turn, pcm, .. } => state.hear(turn, &pcm, partials),
            SttInput::Finalize(id) => {
                let samples = if state.turn == Some(id.turn) { Arc::clone(&state.samples) } else { Arc::default() };
                state.finals.push_back((id, samples));
                (!std::mem::replace(&mut state.final_scheduled, true)).then_some(Work::Final)
            }
        }
    }

    /// The next event, or what to do until there is one; `waker` is woken then.
    pub(super) fn look(&self, waker: &Waker) -> Outlook {
        let mut state = self.lock();
        if let Some(event) = state.events.pop_front() {
            return Outlook::Event(event);
        }
        state.waker = Some(waker.clone());
        match state.finals.len() + usize::from(state.final_scheduled) {
            0 => Outlook::Idle,
            waiting if waiting > MAX_FINALS => Outlook::Wait,
            _ => Outlook::ReadInput,
        }
    }

    /// Forgets everything: what is under way comes to nothing, what waits is not begun.
    pub(super) fn close(&self) {
        let forgotten = std::mem::replace(&mut *self.lock(), State { closed: true, ..State::default() });
        // A decoder among it takes a moment to go: not under the lock.
        drop(forgotten);
    }

    /// There is no time for the finals asked for.
    pub(super) fn refuse(&self, error: Error) {
        let mut state = self.lock();
        state.finals.clear();
        state.final_scheduled = false;
        state.emit(Err(error));
    }

    /// Does the finals asked for, one after the other.
    pub(super) fn run_finals(&self, mut recognise: impl FnMut(&[i16]) -> Result<Recognised>) {
        loop {
            let (id, samples) = {
                let mut state = self.lock();
                match state.finals.pop_front() {
                    Some(next) => next,
                    None => {
                        state.final_scheduled = false;
                        // A stream whose input has ended waits for this.
                        state.wake();
                        return;
                    }
                }
            };
            let result = recognise(&samples);
            let mut state = self.lock();
            if state.closed {
                return;
            }
            state.finish(id, samples.len(), result);
        }
    }

    /// Lets the turn's decoder hear what is new and publishes the words that hold still.
    pub(super) fn run_partial(&self, recogniser: &Recogniser) {
        let Some((decoder, block, epoch)) = self.begin_partial() else { return };
        let result = decoder
            .map_or_else(|| recogniser.live(), Ok)
            .and_then(|mut decoder| decoder.hear(&block).map(|text| (decoder, text)));
        let mut state = self.lock();
        state.partial_scheduled = false;
        if state.closed || state.epoch != epoch {
            drop(state);
            drop(result);
            return;
        }
        match result {
            Ok((decoder, text)) => state.publish(decoder, &text),
            Err(error) => {
                // The final decides; a turn can do without partials.
                tracing::warn!(%error, "partial transcripts stop for this turn");
                state.live.given_up = true;
            }
        }
    }

    fn begin_partial(&self) -> Option<(Option<LiveDecoder>, Vec<i16>, u64)> {
        let mut state = self.lock();
        let heard = state.live.heard;
        let end = state.samples.len().min(heard + PARTIAL_JOB);
        if state.closed || state.live.given_up || heard >= end {
            state.partial_scheduled = false;
            return None;
        }
        let block = state.samples[heard..end].to_vec();
        state.live.heard = end;
        Some((state.live.decoder.take(), block, state.epoch))
    }
}

impl State {
    fn hear(&mut self, turn: TurnId, pcm: &Bytes, partials: bool) -> Option<Work> {
        if self.turn != Some(turn) {
            self.turn = Some(turn);
            self.samples = Arc::default();
            self.live = Live::default();
            self.epoch += 1;
        }
        // A sample cut in half says nothing: only whole ones count.
        let new = pcm.chunks_exact(2).map(|bytes| i16::from_ne_bytes([bytes[0], bytes[1]]));
        let samples = Arc::make_mut(&mut self.samples);
        samples.extend(new);
        if samples.len() > LONGEST_TURN + CUT_SLACK {
            let excess = samples.len() - LONGEST_TURN;
            samples.drain(..excess);
            self.live.heard = self.live.heard.saturating_sub(excess);
        }
        let behind = samples.len() - self.live.heard.min(samples.len());
        if behind > PARTIAL_LAG {
            self.live.given_up = true;
            self.live.decoder = None;
        }
        let wanted = partials && !self.live.given_up && behind >= PARTIAL_BLOCK && !self.partial_scheduled;
        self.partial_scheduled |= wanted;
        wanted.then_some(Work::Partial)
    }

    fn publish(&mut self, decoder: LiveDecoder, text: &str) {
        self.live.decoder = Some(decoder);
        let Some(turn) = self.turn else { return };
        let Some(stable) = self.live.stable.update(text) else { return };
        let text = join(&self.live.settled, &stable);
        // Only the newest partial matters: one that nobody has read yet is replaced.
        self.events.retain(|event| !matches!(event, Ok(SttEvent::Partial { .. })));
        self.emit(Ok(SttEvent::Partial { turn, text }));
    }

    fn finish(&mut self, id: FinalizeId, length: usize, result: Result<Recognised>) {
        if self.turn == Some(id.turn) {
            let settled = result.as_ref().map(|recognised| recognised.text.clone()).unwrap_or_default();
            self.live = Live { heard: length.min(self.samples.len()), settled, ..Live::default() };
            self.epoch += 1;
        }
        self.events.retain(|event| !matches!(event, Ok(SttEvent::Partial { .. })));
        self.emit(result.map(|recognised| SttEvent::Final { id, text: recognised.text, unclear: recognised.unclear }));
    }

    fn emit(&mut self, event: Result<SttEvent>) {
        self.events.push_back(event);
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

fn join(settled: &str, new: &str) -> String {
    match (settled.is_empty(), new.is_empty()) {
        (true, _) => new.to_owned(),
        (_, true) => settled.to_owned(),
        _ => format!("{settled} {new}"),
    }
}

/// One worker's way of recognising whole utterances: its decoder is made when first needed and kept.
pub(super) struct Finals {
    recogniser: Arc<Recogniser>,
    decoder: Option<WholeDecoder>,
}

impl Finals {
    pub(super) fn new(recogniser: Arc<Recogniser>) -> Self {
        Self { recogniser, decoder: None }
    }

    /// Makes the decoder if there is none.
    pub(super) fn prepare(&mut self) -> Result<&mut WholeDecoder> {
        match &mut self.decoder {
            Some(decoder) => Ok(decoder),
            none => Ok(none.insert(self.recogniser.whole()?)),
        }
    }
}
