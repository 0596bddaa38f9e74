//! A bounded hand-off from one producer that never waits to one stream.
//!
//! What the producer may not block on still needs a bound: past it the oldest items that may be dropped are, and the
//! producer is told how much that was.

use futures::Stream;
use futures::task::AtomicWaker;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// How an item counts against the bound.
pub trait Weighted {
    /// Its weight, in the unit of the bound.
    fn weight(&self) -> usize;
    /// Whether it may be dropped when the bound is reached.
    fn may_be_dropped(&self) -> bool;
}

/// Opens a hand-off that holds items up to `bound` in weight.
pub fn handoff<T: Weighted>(bound: usize) -> (HandoffSender<T>, HandoffStream<T>) {
    let shared = Arc::new(Shared {
        queue: Mutex::new(Queue { items: VecDeque::new(), weight: 0, bound, closed: false }),
        waker: AtomicWaker::new(),
    });
    (HandoffSender { shared: shared.clone() }, HandoffStream { shared })
}

/// The producer's end. Dropping it ends the stream after what it holds.
#[derive(Debug)]
pub struct HandoffSender<T> {
    shared: Arc<Shared<T>>,
}

/// The consumer's end. Dropping it makes the producer's items vanish.
#[derive(Debug)]
pub struct HandoffStream<T> {
    shared: Arc<Shared<T>>,
}

#[derive(Debug)]
struct Shared<T> {
    queue: Mutex<Queue<T>>,
    waker: AtomicWaker,
}

#[derive(Debug)]
struct Queue<T> {
    items: VecDeque<T>,
    weight: usize,
    bound: usize,
    closed: bool,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Weighted> HandoffSender<T> {
    /// Hands an item over and never waits. Returns the weight of the older items that were dropped for it.
    pub fn send(&self, item: T) -> usize {
        let dropped = self.leave(item);
        self.shared.waker.wake();
        dropped
    }

    /// As [`send`](Self::send), without waking the consumer: for a producer that drives the consumer itself, or calls
    /// [`wake`](Self::wake) later.
    pub fn leave(&self, item: T) -> usize {
        let mut queue = self.shared.lock();
        if queue.closed {
            return 0;
        }
        queue.weight += item.weight();
        queue.items.push_back(item);
        let mut dropped = 0;
        while queue.weight > queue.bound {
            let Some(oldest) = queue.items.iter().position(T::may_be_dropped) else { break };
            let Some(gone) = queue.items.remove(oldest) else { break };
            queue.weight -= gone.weight();
            dropped += gone.weight();
        }
        dropped
    }

    /// Wakes the consumer if something waits for it.
    pub fn wake(&self) {
        if !self.is_empty() {
            self.shared.waker.wake();
        }
    }

    /// Items that wait.
    pub fn len(&self) -> usize {
        self.shared.lock().items.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Drop for HandoffSender<T> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.waker.wake();
    }
}

impl<T> Drop for HandoffStream<T> {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        queue.items.clear();
        queue.weight = 0;
    }
}

impl<T: Weighted> Stream for HandoffStream<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.shared.waker.register(context.waker());
        let mut queue = self.shared.lock();
        match queue.items.pop_front() {
            Some(item) => {
                queue.weight -= item.weight();
                Poll::Ready(Some(item))
            }
            None if queue.closed => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, StreamExt};

    #[derive(Debug, PartialEq)]
    enum Item {
        Audio(usize),
        Marker,
    }

    impl Weighted for Item {
        fn weight(&self) -> usize {
            match self {
                Self::Audio(weight) => *weight,
                Self::Marker => 0,
            }
        }
        fn may_be_dropped(&self) -> bool {
            matches!(self, Self::Audio(_))
        }
    }

    #[test]
    fn past_the_bound_the_oldest_audio_goes_and_markers_stay() {
        let (sender, stream) = handoff(10);
        assert_eq!(sender.send(Item::Audio(6)), 0);
        assert_eq!(sender.send(Item::Marker), 0);
        assert_eq!(sender.send(Item::Audio(4)), 0);
        assert_eq!(sender.send(Item::Audio(5)), 6);
        drop(sender);
        let seen: Vec<_> = stream.collect().now_or_never().expect("the sender is gone");
        assert_eq!(seen, [Item::Marker, Item::Audio(4), Item::Audio(5)]);
    }

    #[test]
    fn a_dropped_stream_takes_nothing_more() {
        let (sender, stream) = handoff(10);
        sender.send(Item::Audio(6));
        drop(stream);
        assert_eq!(sender.send(Item::Audio(6)), 0);
        assert!(sender.is_empty());
    }
}
