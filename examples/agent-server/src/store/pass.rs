//! Resume tokens: the session's id and a secret. Stores get the secret's hash, so that who reads them can take no session.

use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use voice_core::{Error, ErrorKind, Result, SessionId, Stage};

/// Digits of a session's id.
const ID_DIGITS: usize = 32;

/// The SHA-256 of a token, in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenHash(String);

/// What a client shows to go on with its session.
#[derive(Clone)]
pub(crate) struct Pass {
    pub(crate) id: SessionId,
    pub(crate) token: String,
}

impl Pass {
    /// A new one for a session.
    pub(crate) fn new(id: SessionId) -> Result<Self> {
        Ok(Self { token: format!("{id}.{}", random_hex::<32>()?), id })
    }

    /// Reads a token; `None` for what was never one.
    pub(crate) fn read(token: &str) -> Option<Self> {
        let (id, secret) = token.split_once('.')?;
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let fits = digits(id, ID_DIGITS) && digits(secret, 64);
        fits.then(|| Self { id: SessionId::from(id), token: token.to_owned() })
    }

    pub(crate) fn hash(&self) -> TokenHash {
        TokenHash::of(&self.token)
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").field("id", &self.id).finish_non_exhaustive()
    }
}

impl TokenHash {
    pub(crate) fn of(secret: &str) -> Self {
        Self(hex(&Sha256::digest(secret.as_bytes())))
    }

    /// One that was written down.
    pub(crate) fn written(digits: String) -> Self {
        Self(digits)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Random bytes as hexadecimal digits.
pub(crate) fn random_hex<const BYTES: usize>() -> Result<String> {
    let mut bytes = [0u8; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(ErrorKind::Internal, Stage::Session, "the system gives no random numbers").with_source(error)
    })?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_session_and_is_no_part_of_what_is_kept() {
        let pass = Pass::new(SessionId::random()).unwrap();
        let read = Pass::read(&pass.token).expect("it is one");
        assert_eq!((read.id.as_str(), read.hash()), (pass.id.as_str(), pass.hash()));
        let secret = pass.token.split_once('.').unwrap().1;
        assert!(!pass.hash().as_str().contains(secret) && !format!("{pass:?}").contains(secret));
    }

    #[test]
    fn what_is_no_token_is_told_from_one() {
        let whole = Pass::new(SessionId::random()).unwrap().token;
        for text in ["", ".", "0123456789abcdef", &whole[1..], &whole[..whole.len() - 1], &whole.replace('.', ":")] {
            assert!(Pass::read(text).is_none(), "{text}");
        }
        assert!(Pass::read(&whole.replace(|c: char| c.is_ascii_digit(), "é")).is_none());
    }
}
