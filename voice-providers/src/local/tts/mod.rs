//! Speech by flite.

mod config;
mod flite;
mod reply;
mod text;
mod timing;

pub use config::LocalTtsConfig;

use super::workers::{Priority, Workers, overloaded};
use flite::Voice;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt};
use futures::{FutureExt, channel::oneshot};
use reply::{Reply, Speech};
use std::sync::Arc;
use text::{Piece, pieces};
use voice_core::stage::{CallContext, TtsEvent, TtsInput, TtsProvider};
use voice_core::{Error, ErrorKind, Result, SentenceId, Stage};

/// Samples a second of every voice offered.
const SAMPLE_RATE: u32 = 16_000;

/// Speaks with one of flite's English voices, sentence by sentence, with word timings.
///
/// All sessions share a fixed number of threads. A thread synthesises about a hundred times faster than real time and
/// never waits for a listener: a reply holds at most 10 s of audio that nobody has fetched, and the piece (up to about
/// 20 s) in hand when it reached that. While a piece has waited for two seconds, further ones fail with `RateLimited`. The
/// threads end when the provider and its last stream are dropped.
pub struct LocalTts {
    engine: Arc<Engine>,
}

struct Engine {
    workers: Workers<Job>,
}

enum Job {
    Speak(Arc<Reply>, SentenceId, Piece),
    WarmUp(oneshot::Sender<Result<()>>),
}

impl LocalTts {
    /// A voice ready to speak.
    ///
    /// # Errors
    /// `EngineMissing` naming the package to install, `InvalidConfig` for an unknown voice, `Unavailable` when threads
    /// cannot be made.
    pub fn load(config: LocalTtsConfig) -> Result<Self> {
        config.check()?;
        let voice = Arc::new(Voice::open(&config.libraries(), &config.register_function())?);
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = Workers::start(Stage::Tts, "local-tts", config.threads.unwrap_or_else(cores), || {
            let voice = Arc::clone(&voice);
            move |job| run(job, &voice)
        })?;
        Ok(Self { engine: Arc::new(Engine { workers }) })
    }

    /// Jobs of all sessions that are waiting or being done.
    pub fn jobs(&self) -> usize {
        self.engine.workers.jobs()
    }
}

fn run(job: Job, voice: &Voice) {
    match job {
        Job::Speak(reply, sentence, piece) => reply.speak(voice, sentence, &piece),
        Job::WarmUp(done) => {
            let spoken = pieces("Ready.").iter().try_for_each(|piece| voice.speak(&piece.spoken, &mut reply::Nobody));
            // Whoever asked may be gone.
            let _ = done.send(spoken);
        }
    }
}

impl TtsProvider for LocalTts {
    fn name(&self) -> &str {
        "local"
    }

    fn sample_rate(&self) -> u32 {
        SAMPLE_RATE
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, cx: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        let engine = Arc::clone(&self.engine);
        let submit = move |reply: &Arc<Reply>, sentence, piece| {
            if engine.workers.push(Priority::Urgent, Job::Speak(Arc::clone(reply), sentence, piece)).is_err() {
                reply.refuse(overloaded(Stage::Tts));
            }
        };
        Speech::new(text, &cx.cancel, submit).boxed()
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        let (done, ready) = oneshot::channel();
        // One that is not taken is dropped, which is an answer.
        let _ = self.engine.workers.push(Priority::Background, Job::WarmUp(done));
        async move {
            ready.await.unwrap_or_else(|_| Err(Error::new(ErrorKind::Unavailable, Stage::Tts, "the engine is closing")))
        }
        .boxed()
    }
}
