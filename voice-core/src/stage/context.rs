//! What every call to a service knows about the session it serves.

use crate::cancel::{CancelToken, TaskScope};
use crate::id::{SessionId, TurnId};

/// The surroundings of one call to a provider. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The session served.
    pub session: SessionId,
    /// The turn served; for speech to text, which is one call a session, the turn in which the call began.
    pub turn: TurnId,
    /// Cancelled when the result is no longer wanted: the stream then ends, without an error.
    pub cancel: CancelToken,
    /// Where a connection owner may spawn its task. A call itself leaves no task behind.
    pub tasks: TaskScope,
}

impl CallContext {
    /// A context with a token and scope of its own, for a call outside any session.
    pub fn detached() -> Self {
        let cancel = CancelToken::new();
        Self { session: SessionId::random(), turn: TurnId::default(), tasks: TaskScope::new(cancel.child()), cancel }
    }
}
