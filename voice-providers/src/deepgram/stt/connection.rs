//! One live connection: it sends what the transcript has to send, keeps itself open, and notices when nobody is there.

use super::Shared;
use super::tape::{MESSAGE, RATE};
use super::transcript::{Outgoing, Transcript};
use crate::deepgram::{STT, wire};
use crate::pcm::little_endian;
use crate::timer::Timer;
use crate::ws::{Line, Received};
use futures::FutureExt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, Sleep, interval, sleep};
use tokio_tungstenite::tungstenite::Message;
use voice_core::{Error, ErrorKind, Result};

/// More than this is sent no faster than the service keeps up with.
const BACKLOG: u64 = RATE;
/// So often, and so much of it, Flux hears silence while nobody speaks and something is open.
const SILENCE: Duration = Duration::from_millis(200);
/// So long after it was spoken Flux may first tell of a word.
const HEARING: Duration = Duration::from_millis(400);
/// After so long a life a connection did not fail to begin, even if it said nothing.
const LIVED: Duration = Duration::from_secs(5);

pub(super) struct Connection {
    line: Line,
    keep_alive: Timer,
    silence: Timer,
    lived: Pin<Box<Sleep>>,
    /// Paces a backlog.
    pace: Option<Interval>,
    /// A full message of audio is sent so often while there is a backlog.
    beat: Duration,
    /// Samples sent since the service last said something, if there were any.
    unheard: Option<u64>,
    spoke: bool,
    /// Flux says when it wants audio, and knows neither `KeepAlive` nor `Finalize`.
    is_flux: bool,
    is_ready: bool,
    /// When the words of Flux's turn were first heard of, in seconds of the connection.
    first_words: Option<f64>,
}

impl Connection {
    pub(super) fn new(line: Line, shared: &Shared) -> Self {
        let config = &shared.config;
        let is_flux = config.is_flux();
        Self {
            line,
            keep_alive: Timer::new(if is_flux { SILENCE } else { config.keep_alive }),
            silence: Timer::new(config.stall_timeout),
            lived: Box::pin(sleep(LIVED)),
            pace: None,
            beat: Duration::from_secs_f64(MESSAGE as f64 / RATE as f64).div_f64(config.replay_speed),
            unheard: is_flux.then_some(0),
            spoke: false,
            is_flux,
            is_ready: !is_flux,
            first_words: None,
        }
    }

    /// Whether this connection has worked at all: the service said something, or it lived for 5 s.
    pub(super) fn worked(&mut self) -> bool {
        self.spoke || self.lived.as_mut().now_or_never().is_some()
    }

    /// Reads, writes and keeps time until there is no more to do now. An error is the end of the connection.
    pub(super) fn poll(&mut self, transcript: &mut Transcript, context: &mut Context<'_>) -> Result<()> {
        self.receive(transcript, context)?;
        self.send(transcript, context)?;
        self.keep_alive(transcript, context)?;
        if let Poll::Ready(result) = self.line.poll_flush(context) {
            result?;
        }
        self.watch(transcript, context)
    }

    fn receive(&mut self, transcript: &mut Transcript, context: &mut Context<'_>) -> Result<()> {
        while let Poll::Ready(received) = self.line.poll_receive(context) {
            let Received::Text(text) = received? else { continue };
            match wire::read(&text) {
                wire::Incoming::Results(results) => {
                    transcript.heard(results);
                    self.heard(transcript);
                }
                wire::Incoming::Turn(turn) => {
                    let results = self.begin_with_words(turn.results);
                    transcript.heard_turn(results, turn.is_over);
                    self.heard(transcript);
                }
                wire::Incoming::Connected => {
                    self.is_ready = true;
                    self.heard(transcript);
                }
                wire::Incoming::Error(words) => tracing::debug!(words, "Deepgram reports an error"),
                wire::Incoming::Warning(words) => tracing::debug!(words, "Deepgram warns"),
                wire::Incoming::Flushed | wire::Incoming::Other => {}
            }
        }
        Ok(())
    }

    /// Flux counts a turn from the end of the one before. Here it begins with its first word, or, where words have no
    /// times, at most so long before the first were heard as it takes to hear them.
    fn begin_with_words(&mut self, results: wire::Results) -> wire::Results {
        let end = results.start + results.duration;
        let mut begin = results.start;
        if !results.transcript.is_empty() {
            let heard_first = *self.first_words.get_or_insert(end);
            let word = results.words.first().map_or(heard_first - HEARING.as_secs_f64(), |word| word.start);
            begin = word.max(results.start).min(end);
        }
        if results.is_final {
            self.first_words = None;
        }
        wire::Results { start: begin, duration: end - begin, ..results }
    }

    fn heard(&mut self, transcript: &Transcript) {
        self.spoke = true;
        self.unheard = transcript.owes().map(|_| 0);
        self.silence.restart();
    }

    fn send(&mut self, transcript: &mut Transcript, context: &mut Context<'_>) -> Result<()> {
        while self.is_ready && transcript.wants_to_send() {
            match self.line.poll_ready(context) {
                Poll::Pending => return Ok(()),
                Poll::Ready(ready) => ready?,
            }
            if self.must_wait(transcript, context) {
                return Ok(());
            }
            match transcript.next_to_send() {
                None => return Ok(()),
                Some(Outgoing::Audio(pcm)) => {
                    self.owed(pcm.len() as u64 / 2);
                    self.line.send(Message::Binary(little_endian(pcm)))?;
                }
                Some(Outgoing::Finalize) => {
                    self.owed(0);
                    self.line.send(Message::text(if self.is_flux { wire::FORCE_END_TURN } else { wire::FINALIZE }))?;
                }
            }
            self.keep_alive.restart();
        }
        if !transcript.wants_to_send() {
            // The backlog is gone: what comes now is live and waits for no beat.
            self.pace = None;
        }
        Ok(())
    }

    /// Whether a backlog has to wait for the next beat.
    fn must_wait(&mut self, transcript: &Transcript, context: &mut Context<'_>) -> bool {
        if transcript.waiting() > BACKLOG && self.pace.is_none() {
            let mut pace = interval(self.beat.max(Duration::from_micros(1)));
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            self.pace = Some(pace);
        }
        if transcript.waiting() == 0 {
            // A request alone is no backlog.
            self.pace = None;
        }
        self.pace.as_mut().is_some_and(|pace| pace.poll_tick(context).is_pending())
    }

    fn owed(&mut self, samples: u64) {
        if self.unheard.is_none() {
            self.silence.restart();
        }
        *self.unheard.get_or_insert(0) += samples;
    }

    fn keep_alive(&mut self, transcript: &mut Transcript, context: &mut Context<'_>) -> Result<()> {
        while self.keep_alive.poll(context).is_ready() {
            self.keep_alive.restart();
            if self.is_flux && !(self.is_ready && transcript.wants_silence() && !transcript.wants_to_send()) {
                continue;
            }
            // Without room there is something to be sent, which keeps it alive as well.
            if let Poll::Ready(ready) = self.line.poll_ready(context) {
                ready?;
                if self.is_flux {
                    let samples = (SILENCE.as_millis() as u64) * RATE / 1_000;
                    transcript.silence_sent(samples);
                    self.line.send(Message::binary(vec![0; 2 * samples as usize]))?;
                } else {
                    self.line.send(Message::text(wire::KEEP_ALIVE))?;
                }
            }
        }
        Ok(())
    }

    /// A service that says nothing while it is spoken to is not there, whatever the socket says.
    fn watch(&mut self, transcript: &Transcript, context: &mut Context<'_>) -> Result<()> {
        let Some(unheard) = self.unheard else { return Ok(()) };
        if self.silence.poll(context).is_pending() {
            return Ok(());
        }
        // A few samples before the speaker stopped need no answer.
        let speaking = unheard as f64 / RATE as f64 > self.silence.length().as_secs_f64() / 2.0;
        if speaking || transcript.owes().is_some() || transcript.wants_to_send() {
            return Err(Error::new(ErrorKind::Timeout, STT.stage, "Deepgram says nothing any more"));
        }
        self.unheard = None;
        Ok(())
    }
}
