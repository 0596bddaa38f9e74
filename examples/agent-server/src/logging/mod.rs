//! The log: one JSON object a line on standard output.
//!
//! Fields of the surrounding spans stand beside those of the line itself, so every line of a session has its `session`
//! and every line of a turn its `turn`.

mod json;
mod levels;

pub use levels::LogLevels;

use json::JsonLines;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

/// Starts the log of this process. A second call changes nothing.
pub fn start(levels: &LogLevels) {
    let lines = JsonLines::new(std::io::stdout).with_filter(levels.targets());
    // Fails only where a log has been started before, which then stays.
    let _ = tracing::subscriber::set_global_default(Registry::default().with(lines));
}
