//! A paused clock that stands still while the host is at work.
//!
//! Tokio's paused clock jumps to the next timer as soon as no task of its runtime is ready. A host works on threads of its
//! own, which the runtime knows nothing of: the clock would jump while an answer is under way. It does not jump while a
//! blocking task runs, so one is kept running: from the beginning of a call to its end, except while the host waits for
//! input or for room in the sink. What ends such a wait happens on the runtime's thread, and the hold is taken there,
//! before the runtime can look at its timers again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Wake, Waker};
use tokio::runtime::Handle;

/// Keeps the paused clock of one runtime from advancing while calls of a host are at work. For tests in simulated time:
/// it costs a thread for each call at work.
#[derive(Debug, Clone)]
pub struct ClockHold {
    runtime: Handle,
}

impl ClockHold {
    /// Holds the clock of the current runtime, which must be of the flavour `current_thread`. `None` outside of any.
    pub fn current() -> Option<Self> {
        Handle::try_current().ok().map(|runtime| Self { runtime })
    }

    #[allow(clippy::disallowed_methods)] // It ends with the sender, which the call owns.
    fn take(&self) -> Held {
        let (sender, receiver) = mpsc::channel::<()>();
        self.runtime.spawn_blocking(move || {
            // Ends when the sender is dropped.
            let _ = receiver.recv();
        });
        Held { _sender: sender }
    }
}

#[derive(Debug)]
struct Held {
    _sender: mpsc::Sender<()>,
}

/// Whether a call is at work; holds the clock while it is, where there is one to be held.
#[derive(Debug, Default)]
pub(super) struct Activity {
    hold: Option<ClockHold>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    /// How often the host has looked for something. What an earlier look waited for wakes nobody any more.
    looks: u64,
    /// Something the host waits for has happened since it was last looked for.
    woken: bool,
    over: bool,
}

impl Activity {
    /// A call that begins now and is at work.
    pub(super) fn begin(hold: Option<ClockHold>) -> Arc<Self> {
        let held = hold.as_ref().map(ClockHold::take);
        Arc::new(Self { hold, state: Mutex::new(State { held, ..State::default() }) })
    }

    /// The call is over: what the host still does counts no more.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.over = true;
        state.held = None;
    }

    /// Before a look at what the host waits for: a waker that marks the host as at work when it is woken.
    pub(super) fn look(self: &Arc<Self>, waker: &Waker) -> Waker {
        if self.hold.is_none() {
            return waker.clone();
        }
        let mut state = self.lock();
        (state.looks, state.woken) = (state.looks + 1, false);
        if let (false, None, Some(hold)) = (state.over, &state.held, &self.hold) {
            // Looking again without having been woken: what happens from here on until there is a new waker wakes nobody.
            state.held = Some(hold.take());
        }
        Waker::from(Arc::new(WakingUp { activity: self.clone(), look: state.looks, host: waker.clone() }))
    }

    /// There was nothing: the host waits, unless that has changed already.
    pub(super) fn wait(&self) {
        let mut state = self.lock();
        if !state.woken {
            state.held = None;
        }
    }

    fn wake(&self, look: u64) {
        let mut state = self.lock();
        if look != state.looks {
            return;
        }
        state.woken = true;
        if let (false, None, Some(hold)) = (state.over, &state.held, &self.hold) {
            state.held = Some(hold.take());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct WakingUp {
    activity: Arc<Activity>,
    look: u64,
    host: Waker,
}

impl Wake for WakingUp {
    fn wake(self: Arc<Self>) {
        self.activity.wake(self.look);
        self.host.wake_by_ref();
    }
}
