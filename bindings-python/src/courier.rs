//! The one thread that enters Python from outside.
//!
//! Waiting for the interpreter's lock can take as long as some C extension likes to hold it. No task of a session may wait
//! for that, so none ever touches Python: it leaves an errand here and goes on. That makes the end simple, too: once this
//! thread is joined, nothing of ours enters an interpreter that is going away.

use pyo3::prelude::*;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Something to be done inside Python.
pub(crate) type Errand = Box<dyn FnOnce(Python<'_>) + Send>;

/// Calls of providers that may wait for the interpreter; more are refused. The other errands need no bound of their own:
/// each belongs to an awaitable or a call that exists already, and there is at most one of its kind.
const MOST_CALLS: usize = 1_024;

#[derive(Default)]
struct Queue {
    errands: VecDeque<Errand>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
}

/// Runs errands inside Python, in order.
pub(crate) struct Courier {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Courier {
    pub(crate) fn start() -> std::io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let theirs = shared.clone();
        let thread = thread::Builder::new().name("voice-agent-courier".into()).spawn(move || theirs.run())?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Leaves an errand. After the end it is dropped: there is no Python any more to do it in.
    pub(crate) fn post(&self, errand: Errand) {
        let mut queue = self.shared.lock();
        if queue.closed {
            return;
        }
        queue.errands.push_back(errand);
        drop(queue);
        self.shared.filled.notify_one();
    }

    /// As [`post`](Self::post), unless too many wait; then false.
    #[must_use]
    pub(crate) fn post_call(&self, errand: Errand) -> bool {
        let has_room = self.shared.lock().errands.len() < MOST_CALLS;
        if has_room {
            self.post(errand);
        }
        has_room
    }

    /// Takes no more errands, and waits until the one under way is done. To be called without the interpreter's lock.
    pub(crate) fn stop(&self) {
        self.shared.lock().closed = true;
        self.shared.filled.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // An error is a panic of the thread, which has been reported and is as good an end as any.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        while let Some(errands) = self.next() {
            // `None` when the interpreter goes away: nobody is left to be told anything.
            let done = Python::try_attach(|py| errands.into_iter().for_each(|errand| errand(py)));
            if done.is_none() {
                self.lock().closed = true;
            }
        }
    }

    /// All that waits, in one go; `None` at the end.
    fn next(&self) -> Option<VecDeque<Errand>> {
        let waiting = self.lock();
        let mut queue = self
            .filled
            .wait_while(waiting, |queue| queue.errands.is_empty() && !queue.closed)
            .unwrap_or_else(PoisonError::into_inner);
        if queue.closed {
            return None;
        }
        Some(std::mem::take(&mut queue.errands))
    }
}
