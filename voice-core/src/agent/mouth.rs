//! The mouth: one call to the synthesiser, and the playout of what it gives.

use super::serving::Serving;
use super::session::ClientFormat;
use super::{AgentConfig, Parts};
use crate::audio::{Resampler, pcm};
use crate::cancel::CancelToken;
use crate::conversation::SpokenWord;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::id::{ReplyId, SentenceId, TurnId};
use crate::stage::{CallContext, Notice, TtsEvent, TtsInput, WordTiming};
use crate::stream::{HandoffSender, Loudspeaker, PlayedTape, Playout, PlayoutConfig, Weighted, handoff};
use crate::time::SessionTime;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// What becomes known of the reply's audio.
#[derive(Debug)]
pub(super) enum Utterance {
    /// `served` names who spoke, with the first audio of a reply.
    Audio {
        sentence: SentenceId,
        samples: u64,
        served: Option<Arc<str>>,
    },
    /// When words of the sentence sound.
    Words {
        sentence: SentenceId,
        words: Vec<SpokenWord>,
    },
    SentenceEnd(SentenceId),
    Notice(Notice),
    Failed(Error),
}

/// Sentences that may wait for the synthesiser; the language model then waits.
const SENTENCES_WAITING: usize = 4;

impl Weighted for TtsInput {
    fn weight(&self) -> usize {
        1
    }
    fn may_be_dropped(&self) -> bool {
        false
    }
}

/// At most one reply is spoken.
#[derive(Default)]
pub(super) struct Mouth {
    speech: Option<Speech>,
    /// Whether this client reports what it played.
    reporting: bool,
    /// What sounds at the client, for a canceller of its echo.
    loudspeaker: Option<Loudspeaker>,
}

struct Speech {
    reply: ReplyId,
    cancel: CancelToken,
    text: Option<HandoffSender<TtsInput>>,
    call: Option<BoxStream<'static, Result<TtsEvent>>>,
    resampler: Option<Resampler>,
    /// Of what is played, in Hz.
    rate: u32,
    last_sentence: SentenceId,
    playout: Playout,
    queue_limit: u64,
    serving: Serving,
}

impl Mouth {
    /// Opens the synthesiser for a reply. Without one there is nothing to speak with: replies are shown.
    pub(super) fn begin(
        &mut self,
        parts: &Parts,
        format: ClientFormat,
        reply: ReplyId,
        cx: CallContext,
        now: SessionTime,
    ) -> Result<()> {
        self.silence(now);
        let Some(tts) = &parts.tts else { return Ok(()) };
        let resampler = match tts.sample_rate() {
            rate if rate == format.output_rate => None,
            rate => Some(Resampler::new(rate, format.output_rate)?),
        };
        // The mind is not asked for more while SENTENCES_WAITING wait, so this bound is never what stops it.
        let (text, input) = handoff(usize::MAX);
        self.begin_sound();
        self.speech = Some(Speech {
            reply,
            cancel: cx.cancel.clone(),
            text: Some(text),
            call: Some(tts.synthesize(input.boxed(), cx)),
            resampler,
            rate: format.output_rate,
            last_sentence: SentenceId(0),
            playout: Playout::new(playout_config(&parts.config, format), self.reporting, now),
            queue_limit: u64::from(format.output_rate) * parts.config.playout_queue_ms / 1_000,
            serving: Serving::new(tts.name()),
        });
        Ok(())
    }

    pub(super) fn speak(&mut self, reply: ReplyId, sentence: SentenceId, text: String) {
        if let Some(speech) = self.of(reply) {
            speech.last_sentence = sentence;
            if let Some(sender) = &speech.text {
                sender.send(TtsInput::Text { sentence, text });
            }
        }
    }

    /// No more text follows for now.
    pub(super) fn flush_text(&mut self, reply: ReplyId) {
        if let Some(sender) = self.of(reply).and_then(|speech| speech.text.as_ref()) {
            sender.send(TtsInput::Flush);
        }
    }

    /// No more text follows.
    pub(super) fn end_text(&mut self, reply: ReplyId) {
        if let Some(sender) = self.of(reply).and_then(|speech| speech.text.take()) {
            sender.send(TtsInput::Flush);
        }
    }

    /// Stops the synthesiser; what it gave is still played.
    pub(super) fn cancel_synthesis(&mut self, reply: ReplyId) {
        if let Some(speech) = self.of(reply) {
            speech.cancel.cancel();
            speech.call = None;
            speech.text = None;
            speech.playout.end();
        }
    }

    /// Plays audio that no synthesiser has to make, after what it gave; `held` when the reply is.
    pub(super) fn play_line(
        &mut self,
        line: Bytes,
        reply: ReplyId,
        playout: PlayoutConfig,
        held: bool,
        now: SessionTime,
    ) {
        if self.of(reply).is_none() {
            self.silence(now);
            self.begin_sound();
            let rate = playout.rate;
            let mut playout = Playout::new(playout, self.reporting, now);
            if held {
                playout.hold(now);
            }
            self.speech = Some(Speech {
                reply,
                cancel: CancelToken::new(),
                text: None,
                call: None,
                resampler: None,
                rate,
                last_sentence: SentenceId(0),
                playout,
                queue_limit: 0,
                serving: Serving::nobody(),
            });
        }
        if let Some(speech) = self.of(reply) {
            speech.playout.push(line);
            speech.playout.end();
        }
    }

    /// Drops everything of this reply that was not handed over.
    pub(super) fn flush(&mut self, reply: ReplyId, now: SessionTime) {
        if let Some(speech) = self.of(reply) {
            self.reporting = speech.playout.is_reporting(now);
            self.silence(now);
        }
    }

    /// Stops, and so does the client.
    fn silence(&mut self, now: SessionTime) {
        if self.speech.is_some() {
            self.sounds(|loudspeaker| loudspeaker.clear(now));
        }
        self.stop();
    }

    pub(super) fn stop(&mut self) {
        if let Some(speech) = self.speech.take() {
            speech.cancel.cancel();
        }
    }

    pub(super) fn hold(&mut self, reply: ReplyId, now: SessionTime) {
        if let Some(speech) = self.of(reply) {
            speech.playout.hold(now);
            self.sounds(|loudspeaker| loudspeaker.hold(now));
        }
    }

    pub(super) fn resume(&mut self, reply: ReplyId, now: SessionTime) {
        if let Some(speech) = self.of(reply) {
            speech.playout.resume(now);
            self.sounds(|loudspeaker| loudspeaker.resume(now));
        }
    }

    /// The client says what it has played.
    pub(super) fn report(&mut self, turn: TurnId, samples: u64, now: SessionTime) {
        self.reporting = true;
        if let Some(speech) = self.speech.as_mut().filter(|speech| speech.reply.turn == turn) {
            speech.playout.report(samples, now);
            self.sounds(|loudspeaker| loudspeaker.report(samples, now));
        }
    }

    /// A new client: nothing is known of its habits.
    ///
    /// # Errors
    /// `InvalidConfig` when its echo cannot be cancelled because its rate cannot be resampled.
    pub(super) fn meet_listener(&mut self, parts: &Parts, format: ClientFormat, now: SessionTime) -> Result<()> {
        self.reporting = false;
        self.loudspeaker = None;
        if format.echo_cancellation && parts.echo_canceller.is_some() {
            self.loudspeaker = Some(Loudspeaker::new(format.output_rate, format.can_pause, now)?);
        }
        Ok(())
    }

    /// What sounded at the client up to now, where its echo is to be cancelled.
    pub(super) fn sounded(&mut self, now: SessionTime) -> Option<&PlayedTape> {
        self.sounds(|loudspeaker| loudspeaker.advance(now));
        self.loudspeaker.as_ref().map(Loudspeaker::tape)
    }

    fn begin_sound(&mut self) {
        if let Some(loudspeaker) = &mut self.loudspeaker {
            loudspeaker.begin();
        }
    }

    fn sounds(&mut self, change: impl FnOnce(&mut Loudspeaker) -> Result<()>) {
        if let Some(loudspeaker) = &mut self.loudspeaker
            && let Err(error) = change(loudspeaker)
        {
            tracing::debug!(%error, "what sounds at the client is not known");
        }
    }

    /// The listener's position in the reply that is being played, and whether the listener itself says so.
    pub(super) fn position(&self, now: SessionTime) -> Option<(TurnId, u64, bool)> {
        let speech = self.speech.as_ref()?;
        Some((speech.reply.turn, speech.playout.position(now), speech.playout.is_reporting(now)))
    }

    /// The next piece of audio to hand over, with the number of samples handed over when it is.
    pub(super) fn release(&mut self, now: SessionTime) -> Option<(ReplyId, u64, Bytes)> {
        let speech = self.speech.as_mut()?;
        let pcm = speech.playout.release(now)?;
        let released = (speech.reply, speech.playout.sent(), pcm.clone());
        self.sounds(|loudspeaker| loudspeaker.play(pcm, now));
        Some(released)
    }

    /// Whether the piece released last came after the listener had run dry.
    pub(super) fn was_late(&self) -> bool {
        self.speech.as_ref().is_some_and(|speech| speech.playout.was_late())
    }

    /// The reply whose audio has all been played, once.
    pub(super) fn take_done(&mut self, now: SessionTime) -> Option<ReplyId> {
        let done = self.speech.as_ref().is_some_and(|speech| speech.call.is_none() && speech.playout.is_done(now));
        if !done {
            return None;
        }
        let speech = self.speech.take()?;
        self.reporting = speech.playout.is_reporting(now);
        Some(speech.reply)
    }

    pub(super) fn next_wake(&self, now: SessionTime) -> Option<SessionTime> {
        self.speech.as_ref()?.playout.next_wake(now)
    }

    /// Whether enough sentences wait that the mind need not write more.
    pub(super) fn is_behind(&self) -> bool {
        self.speech.as_ref().and_then(|speech| speech.text.as_ref()).is_some_and(|text| text.len() >= SENTENCES_WAITING)
    }

    /// What the synthesiser gives next; pending while it owes nothing or enough audio waits. Cancel-safe.
    pub(super) fn next(&mut self) -> impl Future<Output = (ReplyId, Utterance)> + '_ {
        poll_fn(|context| match &mut self.speech {
            Some(speech) if speech.playout.queued() < speech.queue_limit => {
                let reply = speech.reply;
                speech.poll(context).map(|utterance| (reply, utterance))
            }
            _ => Poll::Pending,
        })
    }

    fn of(&mut self, reply: ReplyId) -> Option<&mut Speech> {
        self.speech.as_mut().filter(|speech| speech.reply == reply)
    }
}

impl Speech {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Utterance> {
        loop {
            let Some(call) = &mut self.call else { return Poll::Pending };
            let event = match call.poll_next_unpin(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(event) => event,
            };
            return Poll::Ready(match event {
                Some(Ok(TtsEvent::Audio { sentence, pcm })) => match self.take(&pcm) {
                    Ok(0) => continue,
                    Ok(samples) => Utterance::Audio { sentence, samples, served: self.serving.result() },
                    Err(error) => Utterance::Failed(error),
                },
                Some(Ok(TtsEvent::SentenceEnd { sentence })) => Utterance::SentenceEnd(sentence),
                Some(Ok(TtsEvent::Words { sentence, words })) => {
                    Utterance::Words { sentence, words: words.into_iter().map(|word| self.placed(word)).collect() }
                }
                Some(Ok(TtsEvent::Notice(notice))) => {
                    self.serving.heed(&notice);
                    Utterance::Notice(notice)
                }
                Some(Err(error)) => Utterance::Failed(error),
                None => self.ended(),
            });
        }
    }

    /// Brings audio to the output rate and queues it.
    fn take(&mut self, audio: &Bytes) -> Result<u64> {
        let audio = match &mut self.resampler {
            None => audio.clone(),
            Some(resampler) => {
                let mut resampled = Vec::with_capacity(audio.len());
                resampler.process_i16(&pcm::from_bytes(audio)?, &mut resampled)?;
                Bytes::from(pcm::to_bytes(&resampled))
            }
        };
        let samples = audio.len() as u64 / 2;
        self.playout.push(audio);
        Ok(samples)
    }

    /// A timed word in samples of what is played; the resampler puts it off.
    fn placed(&self, WordTiming { word, start_ms, end_ms }: WordTiming) -> SpokenWord {
        let delay = self.resampler.as_ref().map_or(0, |resampler| resampler.delay_samples() as u64);
        // What is no time, or before the beginning, becomes 0.
        let sample = |ms: f32| ((f64::from(ms) * f64::from(self.rate) / 1_000.0) as u64).saturating_add(delay);
        SpokenWord { text: word, start: sample(start_ms), end: sample(end_ms) }
    }

    /// The call is over; what the resampler still holds belongs to the last sentence.
    fn ended(&mut self) -> Utterance {
        self.call = None;
        self.playout.end();
        if self.text.is_some() {
            let message = "the synthesiser ended before the reply did";
            return Utterance::Failed(Error::new(ErrorKind::Protocol, Stage::Tts, message));
        }
        if let Some(resampler) = &mut self.resampler {
            let mut tail = Vec::new();
            if resampler.flush_i16(&mut tail).is_ok() && !tail.is_empty() {
                self.playout.push(Bytes::from(pcm::to_bytes(&tail)));
            }
        }
        Utterance::SentenceEnd(self.last_sentence)
    }
}

/// How the audio of a reply goes out to this client.
pub(super) fn playout_config(config: &AgentConfig, format: ClientFormat) -> PlayoutConfig {
    PlayoutConfig {
        rate: format.output_rate,
        ahead: Duration::from_millis(config.playout_ahead_ms),
        can_pause: format.can_pause,
    }
}
