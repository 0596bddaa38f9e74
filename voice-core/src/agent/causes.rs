//! The host's own exceptions behind the last failures, for whoever tells them to have them back.

use crate::error::{Error, Stage, Token};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Failures remembered; a host asks when it is told of one, which is at once.
const KEPT: usize = 32;

/// Shared by a session and its handles.
#[derive(Debug, Default)]
pub(super) struct Causes {
    kept: Mutex<VecDeque<(Stage, String, Token)>>,
}

impl Causes {
    /// Remembers what is behind `error`, told under its message.
    pub(super) fn keep(&self, error: &Error) {
        self.keep_as(error.message(), error);
    }

    /// Remembers what is behind `error`, told under another name.
    pub(super) fn keep_as(&self, name: &str, error: &Error) {
        let Some(token) = error.token() else { return };
        let mut kept = self.lock();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((error.stage(), name.to_owned(), token.clone()));
    }

    /// What is behind the newest failure of this name in this stage.
    pub(super) fn of(&self, stage: Stage, name: &str) -> Option<Token> {
        let kept = self.lock();
        kept.iter().rev().find(|(of, named, _)| *of == stage && named == name).map(|(_, _, token)| token.clone())
    }

    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Stage, String, Token)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
