//! Who serves a call: the provider that was called, unless it says that another one does.

use crate::stage::Notice;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Serving {
    /// The provider called, until somebody has been named.
    called: Option<Arc<str>>,
}

impl Serving {
    pub(super) fn new(provider: &str) -> Self {
        Self { called: Some(provider.into()) }
    }

    /// A call that no provider serves.
    pub(super) fn nobody() -> Self {
        Self { called: None }
    }

    /// A result has come: names the provider called, unless somebody was named before.
    pub(super) fn result(&mut self) -> Option<Arc<str>> {
        self.called.take()
    }

    /// The provider called speaks of others.
    pub(super) fn heed(&mut self, notice: &Notice) {
        if matches!(notice, Notice::Serving { .. }) {
            self.called = None;
        }
    }
}
