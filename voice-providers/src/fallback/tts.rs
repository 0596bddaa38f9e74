//! Synthesisers in order of preference.

use super::FallbackConfig;
use super::call::{Call, Deadline, Wake};
use super::manuscript::Manuscript;
use super::members::{Members, Tried, now};
use super::probing::Probing;
use async_stream::stream;
use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::sync::Arc;
use tokio::time::Instant;
use voice_core::audio::{Resampler, pcm};
use voice_core::stage::{CallContext, TtsEvent, TtsInput, TtsProvider};
use voice_core::stream::{CancelStreamExt, HandoffSender, handoff};
use voice_core::{Error, ErrorKind, Result, SentenceId, Stage};

/// Sentences without all their audio that a synthesiser may have; further text waits where it is.
const SENTENCES_OWED: usize = 8;

/// Several synthesisers as one. When one fails, the next says what has no audio yet: sentences that are complete are not
/// said again, a sentence that broke off goes on at the first word that did not sound whole.
#[derive(Clone)]
pub struct FallbackTts {
    members: Arc<Members<dyn TtsProvider>>,
    config: FallbackConfig,
    rate: u32,
}

impl FallbackTts {
    /// These synthesisers, the first preferred; the audio of the others is brought to its rate.
    ///
    /// # Errors
    /// `InvalidConfig` when there are none, or when a rate cannot be brought to that of the first.
    pub fn new(voices: Vec<Arc<dyn TtsProvider>>, config: FallbackConfig) -> Result<Self> {
        let rate = voices.first().map_or(0, |voice| voice.sample_rate());
        for voice in voices.iter().filter(|voice| voice.sample_rate() != rate) {
            Resampler::new(voice.sample_rate(), rate)?;
        }
        Ok(Self { members: Members::new(voices, &config)?, config, rate })
    }
}

impl TtsProvider for FallbackTts {
    fn name(&self) -> &str {
        self.members.name()
    }

    fn sample_rate(&self) -> u32 {
        self.rate
    }

    fn synthesize(
        &self,
        mut text: BoxStream<'static, TtsInput>,
        cx: CallContext,
    ) -> BoxStream<'static, Result<TtsEvent>> {
        let Self { members, config, rate } = self.clone();
        let cancel = cx.cancel.clone();
        let speech = stream! {
            let (mut probing, mut tried) = (Probing::new(members.clone()), Tried::default());
            let mut manuscript = Manuscript::new(rate);
            let mut text_ended = false;
            let mut last = None;
            while let Some(member) = members.choose(&tried) {
                tried.add(member);
                let mut speaker = match Speaker::begin(members.provider(member), &manuscript, text_ended, rate, &cx) {
                    Ok(speaker) => speaker,
                    Err(error) => {
                        yield Err(error);
                        return;
                    }
                };
                let failure = loop {
                    let may_take = !text_ended && manuscript.owed() < SENTENCES_OWED;
                    let deadline = speaker.deadline(&config, manuscript.owed() > 0 || text_ended);
                    let event = match speaker.call.wake(may_take.then_some(&mut text), deadline, &mut probing, member).await {
                        Wake::Input(item) => {
                            text_ended = item.is_none();
                            item.iter().for_each(|item| manuscript.take(item));
                            speaker.tell(item);
                            if manuscript.owed() >= SENTENCES_OWED {
                                // No more is taken until some of it is spoken, so it may not be held back.
                                manuscript.take(&TtsInput::Flush);
                                speaker.tell((!text_ended).then_some(TtsInput::Flush));
                            }
                            continue;
                        }
                        Wake::Event(event) => event,
                    };
                    let all_said = text_ended && manuscript.owed() == 0;
                    let passed_on = match event {
                        Ok(Some(event)) => speaker.pass_on(event, &mut manuscript, &members, member),
                        Ok(None) if all_said => return members.succeeded(member),
                        // Only the end of the stream is missing.
                        Err(_) if all_said => return,
                        Ok(None) => Err(ended_early()),
                        Err(error) => Err(error),
                    };
                    match passed_on {
                        Ok(events) => for event in events {
                            if matches!(event, TtsEvent::SentenceEnd { .. }) {
                                // It works: who failed in this sentence may be asked again in a later one.
                                tried = Tried::only(member);
                            }
                            yield Ok(event);
                        },
                        Err(error) => break error,
                    }
                };
                drop(speaker);
                members.failed(member, &failure);
                if let Some(sentence) = manuscript.break_off() {
                    yield Ok(TtsEvent::SentenceEnd { sentence });
                }
                if members.choose(&tried).is_some() {
                    yield Ok(TtsEvent::Notice(members.failed_over(member, &failure)));
                }
                last = Some(failure);
            }
            yield Err(last.unwrap_or_else(|| members.nobody()));
        };
        speech.until_cancelled(&cancel).boxed()
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        self.members.warm_up()
    }
}

fn ended_early() -> Error {
    Error::new(ErrorKind::Protocol, Stage::Tts, "the synthesiser ended before the reply did")
}

/// The synthesiser of the moment.
struct Speaker {
    call: Call<TtsEvent>,
    /// `None` when the text has ended.
    text: Option<HandoffSender<TtsInput>>,
    resampler: Option<Resampler>,
    introduced: bool,
    spoke: bool,
    waiting_since: Option<Instant>,
}

impl Speaker {
    /// Has `voice` say what is left of the manuscript.
    fn begin(
        voice: &dyn TtsProvider,
        manuscript: &Manuscript,
        text_ended: bool,
        rate: u32,
        cx: &CallContext,
    ) -> Result<Self> {
        let resampler = match voice.sample_rate() {
            same if same == rate => None,
            other => Some(Resampler::new(other, rate)?),
        };
        // What waits here is bounded by the sentences owed.
        let (sender, receiver) = handoff(usize::MAX);
        for item in manuscript.replay() {
            sender.send(item);
        }
        let call = Call::begin(cx, |cx| voice.synthesize(receiver.boxed(), cx));
        let text = (!text_ended).then_some(sender);
        Ok(Self { call, text, resampler, introduced: false, spoke: false, waiting_since: None })
    }

    /// What the listener is given of this event. What belongs to no sentence that is owed is left out.
    fn pass_on(
        &mut self,
        event: TtsEvent,
        manuscript: &mut Manuscript,
        members: &Members<dyn TtsProvider>,
        member: usize,
    ) -> Result<Vec<TtsEvent>> {
        // Whoever listens may take its time now: the wait for what comes next begins when it asks again.
        (self.spoke, self.waiting_since) = (true, None);
        Ok(match event {
            TtsEvent::Audio { sentence, pcm } if manuscript.expects(sentence) => {
                let pcm = self.resample(&pcm)?;
                if pcm.is_empty() {
                    return Ok(Vec::new());
                }
                manuscript.audio(sentence, pcm.len() as u64 / 2);
                let introduction = (!std::mem::replace(&mut self.introduced, true)).then(|| members.serving(member));
                let audio = TtsEvent::Audio { sentence, pcm };
                let words = timings(manuscript, sentence, false);
                introduction.map(TtsEvent::Notice).into_iter().chain(words).chain([audio]).collect()
            }
            TtsEvent::Words { sentence, words } if manuscript.expects(sentence) => {
                manuscript.words(sentence, words);
                timings(manuscript, sentence, false).into_iter().collect()
            }
            TtsEvent::SentenceEnd { sentence } if manuscript.expects(sentence) => {
                let words = timings(manuscript, sentence, true);
                manuscript.end(sentence);
                let tail = self.tail().map(|pcm| TtsEvent::Audio { sentence, pcm });
                words.into_iter().chain(tail).chain([TtsEvent::SentenceEnd { sentence }]).collect()
            }
            TtsEvent::Notice(notice) => vec![TtsEvent::Notice(notice)],
            _ => Vec::new(),
        })
    }

    fn tell(&mut self, item: Option<TtsInput>) {
        match (item, &self.text) {
            (Some(item), Some(text)) => {
                text.send(item);
            }
            _ => self.text = None,
        }
    }

    /// Until when something must come, if anything is owed.
    fn deadline(&mut self, config: &FallbackConfig, owes: bool) -> Deadline {
        let patience = if self.spoke { config.stall } else { config.first_audio };
        self.waiting_since = owes.then(|| self.waiting_since.unwrap_or_else(now));
        Deadline {
            at: self.waiting_since.map(|since| since + patience),
            missed: "the synthesiser gave no audio in time",
        }
    }

    fn resample(&mut self, audio: &Bytes) -> Result<Bytes> {
        let Some(resampler) = &mut self.resampler else { return Ok(audio.clone()) };
        let mut resampled = Vec::with_capacity(audio.len());
        resampler.process_i16(&pcm::from_bytes(audio)?, &mut resampled)?;
        Ok(Bytes::from(pcm::to_bytes(&resampled)))
    }

    /// What the resampler held back of a sentence.
    fn tail(&mut self) -> Option<Bytes> {
        let mut tail = Vec::new();
        self.resampler.as_mut()?.flush_i16(&mut tail).ok()?;
        (!tail.is_empty()).then(|| Bytes::from(pcm::to_bytes(&tail)))
    }
}

/// The timings that can be given out now.
fn timings(manuscript: &mut Manuscript, sentence: SentenceId, ends: bool) -> Option<TtsEvent> {
    let words = manuscript.timings(sentence, ends);
    (!words.is_empty()).then_some(TtsEvent::Words { sentence, words })
}
