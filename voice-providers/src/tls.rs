//! The one TLS configuration of all clients.

use rustls::{ClientConfig, RootCertStore};
use std::sync::{Arc, OnceLock};

/// Mozilla's root certificates, TLS 1.2 and 1.3, `ring`; sessions are resumed, which saves a round trip when a
/// connection is made again. `protocols` is offered by ALPN.
fn configure(protocols: &[&[u8]]) -> Arc<ClientConfig> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap_or_else(|_| unreachable!("ring has cipher suites of every version"))
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}

/// For HTTP: HTTP/2 where the server has it.
#[cfg(feature = "http")]
pub(crate) fn for_http() -> Arc<ClientConfig> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    CONFIG.get_or_init(|| configure(&[b"h2", b"http/1.1"])).clone()
}

/// For WebSockets, which begin with HTTP/1.1.
#[cfg(feature = "websocket")]
pub(crate) fn for_websockets() -> Arc<ClientConfig> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    CONFIG.get_or_init(|| configure(&[b"http/1.1"])).clone()
}
