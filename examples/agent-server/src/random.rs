//! Names and passwords that nobody guesses.

use crate::store::random_hex;
use voice_core::Result;

/// 256 random bits as hexadecimal digits.
pub(crate) fn token() -> Result<String> {
    random_hex::<32>()
}
