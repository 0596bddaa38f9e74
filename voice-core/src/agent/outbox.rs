//! What waits for the transport: events and audio in one order, with `clear` overtaking the audio it voids.

use crate::conversation::Event;
use crate::id::TurnId;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Something for the client.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// An event, to be sent as its frame.
    Event(Event),
    /// Audio of a reply: mono PCM16 little-endian at the session's output rate.
    Audio {
        /// The turn it belongs to.
        turn: TurnId,
        /// The samples; always whole ones.
        pcm: Bytes,
    },
}

/// Events that may wait. A client that lets more than these pile up has stopped reading: the session is ended, since
/// dropping one would break the order the client relies on. Audio needs no bound of its own here: playout hands over
/// no more than a short stretch ahead of the listener.
const MAX_EVENTS: usize = 2_048;

/// A queue with one producer (the session) and one consumer at a time (its transport).
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    filled: Notify,
    taken: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Output>,
    events: usize,
    audio_bytes: usize,
    closed: bool,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an event; false when the client has stopped reading.
    #[must_use]
    pub(crate) fn event(&self, event: Event) -> bool {
        {
            let mut queue = self.lock();
            if let Event::Clear { turn } = event {
                queue.drop_audio(turn);
            }
            if queue.events >= MAX_EVENTS {
                return false;
            }
            queue.events += 1;
            queue.items.push_back(Output::Event(event));
        }
        self.filled.notify_one();
        true
    }

    pub(crate) fn audio(&self, turn: TurnId, pcm: Bytes) {
        {
            let mut queue = self.lock();
            queue.audio_bytes += pcm.len();
            queue.items.push_back(Output::Audio { turn, pcm });
        }
        self.filled.notify_one();
    }

    /// Drops everything: the client it was meant for is gone.
    pub(crate) fn forget(&self) {
        let mut queue = self.lock();
        *queue = Queue { closed: queue.closed, ..Queue::default() };
    }

    /// Bytes of audio the transport has not taken.
    pub(crate) fn audio_bytes(&self) -> usize {
        self.lock().audio_bytes
    }

    /// Events, and bytes of audio, the transport has not taken.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let queue = self.lock();
        (queue.events, queue.audio_bytes)
    }

    /// Resolves after the transport took audio.
    pub(crate) async fn audio_taken(&self) {
        self.taken.notified().await;
    }

    /// No more will be queued; what is queued can still be taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// The next item; `None` when the session is over and everything was taken.
    pub(crate) async fn next(&self) -> Option<Output> {
        loop {
            {
                let mut queue = self.lock();
                if let Some(item) = queue.take() {
                    if matches!(item, Output::Audio { .. }) {
                        self.taken.notify_one();
                    }
                    return Some(item);
                }
                if queue.closed {
                    // Another waiter may be parked on the one permit.
                    self.filled.notify_one();
                    return None;
                }
            }
            self.filled.notified().await;
        }
    }
}

impl Queue {
    fn take(&mut self) -> Option<Output> {
        let item = self.items.pop_front()?;
        match &item {
            Output::Event(_) => self.events -= 1,
            Output::Audio { pcm, .. } => self.audio_bytes -= pcm.len(),
        }
        Some(item)
    }

    fn drop_audio(&mut self, void: TurnId) {
        self.items.retain(|item| !matches!(item, Output::Audio { turn, .. } if *turn == void));
        self.audio_bytes = self
            .items
            .iter()
            .map(|item| match item {
                Output::Audio { pcm, .. } => pcm.len(),
                Output::Event(_) => 0,
            })
            .sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn clear_overtakes_the_audio_of_its_turn_and_nothing_else() {
        let outbox = Outbox::default();
        let (old, new) = (TurnId(1), TurnId(2));
        assert!(outbox.event(Event::Reply { turn: old, text: "a".into() }));
        outbox.audio(old, Bytes::from_static(&[0; 4]));
        outbox.audio(new, Bytes::from_static(&[1; 2]));
        assert!(outbox.event(Event::Clear { turn: old }));
        assert_eq!(outbox.audio_bytes(), 2);
        outbox.close();
        let mut seen = Vec::new();
        while let Some(item) = outbox.next().await {
            seen.push(item);
        }
        assert_eq!(
            seen,
            [
                Output::Event(Event::Reply { turn: old, text: "a".into() }),
                Output::Audio { turn: new, pcm: Bytes::from_static(&[1; 2]) },
                Output::Event(Event::Clear { turn: old }),
            ]
        );
    }

    #[test]
    fn a_client_that_stopped_reading_is_noticed() {
        let outbox = Outbox::default();
        let accepted = (0..).take_while(|_| outbox.event(Event::Pause { turn: TurnId(0) })).count();
        assert_eq!(accepted, MAX_EVENTS);
    }
}
