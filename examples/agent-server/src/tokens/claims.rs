//! What a token says.

use super::TokenKey;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Bytes of a token that are looked at; one of this server's has some 400.
const MAX_TOKEN: usize = 4 << 10;
/// Characters of a name: of a token, or of a user.
const MAX_NAME: usize = 256;
/// How far the clock of whoever made a token may be ahead, in s. Its end counts to the second.
const SKEW_S: u64 = 30;

/// The claims of a token (RFC 7519, section 4.1), and this server's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The token's name: whatever is counted is counted by it.
    #[serde(rename = "jti")]
    pub(crate) id: String,
    /// When it ends, in s since 1970.
    #[serde(rename = "exp")]
    pub(crate) expires: u64,
    /// When it begins.
    #[serde(rename = "nbf", default)]
    pub(crate) begins: u64,
    /// When it was made.
    #[serde(rename = "iat", default)]
    pub(crate) made: u64,
    /// Checked with the signature; whoever reads the claims knows that it is right.
    #[serde(rename = "aud", skip_deserializing)]
    pub(crate) audience: String,
    /// For whom it vouches.
    #[serde(rename = "sub", default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// Sessions at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_sessions: Option<NonZeroU32>,
    /// Sessions in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_uses: Option<NonZeroU32>,
    /// The origin of the only pages that may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
}

/// Why a token is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worthless {
    /// It is none, or not one of these keys', or not whole.
    Invalid,
    /// It is meant for another service.
    Audience,
    /// It has not begun.
    Early,
    /// It has ended.
    Expired,
}

impl Claims {
    /// Signs them.
    ///
    /// # Errors
    /// The key is a public one, or cannot sign.
    pub(super) fn sign(&self, key: &TokenKey) -> Result<String, jsonwebtoken::errors::Error> {
        let encoding = key.encoding.as_ref().ok_or(ErrorKind::InvalidKeyFormat)?;
        encode(&Header::new(key.algorithm), self, encoding)
    }

    /// Reads a token that this key has signed for this audience and that has begun. Whether it has ended is another
    /// question: [`ended`](Self::ended).
    ///
    /// # Errors
    /// It is worth nothing.
    pub(super) fn read(token: &str, key: &TokenKey, audience: &str, now: u64) -> Result<Self, Worthless> {
        if token.len() > MAX_TOKEN {
            return Err(Worthless::Invalid);
        }
        let mut validation = Validation::new(key.algorithm);
        validation.set_required_spec_claims(&["exp", "aud"]);
        validation.set_audience(&[audience]);
        // The times are compared below, with a clock that is an argument.
        validation.validate_exp = false;
        let read = decode::<Self>(token, &key.decoding, &validation).map_err(|error| match error.kind() {
            ErrorKind::InvalidAudience => Worthless::Audience,
            _ => Worthless::Invalid,
        })?;
        let claims = read.claims;
        // Whoever does not understand what is critical must refuse (RFC 7515, section 4.1.11).
        let names = [Some(&claims.id), claims.user.as_ref()];
        if read.header.crit.is_some() || !names.into_iter().flatten().all(|name| is_name(name)) {
            return Err(Worthless::Invalid);
        }
        if claims.begins > now.saturating_add(SKEW_S) { Err(Worthless::Early) } else { Ok(claims) }
    }

    /// Whether it is good for so many sessions only.
    pub(super) fn are_counted(&self) -> bool {
        self.max_sessions.is_some() || self.max_uses.is_some()
    }

    /// Whether it has ended.
    pub(crate) fn ended(&self, now: u64) -> bool {
        now >= self.expires
    }
}

/// What may stand in a line of a log or a name in a store.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= MAX_NAME && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use voice_providers::Secret;

    const NOW: u64 = 1_800_000_000;

    fn key(secret: &str) -> TokenKey {
        TokenKey::secret(&Secret::new(secret)).unwrap()
    }

    fn claims() -> Claims {
        Claims {
            id: "one".into(),
            expires: NOW + 60,
            begins: NOW,
            made: NOW,
            audience: "voice-agent".into(),
            user: Some("ada".into()),
            max_sessions: NonZeroU32::new(2),
            max_uses: None,
            origin: None,
        }
    }

    #[test]
    fn what_was_signed_is_read_again() {
        let key = key("0123456789abcdef0123456789abcdef");
        let token = claims().sign(&key).unwrap();
        let read = Claims::read(&token, &key, "voice-agent", NOW).unwrap();
        assert_eq!(read, Claims { audience: String::new(), ..claims() });
        assert!(!read.ended(NOW + 59) && read.ended(NOW + 60));
    }

    #[test]
    fn what_is_not_meant_for_this_server_at_this_time_is_worth_nothing() {
        let ours = key("0123456789abcdef0123456789abcdef");
        let token = claims().sign(&ours).unwrap();
        let read = |token: &str, key: &TokenKey, audience, now| Claims::read(token, key, audience, now).map(|_| ());
        let theirs = key("fedcba9876543210fedcba9876543210");
        assert_eq!(read(&token, &theirs, "voice-agent", NOW), Err(Worthless::Invalid));
        assert_eq!(read(&token, &ours, "another", NOW), Err(Worthless::Audience));
        assert_eq!(read(&token, &ours, "voice-agent", NOW - 31), Err(Worthless::Early));
        assert_eq!(read(&token, &ours, "voice-agent", NOW - 30), Ok(()));
        let long = Claims { user: Some("x".repeat(300)), ..claims() }.sign(&ours).unwrap();
        assert_eq!(read(&long, &ours, "voice-agent", NOW), Err(Worthless::Invalid));
        for changed in [token[1..].to_owned(), token.replace('.', ""), format!("{token}."), format!("{token}A")] {
            assert_eq!(read(&changed, &ours, "voice-agent", NOW), Err(Worthless::Invalid), "{changed}");
        }
        for index in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            // The last digit of a signature of 32 bytes has two bits that count for nothing, and must be 0.
            assert_ne!(read(&changed, &ours, "voice-agent", NOW), Ok(()), "digit {index}");
        }
    }
}
