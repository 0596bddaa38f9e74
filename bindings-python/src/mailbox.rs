//! What happens outside of Python, told to one event loop.
//!
//! Waiting for the interpreter's lock can take as long as some C extension likes to hold it. No task of a session may wait
//! for that, so none ever touches Python: it leaves a note in the mailbox of a loop and rings, and the loop does what the
//! notes ask for on its own thread. To ring is to write a byte to a socket that the loop watches beside its others, so no
//! thread of ours lies between, and what comes in one moment rings once. A loop that cannot watch one is told by the
//! [`ringer`](crate::ringer). With the last note dropped nothing of ours enters an interpreter that is going away.

use crate::awaitable::Awaited;
use crate::foreign::Calling;
use crate::ringer;
use pyo3::exceptions::{PyException, PyRuntimeError};
use pyo3::prelude::*;
#[cfg(unix)]
use std::io::{Read, Write};
#[cfg(unix)]
use std::os::{fd::AsRawFd, unix::net::UnixStream};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Calls of providers that may wait for the loop; more are refused. The other notes need no bound of their own: there is at
/// most one for each thing that Python awaits.
const MOST_CALLS: usize = 1_024;

/// What the loop is to do.
pub(crate) enum Note {
    /// Look again at what it awaits.
    Look(Arc<Awaited>),
    /// Call a provider.
    Call(Calling),
}

#[derive(Default)]
struct Notes {
    waiting: Vec<Note>,
    /// How many of them are calls.
    calls: usize,
    /// The loop has been told and has not looked yet.
    rung: bool,
    closed: bool,
}

/// The side on which notes are left, from any thread. Does not keep the loop alive.
pub(crate) struct Letters {
    /// A `weakref` to the loop.
    event_loop: Py<PyAny>,
    notes: Mutex<Notes>,
    #[cfg(unix)]
    bell: UnixStream,
    /// How a loop that does not watch the bell is told.
    told_by: OnceLock<Arc<Py<PyAny>>>,
}

impl Letters {
    /// The loop.
    ///
    /// # Errors
    /// `RuntimeError` when it is gone.
    pub(crate) fn event_loop<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let event_loop = self.event_loop.bind(py).call0()?;
        if event_loop.is_none() {
            return Err(PyRuntimeError::new_err("the event loop is gone"));
        }
        Ok(event_loop)
    }

    /// Has the loop look at something.
    pub(crate) fn look(&self, awaited: Arc<Awaited>) {
        let notes = self.lock();
        // Of a loop that is gone nobody waits.
        if !notes.closed {
            self.put(notes, Note::Look(awaited));
        }
    }

    /// Has the loop call a provider; gives the call back, with the reason, when it does not.
    pub(crate) fn call(&self, calling: Calling) -> Result<(), (Calling, &'static str)> {
        let mut notes = self.lock();
        if notes.closed {
            return Err((calling, "the event loop of the provider is gone"));
        }
        if notes.calls == MOST_CALLS {
            return Err((calling, "Python does not keep up with the calls of its providers"));
        }
        notes.calls += 1;
        self.put(notes, Note::Call(calling));
        Ok(())
    }

    fn put(&self, mut notes: MutexGuard<'_, Notes>, note: Note) {
        notes.waiting.push(note);
        let rung = std::mem::replace(&mut notes.rung, true);
        drop(notes);
        if !rung {
            self.ring();
        }
    }

    fn ring(&self) {
        if let Some(told_by) = self.told_by.get() {
            return ringer::tell(told_by.clone());
        }
        // Cannot be full, since it holds one byte at most, and cannot be closed: the other end is the mailbox's, which
        // closes the letters first.
        #[cfg(unix)]
        let _ = (&self.bell).write(&[0]);
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side of the loop, which owns it.
#[pyclass(frozen, weakref, module = "voice_agent._native")]
pub(crate) struct Mailbox {
    letters: Arc<Letters>,
    #[cfg(unix)]
    watched: UnixStream,
}

#[pymethods]
impl Mailbox {
    /// That of the loop to which this `weakref` leads.
    #[new]
    fn new(event_loop: Py<PyAny>) -> PyResult<Self> {
        #[cfg(unix)]
        let (bell, watched) = UnixStream::pair()?;
        #[cfg(unix)]
        for end in [&bell, &watched] {
            end.set_nonblocking(true)?;
        }
        let letters = Letters {
            event_loop,
            notes: Mutex::default(),
            #[cfg(unix)]
            bell,
            told_by: OnceLock::new(),
        };
        Ok(Self {
            letters: Arc::new(letters),
            #[cfg(unix)]
            watched,
        })
    }

    /// What the loop watches: readable when there are notes. −1 where there is nothing to watch.
    fn fileno(&self) -> i32 {
        #[cfg(unix)]
        return self.watched.as_raw_fd();
        #[cfg(not(unix))]
        -1
    }

    /// Has a loop that does not watch it told by `callback`, which runs on another thread.
    fn be_told_by(&self, callback: Py<PyAny>) -> PyResult<()> {
        ringer::start()?;
        // A second time changes nothing.
        let _ = self.letters.told_by.set(Arc::new(callback));
        Ok(())
    }

    /// Does what the notes ask for. To be called on the loop.
    fn empty(&self, py: Python<'_>) -> PyResult<()> {
        #[cfg(unix)]
        if self.letters.told_by.get().is_none() {
            // Before the notes are taken, or a ring in between would be lost. There is nothing when nobody has rung.
            let _ = (&self.watched).read(&mut [0; 8]);
        }
        let waiting = {
            let mut notes = self.letters.lock();
            (notes.rung, notes.calls) = (false, 0);
            std::mem::take(&mut notes.waiting)
        };
        let mut interrupted = Ok(());
        for note in waiting {
            let done = match note {
                Note::Look(awaited) => awaited.look(py),
                Note::Call(calling) => calling.begin(py, &self.letters),
            };
            // An exception means that the loop is closed. Ctrl-C is none, and not ours to keep.
            if let Err(error) = done
                && !error.is_instance_of::<PyException>(py)
            {
                interrupted = Err(error);
            }
        }
        interrupted
    }
}

impl Mailbox {
    /// The other side.
    pub(crate) fn letters(&self) -> &Arc<Letters> {
        &self.letters
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let waiting = {
            let mut notes = self.letters.lock();
            notes.closed = true;
            std::mem::take(&mut notes.waiting)
        };
        for note in waiting {
            if let Note::Call(calling) = note {
                calling.refuse("the event loop of the provider is gone");
            }
        }
    }
}
