//! The ears: microphone audio becomes utterances. The VAD hears the microphone without the agent's own voice, the denoiser
//! serves the recogniser.

use super::Parts;
use super::session::ClientFormat;
use crate::audio::{Resampler, pcm};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::stream::{PlayedTape, SpeechDetector, SpeechItem, StreamDenoiser, StreamEchoCanceller};
use crate::time::{AudioTime, SessionTime};
use bytes::Bytes;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The rate at which the ears listen, in Hz.
pub(super) const RATE: u32 = 16_000;
/// A microphone that is so late with its next piece while the user speaks is taken to be silent.
const STARVED_AFTER: Duration = Duration::from_millis(300);
/// Silence is then inserted in steps of this.
const SILENCE_STEP: Duration = Duration::from_millis(100);

/// What was heard, in order.
#[derive(Debug)]
pub(super) enum Heard {
    Started { at: AudioTime },
    Audio { at: AudioTime, pcm: Bytes },
    Paused { at: AudioTime },
    Resumed { at: AudioTime },
    Ended { at: AudioTime, silence: Duration },
    Failed(Error),
}

pub(super) struct Ears {
    input_rate: u32,
    resampler: Option<Resampler>,
    detector: Option<SpeechDetector>,
    denoiser: Option<StreamDenoiser>,
    echo_canceller: Option<StreamEchoCanceller>,
    denoise_before_vad: bool,
    max_ahead: Duration,
    /// Until when more audio waits for a detector that answers later; it is kept until the answer is there.
    answer_due: Option<SessionTime>,
    items: VecDeque<Heard>,
    raw: Vec<i16>,
    samples: Vec<i16>,
    without_echo: Vec<i16>,
    clean: Vec<i16>,
    /// Samples received, at the input rate, and since when.
    received: u64,
    since: Option<SessionTime>,
    /// When the last piece of audio is over and the next one is due.
    next_due: SessionTime,
    /// The VAD failed and has not worked since: told once.
    failing: bool,
    /// The same of the echo canceller.
    echo_failing: bool,
    ahead: bool,
}

impl Ears {
    /// Ears for a client's microphone. Without a recogniser or a VAD they hear nothing.
    pub(super) fn new(parts: &Parts, format: ClientFormat) -> Result<Self> {
        let input_rate = format.input_rate;
        let resampler = (input_rate != RATE).then(|| Resampler::new(input_rate, RATE)).transpose()?;
        let detector = match (&parts.vad, &parts.stt) {
            (Some(factory), Some(_)) => Some(SpeechDetector::new(factory()?, parts.config.speech.clone())?),
            _ => None,
        };
        let denoiser = match &parts.denoiser {
            Some(factory) if detector.is_some() => Some(StreamDenoiser::new(factory()?, RATE)?),
            _ => None,
        };
        let echo_canceller = match &parts.echo_canceller {
            Some(factory) if format.echo_cancellation && detector.is_some() => {
                Some(StreamEchoCanceller::new(factory()?)?)
            }
            _ => None,
        };
        Ok(Self {
            input_rate,
            resampler,
            detector,
            denoiser,
            echo_canceller,
            denoise_before_vad: parts.config.denoise_before_vad,
            max_ahead: Duration::from_millis(parts.config.max_ahead_ms),
            answer_due: None,
            items: VecDeque::new(),
            raw: Vec::new(),
            samples: Vec::new(),
            without_echo: Vec::new(),
            clean: Vec::new(),
            received: 0,
            since: None,
            next_due: SessionTime::ZERO,
            failing: false,
            echo_failing: false,
            ahead: false,
        })
    }

    /// Forgets what was heard: the microphone's stream has a gap.
    pub(super) fn reset(&mut self) {
        self.items.clear();
        self.received = 0;
        self.since = None;
        self.answer_due = None;
        if let Some(resampler) = &mut self.resampler {
            resampler.reset();
        }
        if let Some(detector) = &mut self.detector {
            detector.reset();
        }
        if let Some(denoiser) = &mut self.denoiser {
            denoiser.reset();
        }
        if let Some(canceller) = &mut self.echo_canceller {
            canceller.reset();
        }
    }

    /// Tells the detector what it cannot hear.
    pub(super) fn surroundings(&mut self, turn_open: bool, agent_speaking: bool) {
        if let Some(detector) = &mut self.detector {
            detector.set_turn_open(turn_open);
            detector.set_agent_speaking(agent_speaking);
        }
    }

    /// Whether more audio may be read now: not when it is too far ahead of real time, nor while a detector is to answer.
    pub(super) fn may_read(&self, now: SessionTime) -> bool {
        !self.is_ahead(now) && self.answer_due.is_none_or(|due| due <= now)
    }

    fn is_ahead(&self, now: SessionTime) -> bool {
        self.lead(now) > self.max_ahead
    }

    /// The most bytes of audio to be pushed at a time: a window of a detector that answers later, so that its answer counts
    /// from the next window on, however fast audio comes.
    pub(super) fn longest_piece(&mut self) -> usize {
        let Some(detector) = &mut self.detector else { return usize::MAX };
        let vad = detector.get_mut();
        if !vad.answers_later() {
            return usize::MAX;
        }
        let samples = vad.window_len() as u64 * u64::from(self.input_rate) / u64::from(RATE);
        samples.max(1) as usize * 2
    }

    /// Whether there are windows without an answer.
    pub(super) fn is_waiting(&self) -> bool {
        self.answer_due.is_some()
    }

    /// Resolves when every window has been answered.
    pub(super) async fn answered(&mut self) {
        if let Some(detector) = &mut self.detector {
            poll_fn(|context| detector.get_mut().poll_answered(context)).await;
        }
        self.answer_due = None;
    }

    /// After audio: a detector that answers later has the time of a window to do so. One that takes longer is not waited for
    /// any more until it has caught up, or the session would fall behind for good.
    fn await_answer(&mut self, now: SessionTime) {
        let Some(detector) = &mut self.detector else { return };
        let vad = detector.get_mut();
        match vad.poll_answered(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(()) => self.answer_due = None,
            Poll::Pending => {
                let window = Duration::from_micros(vad.window_len() as u64 * 1_000_000 / u64::from(RATE));
                self.answer_due.get_or_insert(now + window);
            }
        }
    }

    /// How far the audio received is ahead of the time since the first of it.
    fn lead(&self, now: SessionTime) -> Duration {
        let Some(since) = self.since else { return Duration::ZERO };
        self.audio_received().saturating_sub(now.saturating_since(since))
    }

    fn audio_received(&self) -> Duration {
        self.duration(self.received)
    }

    fn duration(&self, samples: u64) -> Duration {
        Duration::from_nanos((u128::from(samples) * 1_000_000_000 / u128::from(self.input_rate.max(1))) as u64)
    }

    /// Takes microphone audio, PCM16 little-endian; `played` is what the loudspeaker has played up to now, where somebody
    /// keeps it. Gives an error to be told when audio came too far ahead of real time; nothing of it is lost.
    ///
    /// # Errors
    /// `InvalidInput` for an odd number of bytes.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        played: Option<&PlayedTape>,
        now: SessionTime,
    ) -> Result<Option<Error>> {
        self.next_due = now + self.duration(bytes.len() as u64 / 2);
        self.since.get_or_insert(now);
        self.received += bytes.len() as u64 / 2;
        self.raw.clear();
        pcm::extend_from_bytes(bytes, &mut self.raw)?;
        match &mut self.resampler {
            None => std::mem::swap(&mut self.raw, &mut self.samples),
            Some(resampler) => {
                self.samples.clear();
                resampler.process_i16(&self.raw, &mut self.samples)?;
            }
        }
        self.cancel_echo(played, now);
        self.listen();
        self.await_answer(now);
        let ahead = self.is_ahead(now);
        let was_ahead = std::mem::replace(&mut self.ahead, ahead);
        Ok((self.ahead && !was_ahead).then(|| self.overrun()))
    }

    fn overrun(&self) -> Error {
        let message = format!(
            "microphone audio is more than {} ms ahead of real time; reading pauses until it is not",
            self.max_ahead.as_millis()
        );
        Error::new(ErrorKind::RateLimited { retry_after: None }, Stage::Audio, message)
    }

    fn cancel_echo(&mut self, played: Option<&PlayedTape>, now: SessionTime) {
        let (Some(canceller), Some(played)) = (&mut self.echo_canceller, played) else { return };
        self.without_echo.clear();
        let result = canceller.push(&self.samples, played, now, &mut self.without_echo);
        std::mem::swap(&mut self.samples, &mut self.without_echo);
        let failing = std::mem::replace(&mut self.echo_failing, result.is_err());
        if let (Err(error), false) = (result, failing) {
            self.items.push_back(Heard::Failed(error));
        }
    }

    fn listen(&mut self) {
        let Self { detector: Some(detector), denoiser, denoise_before_vad, items, samples, clean, .. } = self else {
            return;
        };
        let before_vad = *denoise_before_vad;
        let heard: &[i16] = match denoiser {
            Some(denoiser) if before_vad => {
                clean.clear();
                if let Err(error) = denoiser.push(samples, clean) {
                    items.push_back(Heard::Failed(error));
                }
                clean
            }
            _ => samples,
        };
        let mut for_stt = denoiser.as_mut().filter(|_| !before_vad);
        let result = detector.push(heard, |item| take(item, for_stt.as_deref_mut(), items));
        self.note(result);
    }

    /// Whether the microphone has gone quiet in the literal sense while the user's turn is open.
    pub(super) fn is_starved(&self, now: SessionTime, user_active: bool) -> bool {
        user_active && self.detector.is_some() && now >= self.next_due + STARVED_AFTER
    }

    /// Silence in place of a microphone that has stalled, so that a turn always ends.
    pub(super) fn insert_silence(&mut self, now: SessionTime) {
        let gap = now.saturating_since(self.next_due);
        // The next step is due when another step of silence has passed.
        self.next_due = now - (STARVED_AFTER - SILENCE_STEP);
        let silence = gap.min(STARVED_AFTER).max(SILENCE_STEP);
        let length = (silence.as_millis() as usize) * (RATE as usize / 1_000);
        let Self { detector: Some(detector), denoiser, denoise_before_vad, items, .. } = self else { return };
        let mut for_stt = denoiser.as_mut().filter(|_| !*denoise_before_vad);
        let result = detector.insert_silence(length, |item| take(item, for_stt.as_deref_mut(), items));
        self.note(result);
    }

    /// A VAD that fails on every window is one piece of news, not fifty a second.
    fn note(&mut self, result: Result<()>) {
        match result {
            // A piece that fills no window says nothing of the VAD.
            Ok(()) => self.failing = self.detector.as_ref().is_some_and(SpeechDetector::is_failing),
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    self.items.push_back(Heard::Failed(error));
                }
            }
        }
    }

    /// When time alone changes what the ears do.
    pub(super) fn next_wake(&self, now: SessionTime, user_active: bool) -> Option<SessionTime> {
        let starved = (user_active && self.detector.is_some()).then_some(self.next_due + STARVED_AFTER);
        let caught_up = self.is_ahead(now).then(|| now + (self.lead(now) - self.max_ahead));
        let answer_due = self.answer_due.filter(|due| *due > now);
        [starved, caught_up, answer_due].into_iter().flatten().min()
    }

    pub(super) fn next_item(&mut self) -> Option<Heard> {
        self.items.pop_front()
    }
}

/// Takes what the detector tells; audio for the recogniser passes the denoiser, warmed by the padding.
fn take(item: SpeechItem<'_>, denoiser: Option<&mut StreamDenoiser>, items: &mut VecDeque<Heard>) {
    match item {
        SpeechItem::Started { at } => items.push_back(Heard::Started { at }),
        SpeechItem::Paused { at } => items.push_back(Heard::Paused { at }),
        SpeechItem::Resumed { at } => items.push_back(Heard::Resumed { at }),
        SpeechItem::Ended { at, silence } => items.push_back(Heard::Ended { at, silence }),
        SpeechItem::Audio { at, pcm } => {
            let audio = match denoiser {
                None => pcm::to_bytes(&pcm),
                Some(denoiser) => {
                    let mut clean = Vec::with_capacity(pcm.len());
                    if let Err(error) = denoiser.push(&pcm, &mut clean) {
                        items.push_back(Heard::Failed(error));
                    }
                    pcm::to_bytes(&clean)
                }
            };
            if !audio.is_empty() {
                items.push_back(Heard::Audio { at, pcm: audio.into() });
            }
        }
    }
}
