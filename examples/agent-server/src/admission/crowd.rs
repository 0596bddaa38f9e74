//! How many of something one client has at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts for each client what it has open. Who has nothing open takes no memory.
#[derive(Debug)]
pub(crate) struct Crowd<K: Clone + Hash + Eq> {
    most: usize,
    open: Arc<Mutex<HashMap<K, usize>>>,
}

/// One of what a client has; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Member<K: Clone + Hash + Eq> {
    key: K,
    open: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Clone + Hash + Eq> Crowd<K> {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// One more, unless the client has as many as it may.
    pub(crate) fn join(&self, key: K) -> Option<Member<K>> {
        let mut open = lock(&self.open);
        let count = open.entry(key.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Member { key, open: self.open.clone() })
    }
}

impl<K: Clone + Hash + Eq> Drop for Member<K> {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(count) = open.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.key);
            }
        }
    }
}

fn lock<K>(open: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_as_many_as_it_may_and_nothing_is_left_of_those_who_went() {
        let crowd = Crowd::new(2);
        let (first, _second) = (crowd.join("a").unwrap(), crowd.join("a").unwrap());
        assert!(crowd.join("a").is_none());
        let other = crowd.join("b").unwrap();
        drop(first);
        assert!(crowd.join("a").is_some(), "and it was given back at once");
        drop((other, _second));
        assert!(lock(&crowd.open).is_empty());
    }
}
