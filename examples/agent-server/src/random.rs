//! Names and passwords that nobody guesses.

use std::fmt::Write;
use voice_core::{Error, ErrorKind, Result, Stage};

/// 256 random bits as hexadecimal digits.
pub(crate) fn token() -> Result<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(ErrorKind::Internal, Stage::Session, "the system gives no random numbers").with_source(error)
    })?;
    let mut token = String::with_capacity(64);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(token, "{byte:02x}");
    }
    Ok(token)
}
