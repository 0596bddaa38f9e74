//! How soon a service learns that its call is cancelled or dropped, whenever that happens.

use crate::services::{Latencies, deepgram};
use crate::support::http_server::{Reply, Server, Step};
use crate::support::service::{Dice, Log, Seen, Service};
use crate::support::speaker::Speaker;
use crate::{Failure, milliseconds};
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use std::time::{Duration, Instant};
use voice_benches::{held, percentile};
use voice_core::stage::{
    CallContext, FinalizeId, LlmProvider, LlmRequest, SttInput, SttProvider, TtsInput, TtsProvider,
};
use voice_core::{AudioTime, Message, SentenceId, TurnId};
use voice_providers::cartesia::{CartesiaTts, CartesiaTtsConfig};
use voice_providers::deepgram::{DeepgramStt, DeepgramSttConfig, DeepgramTts, DeepgramTtsConfig};
use voice_providers::{Endpoint, Secret, groq};

/// Calls of each kind.
const CALLS: u64 = 300;
/// A call is given up at most so long after its service has heard of it.
const LATEST_MS: u64 = 30;
const GOAL_MS: f64 = 5.0;

/// Services that answer as soon as they can.
const AT_ONCE: Latencies = Latencies { stt: Duration::ZERO, llm: Duration::ZERO, tts: Duration::ZERO };

/// Holds every provider to the goal.
///
/// # Errors
/// When a provider cannot be made.
pub(crate) async fn noticed_at_once() -> Result<bool, Failure> {
    let mut met = true;
    for kind in [Kind::DeepgramStt, Kind::GroqStt, Kind::GroqLlm, Kind::DeepgramTts, Kind::CartesiaTts] {
        let mut delays = Vec::new();
        for call in 0..CALLS {
            delays.push(kind.give_up(&mut Dice(call), call % 2 == 0).await?);
        }
        let [middle, high] = [50, 99].map(|percent| milliseconds(percentile(&mut delays, percent)));
        println!("cancel → {}, p50: {middle:.3} ms", kind.sign());
        met &= held(&format!("cancel → {}, p99", kind.sign()), high, GOAL_MS, "ms");
    }
    Ok(met)
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    DeepgramStt,
    GroqStt,
    GroqLlm,
    DeepgramTts,
    CartesiaTts,
}

impl Kind {
    /// What the service sees.
    fn sign(self) -> &'static str {
        match self {
            Self::DeepgramStt => "Deepgram's recogniser is left",
            Self::GroqStt => "Groq's recogniser is left",
            Self::GroqLlm => "Groq's language model is left",
            Self::DeepgramTts => "Deepgram's voice is left",
            Self::CartesiaTts => "Cartesia's voice is told",
        }
    }

    /// One call that is cancelled, or dropped, at some moment: the time until its service sees it.
    async fn give_up(self, dice: &mut Dice, cancel: bool) -> Result<Duration, Failure> {
        let key = Secret::new("key");
        let cx = CallContext::detached();
        match self {
            Self::DeepgramStt => {
                let service = deepgram(AT_ONCE).await;
                let config = DeepgramSttConfig::from_settings(key, Some(service.endpoint.clone()), None, None);
                let call = DeepgramStt::new(config)?.transcribe(voice(), cx.clone());
                Ok(Call { events: ended(call), cx, cancel }.give_up(dice, &Ear::of(&service)).await)
            }
            Self::DeepgramTts => {
                let service = deepgram(AT_ONCE).await;
                let config = DeepgramTtsConfig::from_settings(key, Some(service.endpoint.clone()), None);
                let provider = DeepgramTts::new(config)?;
                let call = provider.synthesize(sentences(), cx.clone());
                Ok(Call { events: ended(call), cx, cancel }.give_up(dice, &Ear::of(&service)).await)
            }
            Self::CartesiaTts => {
                let service = cartesia().await;
                let config = CartesiaTtsConfig::from_settings(key, Some(service.endpoint.clone()), None, None, None);
                let provider = CartesiaTts::new(config)?;
                let call = provider.synthesize(sentences(), cx.clone());
                Ok(Call { events: ended(call), cx, cancel }.give_up(dice, &Ear::of(&service)).await)
            }
            Self::GroqStt => {
                let server = Server::start([Reply(vec![Step::AwaitClose])]).await;
                let provider = groq::stt(Some(key), None, None, Some(base(&server)))?;
                let call = provider.transcribe(voice(), cx.clone());
                Ok(Call { events: ended(call), cx, cancel }.give_up(dice, &Ear::Http(&server)).await)
            }
            Self::GroqLlm => {
                let server = Server::start([answer(dice)]).await;
                let provider = groq::llm(Some(key), None, Some(base(&server)))?;
                let request = LlmRequest { messages: vec![Message::user("hi")], ..LlmRequest::default() };
                let call = provider.generate(request, cx.clone());
                Ok(Call { events: ended(call), cx, cancel }.give_up(dice, &Ear::Http(&server)).await)
            }
        }
    }
}

/// The beginning of an answer, or not even that.
fn answer(dice: &mut Dice) -> Reply {
    let pieces = match dice.below(4) {
        0 => return Reply(vec![Step::AwaitClose]),
        pieces => pieces,
    };
    (1..pieces).fold(Reply::stream(), |reply, _| reply.text("Sure. ")).then(Step::AwaitClose)
}

async fn cartesia() -> Service {
    Service::start(|knock| async move {
        let Some(peer) = knock.accept().await else { return };
        Speaker::new(peer).speak().await;
    })
    .await
}

fn base(server: &Server) -> Endpoint {
    server.url("")
}

/// Half a second of a voice, the request for its words, and nothing more.
fn voice() -> BoxStream<'static, SttInput> {
    let turn = TurnId(1);
    let pcm = Bytes::from(vec![7; 640]);
    let audio = (0..25).map(move |_| SttInput::Audio { turn, at: AudioTime::ZERO, pcm: pcm.clone() });
    let input = audio.chain([SttInput::Finalize(FinalizeId { turn, attempt: 0 })]).collect::<Vec<_>>();
    stream::iter(input).chain(stream::pending()).boxed()
}

/// A reply that is still being written.
fn sentences() -> BoxStream<'static, TtsInput> {
    let sentence = |index| TtsInput::Text { sentence: SentenceId(index), text: "It is noon. ".to_owned() };
    stream::iter([sentence(0), sentence(1)]).chain(stream::pending()).boxed()
}

/// The events of a call, of which only the end matters.
fn ended<T: Send + 'static>(events: BoxStream<'static, T>) -> BoxStream<'static, ()> {
    events.map(|_| ()).boxed()
}

/// The ear of a service.
enum Ear<'a> {
    Socket(&'a Log),
    Http(&'a Server),
}

impl<'a> Ear<'a> {
    fn of(service: &'a Service) -> Self {
        Self::Socket(&service.log)
    }

    /// Waits until the service has heard of the call.
    async fn hears(&self) {
        match self {
            Self::Socket(log) => log.wait(1, |_, seen| matches!(seen, Seen::Text(_) | Seen::Audio(_))).await,
            Self::Http(server) => server.asked(1).await,
        }
    }

    /// Waits until the service knows that the call is given up.
    async fn is_left(&self) {
        match self {
            Self::Socket(log) => {
                let says_so = |text: &str| text.contains(r#""cancel":true"#) || text.contains(r#""type":"Clear""#);
                log.wait(1, |_, seen| match seen {
                    Seen::Gone => true,
                    Seen::Text(text) => says_so(text),
                    _ => false,
                })
                .await;
            }
            Self::Http(server) => server.closed(1).await,
        }
    }
}

/// A call under way.
struct Call {
    events: BoxStream<'static, ()>,
    cx: CallContext,
    /// Cancelled by its token, or just dropped.
    cancel: bool,
}

impl Call {
    async fn give_up(mut self, dice: &mut Dice, ear: &Ear<'_>) -> Duration {
        let later = Duration::from_micros(dice.below(1_000 * LATEST_MS));
        let moment = async {
            ear.hears().await;
            tokio::time::sleep(later).await;
        };
        tokio::select! {
            () = moment => {}
            () = drain(&mut self.events) => panic!("the call ended"),
        }
        let given_up = Instant::now();
        if self.cancel {
            self.cx.cancel.cancel();
            futures::join!(drain(&mut self.events), ear.is_left());
        } else {
            drop(self.events);
            ear.is_left().await;
        }
        given_up.elapsed()
    }
}

/// Takes all there is, to the end of the call.
async fn drain(events: &mut BoxStream<'static, ()>) {
    while events.next().await.is_some() {}
}
