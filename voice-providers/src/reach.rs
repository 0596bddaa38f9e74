//! How far away a service is.

use crate::endpoint::Endpoint;
use crate::tls;
use rustls::pki_types::ServerName;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;

/// How long it takes to connect to a service by TCP and, where it speaks it, TLS: its name is looked up before. What the
/// service then says is not asked.
///
/// # Errors
/// There is no such service, its certificate is not to be trusted, or it takes longer than `deadline`.
pub async fn connect_time(endpoint: &Endpoint, deadline: Duration) -> io::Result<Duration> {
    let unusable = || io::Error::from(io::ErrorKind::InvalidInput);
    let (host, port) = endpoint.host_and_port().ok_or_else(unusable)?;
    let connect = async {
        let address = tokio::net::lookup_host((host, port)).await?.next().ok_or(io::ErrorKind::NotFound)?;
        let begin = now();
        let stream = TcpStream::connect(address).await?;
        if endpoint.is_secure() {
            let name = ServerName::try_from(host.to_owned()).map_err(|_| unusable())?;
            TlsConnector::from(tls::for_http()).connect(name, stream).await?;
        }
        Ok(now().saturating_duration_since(begin))
    };
    timeout(deadline, connect).await?
}

/// The time of Tokio's clock.
fn now() -> Instant {
    sleep(Duration::ZERO).deadline()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn who_listens_is_reached_and_who_does_not_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let plain: Endpoint = format!("http://{address}/prefix").parse().unwrap();
        let deadline = Duration::from_secs(5);
        assert!(connect_time(&plain, deadline).await.unwrap() < deadline);
        // Somebody accepts and says nothing: no TLS.
        let secure: Endpoint = format!("https://{address}").parse().unwrap();
        let silent = connect_time(&secure, Duration::from_millis(100)).await;
        assert_eq!(silent.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(listener);
        assert_eq!(connect_time(&plain, deadline).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }
}
