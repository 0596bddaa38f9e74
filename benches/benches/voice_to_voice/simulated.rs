//! The same conversations without sockets, on a paused clock: the library's own share takes no time.

use super::book::{self, Book};
use super::client::{Exchange, Seen, converse};
use super::ear::{Ear, Partials};
use super::utterances::Utterance;
use super::{Run, SESSIONS, share};
use crate::Failure;
use crate::support::service::Dice;
use bytes::Bytes;
use futures::future::try_join_all;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, stream};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};
use voice_core::agent::{Agent, AgentConfig, Output, Session, SessionOptions};
use voice_core::audio::pcm;
use voice_core::builtin::{SileroModel, SileroVad};
use voice_core::conversation::Event;
use voice_core::stage::{
    CallContext, FinalizeId, LlmEvent, LlmProvider, LlmRequest, SttEvent, SttInput, SttProvider, TtsEvent, TtsInput,
    TtsProvider,
};
use voice_core::stream::CancelStreamExt;
use voice_core::{Message, Result, TurnId};

/// How long a service takes: each time the same, or as a log-normal distribution says.
#[derive(Debug, Clone, Copy)]
pub struct Takes {
    /// In ms.
    pub p50: f64,
    /// In ms.
    pub p95: f64,
}

impl Takes {
    pub const fn always(ms: f64) -> Self {
        Self { p50: ms, p95: ms }
    }

    fn draw(self, dice: &mut Dice) -> Duration {
        // Twelve uniform numbers make a good enough normal one; 1.645 of its deviations are the p95.
        let normal = (0..12).map(|_| dice.below(1 << 20) as f64 / f64::from(1 << 20)).sum::<f64>() - 6.0;
        Duration::from_secs_f64(self.p50 * ((self.p95 / self.p50).ln() / 1.645 * normal).exp() / 1e3)
    }
}

/// What the services take.
#[derive(Debug, Clone, Copy)]
pub struct Services {
    pub partials: Partials,
    pub stt: Duration,
    pub llm: Takes,
    pub tts: Takes,
}

/// Has everything said once, shared out over the sessions.
///
/// # Errors
/// When a session fails.
pub fn run(set: &Arc<[Utterance]>, services: Services, config: &AgentConfig) -> Result<Run, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let book = Book::default();
        let sessions = (0..SESSIONS).map(async |session| {
            let agent = agent(set.clone(), services, config.clone(), book.clone(), session as u64)?;
            talk(&agent.open(SessionOptions::default())?, set, session).await
        });
        let exchanges = try_join_all(sessions).await?;
        Ok(Run { exchanges, calls: book.all() })
    })
}

async fn talk(session: &Session, set: &[Utterance], number: usize) -> Result<Vec<Exchange>, Failure> {
    let send = async |frame: Bytes| Ok(session.send_audio(frame).await?);
    converse(set, &share(set.len(), number), number as u64, send, outputs(session)).await
}

fn outputs(session: &Session) -> impl Stream<Item = Seen> {
    let outputs = stream::unfold((), async |()| Some((session.next_output().await?, ())));
    outputs.filter_map(async |output| match output {
        Output::Audio { pcm, .. } => Some(Seen::Audio(book::call_of(&pcm))),
        Output::Event(Event::Transcript { turn, text, is_final: true }) => Some(Seen::Words(turn, text)),
        Output::Event(Event::Reply { turn, text }) => Some(Seen::Text(turn, text)),
        Output::Event(Event::ReplyEnd { turn, interrupted, .. }) => Some(Seen::ReplyEnd(turn, interrupted)),
        Output::Event(Event::Metrics(metrics)) => Some(Seen::Metrics(metrics.into())),
        Output::Event(_) => None,
    })
}

fn agent(
    set: Arc<[Utterance]>,
    services: Services,
    config: AgentConfig,
    book: Book,
    seed: u64,
) -> Result<Agent, Failure> {
    let model = SileroModel::embedded()?;
    let dice = Arc::new(Mutex::new(Dice(seed)));
    let made = Made { set, services, book, dice };
    Ok(Agent::builder()
        .config(config)
        .stt(Arc::new(made.clone()))
        .llm(Arc::new(made.clone()))
        .tts(Arc::new(made))
        .vad(move || Ok(Box::new(SileroVad::new(model.clone()))))
        .build())
}

/// All three services of a session.
#[derive(Clone)]
struct Made {
    set: Arc<[Utterance]>,
    services: Services,
    book: Book,
    dice: Arc<Mutex<Dice>>,
}

impl Made {
    fn draw(&self, takes: Takes) -> Duration {
        takes.draw(&mut self.dice.lock().unwrap())
    }
}

struct Listening {
    input: BoxStream<'static, SttInput>,
    ear: Ear,
    turn: TurnId,
    /// The turn's words that are final.
    words: String,
    requests: VecDeque<FinalizeId>,
}

impl Listening {
    async fn next(mut self) -> Option<(Result<SttEvent>, Self)> {
        loop {
            if let Some(told) = self.ear.tell(Instant::now()) {
                let text = [self.words.as_str(), &told.transcript()].join(" ").trim().to_owned();
                if !told.is_final {
                    return Some((Ok(SttEvent::Partial { turn: self.turn, text }), self));
                }
                self.words.clone_from(&text);
                if let Some(id) = self.requests.pop_front() {
                    return Some((Ok(SttEvent::Final { id, text, unclear: false }), self));
                }
            }
            let due = self.ear.next_due();
            tokio::select! {
                input = self.input.next() => match input? {
                    SttInput::Audio { turn, pcm, .. } => {
                        if turn != self.turn {
                            (self.turn, self.words) = (turn, String::new());
                        }
                        self.ear.take(&pcm::from_bytes(&pcm).unwrap(), Instant::now());
                    }
                    SttInput::Finalize(id) => {
                        self.requests.push_back(id);
                        self.ear.finalize(Instant::now());
                    }
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            }
        }
    }
}

impl SttProvider for Made {
    fn name(&self) -> &str {
        "simulated"
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, cx: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        let seed = self.dice.lock().unwrap().below(1 << 20);
        let ear = Ear::new(self.set.clone(), self.services.partials, self.services.stt, seed);
        let state = Listening { input, ear, turn: TurnId::default(), words: String::new(), requests: VecDeque::new() };
        stream::unfold(state, Listening::next).until_cancelled(&cx.cancel).boxed()
    }
}

impl LlmProvider for Made {
    fn name(&self) -> &str {
        "simulated"
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        let user = request.messages.iter().rfind(|message| matches!(message, Message::User(_)));
        let number = self.book.asked(user.and_then(Message::text).unwrap_or_default());
        let (book, latency) = (self.book.clone(), self.draw(self.services.llm));
        let texts = book::answer(number).into_iter().enumerate();
        stream::iter(texts)
            .then(move |(index, text)| {
                let book = book.clone();
                async move {
                    if index == 0 {
                        sleep(latency).await;
                        book.note(number, |call| &mut call.first_token);
                    }
                    Ok(LlmEvent::Text(text))
                }
            })
            .until_cancelled(&cx.cancel)
            .boxed()
    }
}

impl TtsProvider for Made {
    fn name(&self) -> &str {
        "simulated"
    }

    fn sample_rate(&self) -> u32 {
        16_000
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, cx: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        let made = self.clone();
        text.filter_map(async |input| match input {
            TtsInput::Text { sentence, text } => Some((sentence, text)),
            TtsInput::Flush => None,
        })
        .then(move |(sentence, text)| {
            let made = made.clone();
            async move {
                let number = book::number(&text).unwrap_or_default();
                made.book.note(number, |call| &mut call.to_speak);
                sleep(made.draw(made.services.tts)).await;
                made.book.note(number, |call| &mut call.first_audio);
                let audio = TtsEvent::Audio { sentence, pcm: book::speech(number).into() };
                stream::iter([Ok(audio), Ok(TtsEvent::SentenceEnd { sentence })])
            }
        })
        .flatten()
        .until_cancelled(&cx.cancel)
        .boxed()
    }
}
