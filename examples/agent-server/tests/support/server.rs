//! The server under test.

use super::{Client, Request};
use agent_server::{Config, Providers, Server, Sources};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use voice_core::testing::{FakeLlm, FakeStt, FakeTts};

/// A configuration of these settings, on a free port. A machine that is busy with other tests is no overload unless a test
/// says so.
pub fn settings(pairs: &[(&str, &str)]) -> Config {
    let all = [("PORT", "0"), ("MAX_LATE_MS", "0"), ("MAX_CPU_PERCENT", "0")];
    let all = all.iter().chain(pairs);
    let environment = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { environment, ..Sources::default() }).expect("the test's settings are right")
}

/// Providers that answer at once: any speech is "hello", the answer repeats the user's words, 10 ms a character.
pub fn fakes() -> Providers {
    let none = Duration::ZERO;
    Providers {
        stt: Some(Arc::new(FakeStt::new(none, ["hello"]))),
        llm: Some(Arc::new(FakeLlm::new(none, none, "You said {}."))),
        tts: Some(Arc::new(FakeTts::new(none, 16_000, Duration::from_millis(10)))),
        ..Providers::default()
    }
}

/// A running server. Dropping it kills it; [`stop`](Self::stop) lets it drain.
pub struct TestServer {
    pub address: SocketAddr,
    shutdown: Option<oneshot::Sender<()>>,
    running: JoinSet<()>,
}

impl TestServer {
    /// With fakes and these settings.
    pub async fn start(pairs: &[(&str, &str)]) -> Self {
        Self::with(&settings(pairs), fakes()).await
    }

    pub async fn with(config: &Config, providers: Providers) -> Self {
        let server = Server::bind(config, providers).await.expect("a free port");
        let address = server.address();
        let (shutdown, asked) = oneshot::channel();
        let mut running = JoinSet::new();
        running.spawn(server.run(async move {
            // A sender that was dropped is a test that ended.
            let _ = asked.await;
        }));
        Self { address, shutdown: Some(shutdown), running }
    }

    /// Begins the shutdown, as Ctrl-C does.
    pub fn shut_down(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            shutdown.send(()).expect("the server runs");
        }
    }

    /// Waits until the server has returned.
    pub async fn ended(mut self) {
        while self.running.join_next().await.transpose().expect("the server does not panic").is_some() {}
    }

    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.address, method, path)
    }

    /// The handshake of a WebSocket, as a request whose answer can be read whole where it is refused.
    pub fn handshake(&self) -> Request {
        self.get("/ws")
            .header("connection", "upgrade, close")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    /// A client that has connected and said nothing.
    pub async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// A client with a session, begun by this frame.
    pub async fn begin(&self, start: serde_json::Value) -> Client {
        let mut client = self.connect().await;
        client.send(start).await;
        client.ready().await;
        client
    }
}
