//! The key of session tokens, and with it their one algorithm.

use super::ring::install;
use crate::config::ConfigError;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use std::path::Path;
use voice_providers::Secret;

/// Bytes that a secret has at least: as many as the hash gives (RFC 7518, section 3.2).
const SECRET_BYTES: usize = 32;
/// What precedes the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, section 4).
const ED25519_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Checks tokens and, unless it is a public key, makes them.
///
/// The key decides on the algorithm. What a token's header says of it has to agree and decides nothing.
#[derive(Debug, Clone)]
pub struct TokenKey {
    pub(super) algorithm: Algorithm,
    pub(super) encoding: Option<EncodingKey>,
    pub(super) decoding: DecodingKey,
}

impl TokenKey {
    /// A shared secret: HS256.
    ///
    /// # Errors
    /// It has fewer than 32 bytes.
    pub fn secret(secret: &Secret) -> Result<Self, ConfigError> {
        let bytes = secret.expose().as_bytes();
        if bytes.len() < SECRET_BYTES {
            return Err(ConfigError::new("must have 32 characters at least"));
        }
        install();
        Ok(Self {
            algorithm: Algorithm::HS256,
            encoding: Some(EncodingKey::from_secret(bytes)),
            decoding: DecodingKey::from_secret(bytes),
        })
    }

    /// A private key of Ed25519 in PKCS #8, PEM: EdDSA.
    ///
    /// # Errors
    /// The file holds none.
    pub fn private(path: &Path) -> Result<Self, ConfigError> {
        let der = PrivatePkcs8KeyDer::from_pem_file(path).map_err(|error| unreadable(&error))?;
        let public = super::ring::public_half(der.secret_pkcs8_der())
            .ok_or_else(|| ConfigError::new("the file holds no private key of Ed25519"))?;
        install();
        Ok(Self {
            algorithm: Algorithm::EdDSA,
            encoding: Some(EncodingKey::from_ed_der(der.secret_pkcs8_der())),
            decoding: DecodingKey::from_ed_der(&public),
        })
    }

    /// A public key of Ed25519, PEM: EdDSA, of tokens that others make.
    ///
    /// # Errors
    /// The file holds none.
    pub fn public(path: &Path) -> Result<Self, ConfigError> {
        let der = SubjectPublicKeyInfoDer::from_pem_file(path).map_err(|error| unreadable(&error))?;
        let key = der.strip_prefix(&ED25519_PREFIX).filter(|key| key.len() == 32);
        let key = key.ok_or_else(|| ConfigError::new("the file holds no public key of Ed25519"))?;
        install();
        Ok(Self { algorithm: Algorithm::EdDSA, encoding: None, decoding: DecodingKey::from_ed_der(key) })
    }
}

/// In one line and without any of the file's content.
fn unreadable(error: &pem::Error) -> ConfigError {
    match error {
        pem::Error::Io(error) => ConfigError::new(format!("the file cannot be read: {error}")),
        pem::Error::NoItemsFound => ConfigError::new("the file holds no such key"),
        _ => ConfigError::new("the file is no PEM"),
    }
}
