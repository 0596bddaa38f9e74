//! Session tokens: whether they are wanted, and whose count.

use super::sources::Layers;
use super::{ConfigError, parse};
use crate::tokens::TokenKey;
use std::path::Path;

/// What the operator has set about session tokens.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// Checks tokens; without it none is looked at.
    pub key: Option<TokenKey>,
    /// For whom a token has to be meant.
    pub audience: String,
    /// Whether nobody comes in without one.
    pub required: bool,
}

impl TokenSettings {
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let secret = layers.parse("TOKEN_SECRET", |value| TokenKey::secret(&parse::token(value)?))?;
        let private = layers.parse("TOKEN_KEY", |path| TokenKey::private(Path::new(path)))?;
        let public = layers.parse("TOKEN_PUBLIC_KEY", |path| TokenKey::public(Path::new(path)))?;
        let keys = [("TOKEN_SECRET", secret), ("TOKEN_KEY", private), ("TOKEN_PUBLIC_KEY", public)];
        let mut given = keys.into_iter().filter_map(|(name, key)| Some((name, key?)));
        let first = given.next();
        if let (Some((one, _)), Some((other, _))) = (&first, given.next()) {
            return Err(ConfigError::new(format!("{other}: {one} is set already, and there is one key")));
        }
        let required = layers.parse("REQUIRE_TOKEN", parse::switch)?.unwrap_or(false);
        if required && first.is_none() {
            let message = "REQUIRE_TOKEN: needs TOKEN_SECRET, TOKEN_KEY or TOKEN_PUBLIC_KEY";
            return Err(ConfigError::new(message));
        }
        let audience = layers.get("TOKEN_AUDIENCE").unwrap_or("voice-agent").to_owned();
        Ok(Self { key: first.map(|(_, key)| key), audience, required })
    }
}
