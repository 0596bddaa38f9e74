//! What a provider that stands for several tells about those behind it.

use crate::error::{Error, ErrorKind};
use std::sync::Arc;

/// News between the results of a call; it changes none of them. Only a provider that passes calls on to others has any.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// What follows comes from this provider.
    Serving {
        /// Its name.
        provider: Arc<str>,
    },
    /// This provider failed, and another one takes its place in the same call.
    FailedOver {
        /// The name of the one that failed.
        provider: Arc<str>,
        /// What could be done about it.
        kind: ErrorKind,
        /// In words, without secrets.
        message: String,
    },
}

impl Notice {
    /// `provider` failed with `error`; another one goes on.
    pub fn failed_over(provider: Arc<str>, error: &Error) -> Self {
        Self::FailedOver { provider, kind: error.kind().clone(), message: error.message().to_owned() }
    }
}
