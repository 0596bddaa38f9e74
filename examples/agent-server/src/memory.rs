//! What this server keeps of its sessions, and the servers it shares that with.

use crate::config::MemoryConfig;
use crate::nodes::{Bus, Heartbeats};
use crate::state::AppState;
use crate::store::{Link, MemoryStore, NodeId, RedisStore, SessionStore, StoreError, UserStore, random_hex};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use voice_core::CancelToken;

/// How long a user is remembered where nobody is to be: long enough for the tests of the store.
const NO_TIME: Duration = Duration::from_secs(1);

/// The stores of this server.
pub(crate) struct Memory {
    pub(crate) store: Arc<dyn SessionStore>,
    /// Set where users are to be remembered.
    pub(crate) users: Option<Arc<dyn UserStore>>,
    /// This server's name among those that share its store.
    pub(crate) node: NodeId,
    /// How long the store keeps a session that nobody holds.
    pub(crate) session_ttl: Duration,
    shared: Option<Shared>,
    tasks: TaskTracker,
    stop: CancelToken,
}

/// What there is besides where the store is shared.
struct Shared {
    link: Arc<Link>,
    bus: Bus,
    heartbeats: Heartbeats,
}

impl Memory {
    /// The stores that are configured, of a server with at most `most` sessions.
    pub(crate) fn new(config: &MemoryConfig, most: usize) -> voice_core::Result<Self> {
        let node: NodeId = random_hex::<8>()?.into();
        let (session_ttl, user_ttl) = (config.session_ttl, config.user_ttl.unwrap_or(NO_TIME));
        let (store, users, shared): (Arc<dyn SessionStore>, Arc<dyn UserStore>, _) = match &config.redis {
            Some(target) => {
                let link = Arc::new(Link::new(target.clone()));
                let store = Arc::new(RedisStore::new(link.clone(), session_ttl, user_ttl));
                let bus = Bus::new(link.clone(), node.clone());
                let heartbeats = Heartbeats::new(link.clone(), node.clone());
                (store.clone(), store, Some(Shared { link, bus, heartbeats }))
            }
            None => {
                let store = Arc::new(MemoryStore::new(most, session_ttl, user_ttl));
                (store.clone(), store, None)
            }
        };
        let users = config.user_ttl.map(|_| users);
        let (tasks, stop) = (TaskTracker::new(), CancelToken::new());
        Ok(Self { store, users, node, session_ttl, shared, tasks, stop })
    }

    /// Where the store is shared: whether it can be reached, and how often it was lost.
    pub(crate) fn reach(&self) -> Option<(bool, u64)> {
        self.shared.as_ref().map(|shared| (shared.link.is_up(), shared.link.outages()))
    }

    /// Tells whenever the store can be reached; one in this process always can.
    pub(crate) fn up(&self) -> watch::Receiver<bool> {
        match &self.shared {
            Some(shared) => shared.link.up(),
            None => watch::channel(true).1,
        }
    }

    /// What is shared, to keep more in.
    pub(crate) fn link(&self) -> Option<&Arc<Link>> {
        self.shared.as_ref().map(|shared| &shared.link)
    }

    /// The way to the other servers.
    pub(crate) fn bus(&self) -> Option<&Bus> {
        self.shared.as_ref().map(|shared| &shared.bus)
    }

    /// The servers that are alive, this one included.
    pub(crate) async fn alive(&self) -> Result<Vec<NodeId>, StoreError> {
        match &self.shared {
            Some(shared) => shared.heartbeats.alive().await,
            None => Ok(vec![self.node.clone()]),
        }
    }

    /// Tries once to reach what is shared, for a second at most. A server that cannot starts all the same.
    pub(crate) async fn connect(&self) {
        let Some(Shared { link, heartbeats, .. }) = &self.shared else { return };
        match link.connect(&heartbeats.beat()).await {
            Ok(()) => tracing::info!(node = &*self.node, "sessions are kept in Redis"),
            Err(error) => {
                tracing::warn!(error, "Redis cannot be reached: sessions go on with what this server remembers");
            }
        }
    }

    /// Begins to talk to the other servers.
    pub(crate) fn start(&self, state: &AppState) {
        if self.shared.is_none() {
            return;
        }
        let state = state.clone();
        self.spawn(async move {
            let Memory { shared: Some(Shared { link, bus, heartbeats }), stop, .. } = &state.memory else { return };
            let beat = heartbeats.beat();
            tokio::join!(link.tend(&beat, stop), heartbeats.go_on(stop), bus.listen(&state, stop),);
        });
    }

    /// Runs what serves other servers. It is waited for when this one leaves.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Says goodbye to the other servers and waits for what is under way, for `patience` at most.
    pub(crate) async fn leave(&self, patience: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "what other servers asked for did not end in time");
        }
    }
}
