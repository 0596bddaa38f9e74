//! The providers of a stage, in order of preference, and how each of them is. Shared by all sessions.

use super::FallbackConfig;
use super::health::{Health, is_hopeless};
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use voice_core::stage::{LlmProvider, Notice, SttProvider, TtsProvider};
use voice_core::{Error, ErrorKind, Result, Stage};

/// What the providers of all stages have in common.
pub(super) trait Member: Send + Sync + 'static {
    const STAGE: Stage;
    fn name(&self) -> &str;
    fn warm_up(&self) -> BoxFuture<'static, Result<()>>;
}

macro_rules! member {
    ($provider:ident, $stage:ident) => {
        impl Member for dyn $provider {
            const STAGE: Stage = Stage::$stage;

            fn name(&self) -> &str {
                $provider::name(self)
            }

            fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
                $provider::warm_up(self)
            }
        }
    };
}

member!(SttProvider, Stt);
member!(LlmProvider, Llm);
member!(TtsProvider, Tts);

pub(super) struct Members<P: ?Sized> {
    members: Vec<One<P>>,
    name: String,
}

struct One<P: ?Sized> {
    provider: Arc<P>,
    name: Arc<str>,
    health: Mutex<Health>,
}

/// Those that were asked in this turn.
#[derive(Debug, Clone, Default)]
pub(super) struct Tried(Vec<usize>);

impl Tried {
    pub(super) fn only(member: usize) -> Self {
        Self(vec![member])
    }

    pub(super) fn add(&mut self, member: usize) {
        self.0.push(member);
    }
}

impl<P: Member + ?Sized> Members<P> {
    pub(super) fn new(providers: Vec<Arc<P>>, config: &FallbackConfig) -> Result<Arc<Self>> {
        if providers.is_empty() {
            return Err(Error::new(ErrorKind::InvalidConfig, P::STAGE, "there is no provider to fall back on"));
        }
        let name = providers.iter().map(|provider| provider.name()).collect::<Vec<_>>().join(",");
        let members = providers.into_iter().enumerate().map(|(index, provider)| One {
            name: provider.name().into(),
            provider,
            health: Mutex::new(Health::new(config, index as u64)),
        });
        Ok(Arc::new(Self { members: members.collect(), name }))
    }

    /// All names, joined by commas.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn provider(&self, member: usize) -> &P {
        &self.members[member].provider
    }

    /// Who is to be called: the first that is well, or else the first that may be called at all.
    pub(super) fn choose(&self, tried: &Tried) -> Option<usize> {
        let now = now();
        let untried = || (0..self.members.len()).filter(|member| !tried.0.contains(member));
        untried()
            .find(|member| self.health(*member).is_well())
            .or_else(|| untried().find(|member| self.health(*member).may_be_called(now)))
    }

    /// Whether one that is preferred to this one is well.
    pub(super) fn has_better(&self, member: usize) -> bool {
        (0..member).any(|better| self.health(better).is_well())
    }

    pub(super) fn succeeded(&self, member: usize) {
        self.health(member).succeeded();
    }

    pub(super) fn failed(&self, member: usize, error: &Error) {
        tracing::debug!(provider = &*self.members[member].name, stage = P::STAGE.as_str(), %error, "a call failed");
        self.health(member).failed(now(), error);
    }

    pub(super) fn serving(&self, member: usize) -> Notice {
        Notice::Serving { provider: self.members[member].name.clone() }
    }

    pub(super) fn failed_over(&self, member: usize, error: &Error) -> Notice {
        Notice::failed_over(self.members[member].name.clone(), error)
    }

    /// Nobody was called: all of them asked to be left alone or refuse.
    pub(super) fn nobody(&self) -> Error {
        Error::new(ErrorKind::Unavailable, P::STAGE, format!("none of {} can be called now", self.name))
    }

    /// Who of those preferred to `member` is to be looked at first, and when.
    pub(super) fn next_probe(&self, member: usize) -> Option<(usize, Instant)> {
        let due = (0..member).filter_map(|better| self.health(better).probe_due().map(|due| (better, due)));
        due.min_by_key(|(_, due)| *due)
    }

    pub(super) fn begin_probe(&self, member: usize) -> bool {
        self.health(member).begin_probe(now())
    }

    pub(super) fn end_probe(&self, member: usize, result: Option<&Result<()>>) {
        let name = &*self.members[member].name;
        match result {
            Some(Ok(())) => tracing::info!(provider = name, stage = P::STAGE.as_str(), "a provider is well again"),
            Some(Err(error)) => tracing::debug!(provider = name, %error, "a provider is still not well"),
            None => {}
        }
        self.health(member).end_probe(now(), result);
    }

    /// Warms all of them up. One that refuses is left out, with a line in the log, as long as another is there.
    pub(super) fn warm_up(self: &Arc<Self>) -> BoxFuture<'static, Result<()>> {
        let this = self.clone();
        async move {
            let all = (0..this.members.len()).map(|member| this.warm_up_one(member));
            let refused: Vec<Error> = join_all(all).await.into_iter().flatten().collect();
            if refused.len() < this.members.len() {
                return Ok(());
            }
            refused.into_iter().next().map_or(Ok(()), Err)
        }
        .boxed()
    }

    /// Gives the error of one that refuses.
    async fn warm_up_one(&self, member: usize) -> Option<Error> {
        let error = self.members[member].provider.warm_up().await.err()?;
        self.health(member).failed(now(), &error);
        let (provider, stage) = (&*self.members[member].name, P::STAGE.as_str());
        let refuses = is_hopeless(&error);
        if refuses {
            tracing::warn!(provider, stage, %error, "a provider is left out");
        } else {
            tracing::warn!(provider, stage, %error, "a provider is not ready");
        }
        refuses.then_some(error)
    }

    fn health(&self, member: usize) -> MutexGuard<'_, Health> {
        self.members[member].health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time, for those who take it as an argument.
pub(super) fn now() -> Instant {
    tokio::time::sleep(Duration::ZERO).deadline()
}
