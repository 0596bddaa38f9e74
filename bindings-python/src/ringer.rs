//! The thread that tells loops that watch no sockets, as Windows' own, that there are notes: the only one of ours that
//! enters Python from outside, and only there. It starts with the first such loop and is joined before the interpreter ends.

use pyo3::prelude::*;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

static RINGER: Mutex<Option<Ringer>> = Mutex::new(None);

struct Ringer {
    /// No more are under way than there are loops: each is told once, until it has looked.
    told: Sender<Arc<Py<PyAny>>>,
    thread: JoinHandle<()>,
}

/// Starts it, unless it runs.
pub(crate) fn start() -> std::io::Result<()> {
    let mut ringer = RINGER.lock().unwrap_or_else(PoisonError::into_inner);
    if ringer.is_none() {
        let (told, callbacks) = channel();
        let thread = thread::Builder::new().name("voice-agent-ringer".into()).spawn(move || run(&callbacks))?;
        *ringer = Some(Ringer { told, thread });
    }
    Ok(())
}

/// Has `callback` called from its thread.
pub(crate) fn tell(callback: Arc<Py<PyAny>>) {
    if let Some(ringer) = &*RINGER.lock().unwrap_or_else(PoisonError::into_inner) {
        // Cannot fail: the thread goes on as long as there is a sender.
        let _ = ringer.told.send(callback);
    }
}

/// Waits until it has done what it is doing and has ended. To be called without the interpreter's lock.
pub(crate) fn stop() {
    let ringer = RINGER.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Ringer { told, thread }) = ringer {
        drop(told);
        // An error is a panic of the thread, which has been reported and is as good an end as any.
        let _ = thread.join();
    }
}

fn run(callbacks: &Receiver<Arc<Py<PyAny>>>) {
    while let Ok(callback) = callbacks.recv() {
        // Fails when the loop is closed or the interpreter goes away: then nobody waits to be told.
        let _ = Python::try_attach(|py| callback.call0(py).map(drop));
    }
}
