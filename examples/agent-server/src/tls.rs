//! TLS of the server itself: `https` and `wss` from two files.

use crate::config::{ConfigError, TlsFiles};
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Bytes that TLS may hold beside the kernel: like those, audio in there cannot be taken back.
const BUFFER: usize = 16 << 10;

/// The server's side of TLS. Its files can be read again while it runs.
pub(crate) struct Tls {
    files: TlsFiles,
    config: Mutex<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// They cannot be read, or do not belong together.
    pub(crate) fn load(files: &TlsFiles) -> Result<Self, ConfigError> {
        Ok(Self { files: files.clone(), config: Mutex::new(Arc::new(config(files)?)) })
    }

    /// Reads the files again, for connections from now on. Those that are of no use change nothing.
    pub(crate) fn reload(&self) {
        match config(&self.files) {
            Ok(config) => {
                *self.config.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                tracing::info!("the certificate was read again");
            }
            Err(error) => tracing::error!(%error, "the certificate stays as it was"),
        }
    }

    /// The handshake.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = self.config.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut stream = TlsAcceptor::from(config).accept(stream).await?;
        stream.get_mut().1.set_buffer_limit(Some(BUFFER));
        Ok(stream)
    }
}

fn config(files: &TlsFiles) -> Result<ServerConfig, ConfigError> {
    let named = |name: &'static str| move |error: ConfigError| ConfigError::new(format!("{name}: {error}"));
    let chain = certificates(&files.certificate).map_err(named("TLS_CERT"))?;
    let key = private_key(&files.key).map_err(named("TLS_KEY"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| ConfigError::new(format!("TLS_CERT and TLS_KEY cannot be used together: {error}")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// A chain of certificates out of a PEM file.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(ConfigError::new("the file holds no certificate")),
        Err(error) => Err(unreadable(&error)),
    }
}

/// The first private key in a PEM file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConfigError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| match error {
        pem::Error::NoItemsFound => ConfigError::new("the file holds no private key"),
        error => unreadable(&error),
    })
}

/// In one line and without any of the file's content.
fn unreadable(error: &pem::Error) -> ConfigError {
    match error {
        pem::Error::Io(error) => ConfigError::new(format!("the file cannot be read: {error}")),
        _ => ConfigError::new("the file is no PEM"),
    }
}
