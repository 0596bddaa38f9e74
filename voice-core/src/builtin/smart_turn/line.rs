//! One thing that many want to use: they stand in line, the oldest first, and none of them for long.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A thing for one at a time.
pub(super) struct Line<T> {
    thing: Mutex<T>,
    state: Mutex<State>,
    places: usize,
    patience: Duration,
}

#[derive(Default)]
struct State {
    taken: bool,
    /// Those who wait, the oldest first.
    waiting: VecDeque<(u64, SyncSender<()>)>,
    arrivals: u64,
}

/// Why somebody left without having had the thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// All places were taken.
    Full,
    /// It took too long.
    Late,
}

/// One's turn; when it is dropped the oldest in line has theirs.
struct Turn<'a, T>(&'a Line<T>);

impl<T> Line<T> {
    /// A line with `places` for those who wait, each for at most `patience`.
    pub(super) fn new(thing: T, places: usize, patience: Duration) -> Self {
        Self { thing: Mutex::new(thing), state: Mutex::default(), places, patience }
    }

    /// Does this with the thing, after all who came before. Blocks.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, Left> {
        let _turn = self.enter()?;
        // Free: its last user let it go before their turn ended. One that panicked left nothing half done that counts.
        let mut thing = self.thing.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(work(&mut thing))
    }

    fn enter(&self) -> Result<Turn<'_, T>, Left> {
        let (number, called) = {
            let mut state = self.lock();
            if !state.taken {
                state.taken = true;
                return Ok(Turn(self));
            }
            if state.waiting.len() >= self.places {
                return Err(Left::Full);
            }
            let number = state.arrivals;
            state.arrivals += 1;
            // With room for the call, so that calling never waits.
            let (call, called) = sync_channel(1);
            state.waiting.push_back((number, call));
            (number, called)
        };
        match called.recv_timeout(self.patience) {
            Ok(()) => Ok(Turn(self)),
            Err(_) => self.leave(number, &called),
        }
    }

    /// Goes out of the line, unless called at this very moment.
    fn leave(&self, number: u64, called: &Receiver<()>) -> Result<Turn<'_, T>, Left> {
        let mut state = self.lock();
        state.waiting.retain(|(waiting, _)| *waiting != number);
        called.try_recv().map(|()| Turn(self)).map_err(|_| Left::Late)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        // Whoever left has gone from the line under its lock, so the first call is heard.
        state.taken = std::iter::from_fn(|| state.waiting.pop_front()).any(|(_, call)| call.try_send(()).is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread;

    const LONG: Duration = Duration::from_secs(600);

    fn wait_for<T>(line: &Line<T>, waiting: usize) {
        while line.lock().waiting.len() != waiting {
            thread::yield_now();
        }
    }

    #[test]
    fn the_oldest_is_served_first() {
        let line = Line::new(Vec::new(), 8, LONG);
        thread::scope(|scope| {
            let turn = line.enter();
            for number in 0..5 {
                let line = &line;
                scope.spawn(move || line.with(|served| served.push(number)));
                wait_for(line, number + 1);
            }
            drop(turn);
        });
        assert_eq!(line.with(|served| served.clone()), Ok(vec![0, 1, 2, 3, 4]));
    }

    #[test]
    fn one_more_than_there_are_places_is_refused_at_once() {
        let line = Line::new((), 2, LONG);
        thread::scope(|scope| {
            let turn = line.enter();
            let waiting = [1, 2].map(|number| {
                let thread = scope.spawn(|| line.with(|()| ()));
                wait_for(&line, number);
                thread
            });
            assert_eq!(line.with(|()| ()), Err(Left::Full));
            drop(turn);
            assert!(waiting.into_iter().all(|thread| thread.join().unwrap().is_ok()));
        });
    }

    #[test]
    fn whoever_waits_too_long_leaves_and_the_next_is_served() {
        let line = Line::new((), 2, Duration::ZERO);
        let turn = line.enter();
        assert_eq!(line.with(|()| ()), Err(Left::Late));
        assert_eq!(line.lock().waiting.len(), 0);
        drop(turn);
        assert_eq!(line.with(|()| ()), Ok(()));
    }

    #[test]
    fn one_who_panics_is_followed_by_the_next() {
        let line = Line::new((), 2, LONG);
        thread::scope(|scope| {
            let (in_turn, begun) = channel();
            let (go_on, gate) = channel::<()>();
            let line = &line;
            let panics = scope.spawn(move || {
                line.with(|()| {
                    in_turn.send(()).unwrap();
                    gate.recv().unwrap();
                    panic!("on purpose");
                })
            });
            begun.recv().unwrap();
            let next = scope.spawn(|| line.with(|()| ()));
            wait_for(line, 1);
            go_on.send(()).unwrap();
            assert!(panics.join().is_err());
            assert_eq!(next.join().unwrap(), Ok(()));
        });
    }
}
