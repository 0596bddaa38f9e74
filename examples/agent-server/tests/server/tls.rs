//! `https` and `wss`.

use crate::support::{Folder, PATIENCE, TestServer, fakes, settings};
use agent_server::{Config, Sources};
use futures::{SinkExt, StreamExt};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A certificate for `localhost` that nobody but its own holder vouches for, and its files.
struct Identity {
    folder: Folder,
    certificate: CertificateDer<'static>,
}

impl Identity {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let certificate = write(&folder);
        Self { folder, certificate }
    }

    fn path(&self, file: &str) -> String {
        self.folder.path().join(file).to_str().unwrap().to_owned()
    }

    fn settings(&self) -> [(&'static str, String); 2] {
        [("TLS_CERT", self.path("cert.pem")), ("TLS_KEY", self.path("key.pem"))]
    }

    async fn server(&self, more: &[(&str, &str)]) -> TestServer {
        let files = self.settings();
        let files = files.iter().map(|(name, value)| (*name, value.as_str()));
        let pairs: Vec<_> = files.chain(more.iter().copied()).collect();
        TestServer::with(&settings(&pairs), fakes()).await
    }
}

/// Writes a new certificate and its key.
fn write(folder: &Folder) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    folder.write("cert.pem", &made.cert.pem());
    folder.write("key.pem", &made.signing_key.serialize_pem());
    made.cert.der().clone()
}

async fn connect(address: SocketAddr, trusted: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

async fn get(address: SocketAddr, trusted: &CertificateDer<'static>, path: &str, headers: &str) -> String {
    let mut stream = connect(address, trusted).await.expect("the certificate is the one");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n{headers}\r\n", address.port());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_session_over_wss_from_our_own_page() {
    let identity = Identity::new("tls-session");
    let server = identity.server(&[]).await;
    let origin = format!("https://localhost:{}", server.address.port());
    let page = get(server.address, &identity.certificate, "/", &format!("origin: {origin}\r\n")).await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(!page.contains("strict-transport-security"), "the loopback has other servers");
    let plain = format!("origin: http://localhost:{}\r\n", server.address.port());
    assert!(get(server.address, &identity.certificate, "/", &plain).await.starts_with("HTTP/1.1 403"));

    let stream = connect(server.address, &identity.certificate).await.unwrap();
    let mut request = format!("wss://localhost:{}/ws", server.address.port()).into_client_request().unwrap();
    request.headers_mut().insert("origin", origin.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    socket.send(Message::text(json!({ "type": "text", "text": "word ".repeat(40) }).to_string())).await.unwrap();
    let (mut seen, mut bytes) = (Vec::new(), 0);
    let conversation = async {
        while let Some(Ok(message)) = socket.next().await {
            match message {
                Message::Text(text) => seen.push(serde_json::from_str::<Value>(&text).unwrap()),
                Message::Binary(pcm) => bytes += pcm.len(),
                _ => {}
            }
            if seen.last().is_some_and(|frame| frame["type"] == "reply_end") {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, conversation).await.expect("an answer");
    assert_eq!(seen[0]["type"], "ready");
    assert!(bytes > 32_000, "{bytes} bytes of audio");
}

#[tokio::test]
async fn beyond_the_loopback_browsers_are_told_to_come_by_tls_only() {
    let identity = Identity::new("tls-beyond");
    let server = identity.server(&[("HOST", "0.0.0.0"), ("ADMIN_TOKEN", "s3cret")]).await;
    let address = SocketAddr::from(([127, 0, 0, 1], server.address.port()));
    for path in ["/", "/healthz", "/login", "/nothing"] {
        let answer = get(address, &identity.certificate, path, "").await;
        assert!(answer.contains("strict-transport-security: max-age="), "{path}: {answer}");
    }
    let mut stream = connect(address, &identity.certificate).await.unwrap();
    let head = format!("POST /login HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n", address.port());
    stream.write_all(format!("{head}content-length: 12\r\n\r\ntoken=s3cret").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let cookie = answer.lines().find(|line| line.starts_with("set-cookie")).unwrap_or_else(|| panic!("{answer}"));
    assert!(cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn whoever_does_not_speak_tls_is_not_served() {
    let identity = Identity::new("tls-plain");
    let server = identity.server(&[("REQUEST_S", "1")]).await;
    for said in [&b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"[..], b"\x16\x03\x01", b""] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(said).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "still open after {said:?}");
        assert!(!answer.starts_with(b"HTTP"), "{said:?}");
    }
    let stranger = Identity::new("tls-stranger");
    assert!(connect(server.address, &stranger.certificate).await.is_err());
    assert!(get(server.address, &identity.certificate, "/healthz", "").await.contains("200 OK"));
}

#[test]
fn files_that_cannot_be_used_are_named_in_one_line() {
    let identity = Identity::new("tls-files");
    let other = Identity::new("tls-other");
    let empty = identity.folder.write("empty.pem", "nothing to see here\n").to_str().unwrap().to_owned();
    let broken = "-----BEGIN CERTIFICATE-----\n?????\n-----END CERTIFICATE-----\n";
    let broken = identity.folder.write("broken.pem", broken).to_str().unwrap().to_owned();
    let (certificate, key) = (identity.path("cert.pem"), identity.path("key.pem"));
    for (certificate, key, named) in [
        ("/nowhere/cert.pem", key.as_str(), "TLS_CERT=/nowhere/cert.pem: the file cannot be read"),
        (&empty, &key, "the file holds no certificate"),
        (&broken, &key, "the file is no PEM"),
        (&key, &key, "the file holds no certificate"),
        (&certificate, "/nowhere/key.pem", "TLS_KEY=/nowhere/key.pem: the file cannot be read"),
        (&certificate, &certificate, "the file holds no private key"),
        (&certificate, &other.path("key.pem"), "TLS_CERT and TLS_KEY cannot be used together"),
    ] {
        let environment = [("TLS_CERT", certificate), ("TLS_KEY", key)];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let error = Config::load(&Sources { environment, ..Sources::default() }).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[tokio::test]
#[cfg(unix)]
async fn a_hangup_reads_the_certificate_again() {
    let identity = Identity::new("tls-hangup");
    let files = identity.settings();
    let variables = [(files[0].0, files[0].1.as_str()), (files[1].0, files[1].1.as_str())];
    let (mut process, address) = crate::process::Process::start(&variables).await;
    get(address, &identity.certificate, "/healthz", "").await;
    let next = write(&identity.folder);
    process.signal("-HUP");
    let renewed = async { while connect(address, &next).await.is_err() {} };
    tokio::time::timeout(PATIENCE, renewed).await.expect("the new one is shown");
    assert!(connect(address, &identity.certificate).await.is_err());
    identity.folder.write("key.pem", "no key any more");
    process.signal("-HUP");
    process.until("the certificate stays as it was").await;
    get(address, &next, "/healthz", "").await;
    process.signal("-TERM");
    assert_eq!(process.end().await.0.code(), Some(0));
}
