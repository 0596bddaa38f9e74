//! The two phases that run side by side.

/// Where the user's turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum UserPhase {
    /// Nobody speaks.
    #[default]
    Silent,
    /// The user speaks.
    Speaking,
    /// The user has paused; more silence ends the turn, more speech continues it.
    Settling,
    /// The turn is over, its words are still to come.
    AwaitingTranscript,
}

/// Where the agent's reply stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AgentPhase {
    /// No reply is alive.
    #[default]
    Idle,
    /// A reply is being made to a turn that has not ended; nothing of it is shown or played before it has.
    Speculating,
    /// A reply is being made; none of it has been sent.
    Thinking,
    /// Its audio is being played.
    Speaking,
    /// The user made a sound: playback is held until it is clear whether they mean to interrupt.
    Held,
}
