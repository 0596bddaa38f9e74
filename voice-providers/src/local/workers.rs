//! A fixed pool of threads that serves all sessions.
#![allow(clippy::disallowed_methods)] // What waits for a thread waits in real time.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use voice_core::{Error, ErrorKind, Result, Stage};

/// How long an urgent job may have waited before no further one is taken: somebody waits for it, and by then does without.
const PATIENCE: Duration = Duration::from_secs(2);

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
    /// With the time at which each came.
    urgent: VecDeque<(Instant, J)>,
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
/// No urgent job is taken while another one has waited for two seconds: those who are refused know at once, and those who
/// wait are served in time. Apart from that whoever pushes has at most one job of each priority in it per session, so the
/// queue is bounded by the number of sessions. A job that panics is the end of that job alone. Dropping the pool drops
/// waiting jobs and joins the threads, which takes as long as the jobs in hand.
#[derive(Debug)]
pub(super) struct Workers<J> {
    shared: Arc<Shared<J>>,
    threads: Vec<JoinHandle<()>>,
    patience: Duration,
}

/// The error of a job that was not taken.
pub(super) fn overloaded(stage: Stage) -> Error {
    Error::new(ErrorKind::RateLimited { retry_after: Some(PATIENCE) }, stage, "this machine's engines are overloaded")
}

impl<J: Send + 'static> Workers<J> {
    /// Starts `count` threads (at least one), each with a worker of its own.
    pub(super) fn start<W>(stage: Stage, name: &str, count: usize, mut worker: impl FnMut() -> W) -> Result<Self>
    where
        W: FnMut(J) + Send + 'static,
    {
        let queue = Queue { urgent: VecDeque::new(), background: VecDeque::new(), running: 0, closed: false };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), ready: Condvar::new() });
        let mut workers = Self { shared, threads: Vec::new(), patience: PATIENCE };
        for number in 0..count.max(1) {
            let (shared, mut work) = (Arc::clone(&workers.shared), worker());
            let thread = std::thread::Builder::new()
                .name(format!("{name}-{number}"))
                .spawn(move || {
                    while let Some(job) = shared.next() {
                        if catch_unwind(AssertUnwindSafe(|| work(job))).is_err() {
                            tracing::error!("a job of the local engines panicked");
                        }
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

    /// Adds a job; gives an urgent one back when others like it have waited for too long.
    pub(super) fn push(&self, priority: Priority, job: J) -> std::result::Result<(), J> {
        let mut queue = self.shared.lock();
        match priority {
            Priority::Urgent => {
                let now = Instant::now();
                let is_late = |(since, _): &(Instant, J)| now.saturating_duration_since(*since) >= self.patience;
                if queue.urgent.front().is_some_and(is_late) {
                    return Err(job);
                }
                queue.urgent.push_back((now, job));
            }
            Priority::Background => queue.background.push_back(job),
        }
        drop(queue);
        self.shared.ready.notify_one();
        Ok(())
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
            let urgent = queue.urgent.pop_front().map(|(_, job)| job);
            let job = urgent.or_else(|| queue.background.pop_front());
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
        workers.push(Priority::Background, 0).unwrap();
        began.recv().unwrap();
        for (priority, job) in
            [(Priority::Background, 3), (Priority::Urgent, 1), (Priority::Background, 4), (Priority::Urgent, 2)]
        {
            workers.push(priority, job).unwrap();
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
        workers.push(Priority::Urgent, Arc::clone(&alive)).unwrap();
        running.recv().unwrap();
        (0..50).for_each(|_| workers.push(Priority::Background, Arc::clone(&alive)).unwrap());
        drop(workers);
        assert_eq!(Arc::strong_count(&alive), 1);
    }
    #[test]
    fn while_an_urgent_job_has_waited_for_too_long_no_further_one_is_taken() {
        let (begin, began) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let mut workers = Workers::start(Stage::Stt, "test", 1, || {
            let (begin, gate) = (begin.clone(), Arc::clone(&gate));
            move |_job: u32| {
                begin.send(()).unwrap();
                gate.lock().unwrap().recv().unwrap();
            }
        })
        .unwrap();
        workers.patience = Duration::ZERO;
        workers.push(Priority::Urgent, 0).unwrap();
        began.recv().unwrap();
        workers.push(Priority::Urgent, 1).expect("nobody waits yet");
        assert_eq!(workers.push(Priority::Urgent, 2), Err(2));
        workers.push(Priority::Background, 3).expect("nobody waits for it");
        (0..3).for_each(|_| open.send(()).unwrap());
        (0..2).for_each(|_| began.recv().unwrap());
        workers.push(Priority::Urgent, 4).expect("the others were served");
        open.send(()).unwrap();
    }

    #[test]
    fn a_job_that_panics_takes_no_thread_along() {
        let (done, results) = mpsc::channel();
        let workers = Workers::start(Stage::Stt, "test", 1, || {
            let done = done.clone();
            move |job: u32| {
                assert_ne!(job, 0, "on purpose");
                done.send(job).unwrap();
            }
        })
        .unwrap();
        workers.push(Priority::Urgent, 0).unwrap();
        workers.push(Priority::Urgent, 1).unwrap();
        assert_eq!(results.recv().unwrap(), 1);
        while workers.jobs() > 0 {
            std::thread::yield_now();
        }
    }
}
