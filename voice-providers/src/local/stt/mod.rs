//! Speech recognition by PocketSphinx with a language model of the demo's own sentences.

mod arpa;
mod config;
mod model;
mod pocketsphinx;
mod recogniser;
mod session;
mod stable;

pub use config::LocalSttConfig;

use super::brain::Intents;
use super::workers::{Priority, Workers, overloaded};
use futures::future::BoxFuture;
use futures::stream::{BoxStream, Stream, StreamExt};
use futures::{FutureExt, channel::oneshot};
use recogniser::Recogniser;
use session::{Finals, Outlook, Session, Work};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use voice_core::stage::{CallContext, SttEvent, SttInput, SttProvider};
use voice_core::{CancelToken, Error, ErrorKind, Result, Stage};

/// Recognises the sentences of a small domain; anything else comes back as unclear.
///
/// Partials appear while the user speaks; the final decodes the turn's audio once more as a whole, which is far more
/// accurate. Of a turn longer than 60 s the oldest audio is dropped. All sessions share a fixed number of threads:
/// finals go first, partials fall behind and then stop for that turn when there is too much to do. While a final has waited
/// for two seconds, further ones fail with `RateLimited`. The threads end when
/// the provider and its last stream are dropped, after the decoding in hand.
pub struct LocalStt {
    engine: Arc<Engine>,
}

struct Engine {
    workers: Workers<Job>,
    partials: bool,
}

enum Job {
    Session(Arc<Session>, Work),
    WarmUp(oneshot::Sender<Result<()>>),
}

impl LocalStt {
    /// A recogniser of the demo's sentences.
    ///
    /// # Errors
    /// `EngineMissing` naming the package to install; `Unavailable` when threads or temporary files cannot be made.
    pub fn load(config: LocalSttConfig) -> Result<Self> {
        let intents = Intents::builtin()?;
        let sentences = intents.weighted_sentences();
        Self::start(&config, sentences.iter().map(|(sentence, weight)| (sentence.as_str(), *weight)))
    }

    /// A recogniser of other sentences: lower-case words separated by blanks, no digits or punctuation.
    ///
    /// # Errors
    /// As [`load`](Self::load), and `InvalidInput` for words that the dictionary does not know.
    pub fn with_sentences<S: AsRef<str>>(config: LocalSttConfig, sentences: &[S]) -> Result<Self> {
        Self::start(&config, sentences.iter().map(|sentence| (sentence.as_ref(), 1.0)))
    }

    fn start<'a>(config: &LocalSttConfig, sentences: impl IntoIterator<Item = (&'a str, f64)>) -> Result<Self> {
        let recogniser = Arc::new(Recogniser::load(config, sentences)?);
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = Workers::start(Stage::Stt, "local-stt", config.threads.unwrap_or_else(cores), || {
            let recogniser = Arc::clone(&recogniser);
            let mut finals = Finals::new(Arc::clone(&recogniser));
            move |job| run(job, &recogniser, &mut finals)
        })?;
        Ok(Self { engine: Arc::new(Engine { workers, partials: config.partials }) })
    }

    /// Jobs of all sessions that are waiting or being done.
    pub fn jobs(&self) -> usize {
        self.engine.workers.jobs()
    }
}

fn run(job: Job, recogniser: &Recogniser, finals: &mut Finals) {
    match job {
        Job::Session(session, Work::Final) => session.run_finals(|samples| finals.prepare()?.recognise(samples)),
        Job::Session(session, Work::Partial) => session.run_partial(recogniser),
        Job::WarmUp(done) => {
            // Whoever asked may be gone.
            let _ = done.send(finals.prepare().map(drop));
        }
    }
}

impl SttProvider for LocalStt {
    fn name(&self) -> &str {
        "local"
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, cx: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        Transcription {
            cancelled: cancelled(&cx.cancel),
            engine: Arc::clone(&self.engine),
            session: Arc::default(),
            input: Some(input),
            ended: false,
        }
        .boxed()
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        let (done, ready) = oneshot::channel();
        // One that is not taken is dropped, which is an answer.
        let _ = self.engine.workers.push(Priority::Background, Job::WarmUp(done));
        async move {
            ready.await.unwrap_or_else(|_| Err(Error::new(ErrorKind::Unavailable, Stage::Stt, "the engine is closing")))
        }
        .boxed()
    }
}

fn cancelled(token: &CancelToken) -> BoxFuture<'static, ()> {
    token.cancelled().boxed()
}

/// The events of one session.
struct Transcription {
    engine: Arc<Engine>,
    session: Arc<Session>,
    input: Option<BoxStream<'static, SttInput>>,
    cancelled: BoxFuture<'static, ()>,
    ended: bool,
}

impl Stream for Transcription {
    type Item = Result<SttEvent>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.cancelled.poll_unpin(cx).is_ready() {
            return self.end(None);
        }
        loop {
            match self.session.look(cx.waker()) {
                Outlook::Event(Ok(event)) => return Poll::Ready(Some(Ok(event))),
                Outlook::Event(Err(error)) => return self.end(Some(Err(error))),
                Outlook::Wait => return Poll::Pending,
                Outlook::Idle if self.input.is_none() => return self.end(None),
                Outlook::ReadInput | Outlook::Idle => {
                    let Some(input) = &mut self.input else { return Poll::Pending };
                    match ready!(input.poll_next_unpin(cx)) {
                        Some(input) => self.accept(input),
                        None => self.input = None,
                    }
                }
            }
        }
    }
}

impl Transcription {
    fn accept(&self, input: SttInput) {
        let Some(work) = self.session.accept(input, self.engine.partials) else { return };
        let priority = match work {
            Work::Final => Priority::Urgent,
            Work::Partial => Priority::Background,
        };
        if self.engine.workers.push(priority, Job::Session(Arc::clone(&self.session), work)).is_err() {
            self.session.refuse(overloaded(Stage::Stt));
        }
    }

    fn end(&mut self, last: Option<Result<SttEvent>>) -> Poll<Option<Result<SttEvent>>> {
        self.ended = true;
        self.input = None;
        self.session.close();
        Poll::Ready(last)
    }
}

impl Drop for Transcription {
    fn drop(&mut self) {
        self.session.close();
    }
}
