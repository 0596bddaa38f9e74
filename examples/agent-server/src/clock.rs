//! The time of day, read here alone. Everything that compares it takes it as an argument.

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> u64 {
    jsonwebtoken::get_current_timestamp()
}
