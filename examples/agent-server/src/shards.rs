//! The threads that serve connections: one a core, each with a runtime of its own.
//!
//! A session, its socket and their timers stay on the thread that took the connection. A frame then wakes nobody on
//! another core, and what a session needs is where it was used last.

use crate::admission::Pressure;
use crate::metrics::Metrics;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use voice_core::CancelToken;

/// How long a thread may take to end, and the blocking work that its tasks left behind.
const ENDING: Duration = Duration::from_secs(2);

/// The threads. Dropping them stops them, with all that still runs on them.
pub(crate) struct Shards {
    shards: Vec<Shard>,
    stop: CancelToken,
}

struct Shard {
    handle: Handle,
    load: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
    ended: oneshot::Receiver<()>,
}

/// A place on a thread, which counts as load until it is dropped.
pub(crate) struct Place {
    handle: Handle,
    load: Arc<AtomicUsize>,
}

impl Shards {
    /// Starts as many threads as the machine runs at once, each of which tells how late it is.
    pub(crate) fn start(pressure: &Arc<Pressure>, metrics: &Arc<Metrics>) -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let stop = CancelToken::new();
        let shards = (0..count).map(|index| Shard::start(index, pressure, metrics, &stop)).collect::<io::Result<_>>();
        // Those that were started go with the token.
        shards.map(|shards| Self { shards, stop: stop.clone() }).inspect_err(|_| stop.cancel())
    }

    /// Their runtimes.
    pub(crate) fn handles(&self) -> Vec<Handle> {
        self.shards.iter().map(|shard| shard.handle.clone()).collect()
    }

    /// A place on the thread with the fewest connections.
    pub(crate) fn place(&self) -> Option<Place> {
        let shard = self.shards.iter().min_by_key(|shard| shard.load.load(Ordering::Relaxed))?;
        shard.load.fetch_add(1, Ordering::Relaxed);
        Some(Place { handle: shard.handle.clone(), load: shard.load.clone() })
    }

    /// Stops the threads and waits for them.
    pub(crate) async fn end(mut self) {
        self.stop.cancel();
        for shard in self.shards.drain(..) {
            // A sender that is dropped unused stands for a thread that is gone as well.
            if tokio::time::timeout(ENDING * 2, shard.ended).await.is_err() {
                tracing::warn!("a thread of the server did not end in time");
            } else if shard.thread.join().is_err() {
                tracing::error!("a thread of the server panicked");
            }
        }
    }
}

impl Drop for Shards {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Shard {
    fn start(index: usize, pressure: &Arc<Pressure>, metrics: &Arc<Metrics>, stop: &CancelToken) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (handle, pressure, stop) = (runtime.handle().clone(), pressure.clone(), stop.clone());
        let metrics = metrics.clone();
        let (done, ended) = oneshot::channel();
        let thread = thread::Builder::new().name(format!("serve-{index}")).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = pressure.watch_thread(|late| metrics.late(late)) => {}
                }
            });
            runtime.shutdown_timeout(ENDING);
            // Nobody waits when the server was dropped.
            let _ = done.send(());
        })?;
        Ok(Self { handle, load: Arc::default(), thread, ended })
    }
}

impl Place {
    /// The runtime of the thread.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.load.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_are_spread_evenly_and_give_their_places_back() {
        let shards = Shards::start(&Arc::default(), &Arc::new(Metrics::new())).expect("threads");
        let count = shards.shards.len();
        let places: Vec<Place> = (0..3 * count).map(|_| shards.place().expect("a thread")).collect();
        let load = |shards: &Shards| -> Vec<usize> {
            shards.shards.iter().map(|shard| shard.load.load(Ordering::Relaxed)).collect()
        };
        assert_eq!(load(&shards), vec![3; count]);
        drop(places);
        assert_eq!(load(&shards), vec![0; count]);
        shards.end().await;
    }

    #[tokio::test]
    async fn what_still_runs_is_stopped_with_the_threads() {
        let shards = Shards::start(&Arc::default(), &Arc::new(Metrics::new())).expect("threads");
        let place = shards.place().expect("a thread");
        let (alive, gone) = oneshot::channel::<()>();
        place.handle().spawn(async move {
            let _alive = alive;
            std::future::pending::<()>().await;
        });
        shards.end().await;
        assert!(gone.await.is_err(), "the task was dropped");
    }
}
