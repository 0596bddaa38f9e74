//! A fixed pool of threads that serves all sessions.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use voice_core::{Error, ErrorKind, Result, Stage};

/// Which jobs go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Priority {
    /// Somebody waits for it.
    Urgent,
    /// Nice to have.
    Background,
}

#[derive(Debug)]
struct Queue<J> {
    urgent: VecDeque<J>,
    background: VecDeque<J>,
    running: usize,
    closed: bool,
}

#[derive(Debug)]
struct Shared<J> {
    queue: Mutex<Queue<J>>,
    ready: Condvar,
}

/// Threads that take jobs, urgent ones first and the oldest first among equals.
///
/// The queue has no bound of its own: whoever pushes has at most one job of each priority in it per session, so it is
/// bounded by the number of sessions. Dropping the pool drops waiting jobs and joins the threads, which takes as long
/// as the jobs in hand.
#[derive(Debug)]
pub(super) struct Workers<J> {
    shared: Arc<Shared<J>>,
    threads: Vec<JoinHandle<()>>,
}

impl<J: Send + 'static> Workers<J> {
    /// Starts `count` threads (at least one), each with a worker of its own.
    pub(super) fn start<W>(stage: Stage, name: &str, count: usize, mut worker: impl FnMut() -> W) -> Result<Self>
    where
        W: FnMut(J) + Send + 'static,
    {
        let queue = Queue { urgent: VecDeque::new(), background: VecDeque::new(), running: 0, closed: false };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), ready: Condvar::new() });
        let mut workers = Self { shared, threads: Vec::new() };
        for number in 0..count.max(1) {
            let (shared, mut work) = (Arc::clone(&workers.shared), worker());
            let thread = std::thread::Builder::new()
                .name(format!("{name}-{number}"))
                .spawn(move || {
                    while let Some(job) = shared.next() {
                        work(job);
                        shared.lock().running -= 1;
                    }
                })
                .map_err(|error| {
                    Error::new(ErrorKind::Unavailable, stage, "cannot start a worker thread").with_source(error)
                })?;
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// Adds a job.
    pub(super) fn push(&self, priority: Priority, job: J) {
        let mut queue = self.shared.lock();
        match priority {
            Priority::Urgent => queue.urgent.push_back(job),
            Priority::Background => queue.background.push_back(job),
        }
        drop(queue);
        self.shared.ready.notify_one();
    }

    /// Jobs not yet done.
    pub(super) fn jobs(&self) -> usize {
        let queue = self.shared.lock();
        queue.urgent.len() + queue.background.len() + queue.running
    }
}

impl<J> Shared<J> {
    fn lock(&self) -> MutexGuard<'_, Queue<J>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next job; `None` when the pool closes.
    fn next(&self) -> Option<J> {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                return None;
            }
            let job = queue.urgent.pop_front().or_else(|| queue.background.pop_front());
            if job.is_some() {
                queue.running += 1;
                return job;
            }
            queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<J> Drop for Workers<J> {
    fn drop(&mut self) {
        let (urgent, background) = {
            let mut queue = self.shared.lock();
            queue.closed = true;
            (std::mem::take(&mut queue.urgent), std::mem::take(&mut queue.background))
        };
        self.shared.ready.notify_all();
        drop((urgent, background));
        for thread in self.threads.drain(..) {
            // A worker that panicked has already printed why; the pool is going away either way.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn urgent_jobs_overtake_and_equals_keep_their_order() {
        let (begin, began) = mpsc::channel();
        let (done, results) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let workers = Workers::start(Stage::Stt, "test", 1, || {
            let (begin, done, gate) = (begin.clone(), done.clone(), Arc::clone(&gate));
            move |job: u32| {
                begin.send(()).unwrap();
                gate.lock().unwrap().recv().unwrap();
                done.send(job).unwrap();
            }
        })
        .unwrap();
        workers.push(Priority::Background, 0);
        began.recv().unwrap();
        for (priority, job) in
            [(Priority::Background, 3), (Priority::Urgent, 1), (Priority::Background, 4), (Priority::Urgent, 2)]
        {
            workers.push(priority, job);
        }
        assert_eq!(workers.jobs(), 5);
        (0..5).for_each(|_| open.send(()).unwrap());
        assert_eq!((0..5).map(|_| results.recv().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn dropping_the_pool_drops_waiting_jobs_and_joins_the_threads() {
        let alive = Arc::new(());
        let (started, running) = mpsc::channel();
        let workers = Workers::start(Stage::Stt, "test", 2, || {
            let started = started.clone();
            move |_job: Arc<()>| started.send(()).unwrap()
        })
        .unwrap();
        workers.push(Priority::Urgent, Arc::clone(&alive));
        running.recv().unwrap();
        (0..50).for_each(|_| workers.push(Priority::Background, Arc::clone(&alive)));
        drop(workers);
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
