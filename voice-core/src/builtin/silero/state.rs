//! What a stream remembers between two windows.

/// Samples of the past that are put before each window.
pub(in super::super) const CONTEXT: usize = 64;
/// Units of the recurrent layer.
pub(in super::super) const UNITS: usize = 128;

/// 1,280 bytes a stream.
#[derive(Clone)]
pub(super) struct State {
    /// The last samples of the window before.
    pub(super) context: [f32; CONTEXT],
    /// The recurrent layer's output.
    pub(super) hidden: [f32; UNITS],
    /// The recurrent layer's memory.
    pub(super) cell: [f32; UNITS],
}

impl State {
    pub(super) const fn new() -> Self {
        Self { context: [0.0; CONTEXT], hidden: [0.0; UNITS], cell: [0.0; UNITS] }
    }
}
