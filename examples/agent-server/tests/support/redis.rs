//! A Redis of a test's own, on a free port, that keeps nothing on disk.
#![cfg(unix)]

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;

pub struct Redis {
    child: Child,
    port: u16,
    scheme: &'static str,
    directory: PathBuf,
    /// The other nodes of its cluster.
    peers: Vec<Redis>,
}

/// Keys of a cluster are spread over so many slots.
const SLOTS: usize = 16_384;
/// Nodes of a cluster that elects: fewer are none.
const NODES: usize = 3;

impl Redis {
    /// Starts one; `None`, after a line that says so, where it is not installed.
    pub async fn start() -> Option<Self> {
        Self::on(free_port(), &[]).await
    }

    /// A cluster, each node of which has a part of the keys.
    pub async fn start_cluster() -> Option<Self> {
        let mut nodes = Vec::new();
        for index in 0..NODES {
            // By itself Redis takes a port that is greater by 10,000, which may be none.
            let bus = free_port();
            let settings = ["--cluster-enabled", "yes", "--cluster-port", &bus.to_string()];
            let node = Self::on(free_port(), &settings).await?;
            let (from, to) = (index * SLOTS / NODES, (index + 1) * SLOTS / NODES - 1);
            node.cluster(&["ADDSLOTSRANGE", &from.to_string(), &to.to_string()]).await;
            nodes.push((node, bus));
        }
        let (mut first, _) = nodes.remove(0);
        for (node, bus) in nodes {
            first.cluster(&["MEET", "127.0.0.1", &node.port.to_string(), &bus.to_string()]).await;
            first.peers.push(node);
        }
        for node in first.nodes() {
            node.is_whole().await;
        }
        Some(first)
    }

    /// Waits until this node of a cluster knows all others, and what each has.
    async fn is_whole(&self) {
        for _ in 0..800 {
            let info = self.cluster(&["INFO"]).await;
            let text = redis::from_redis_value::<String>(info).unwrap();
            if text.contains("cluster_state:ok") && text.contains(&format!("cluster_size:{NODES}")) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the cluster does not come up");
    }

    async fn cluster(&self, arguments: &[&str]) -> redis::Value {
        redis::cmd("CLUSTER").arg(arguments).query_async(&mut self.connection().await).await.unwrap()
    }

    fn nodes(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.peers)
    }

    /// One that wants this password.
    pub async fn start_locked(password: &str) -> Option<Self> {
        Self::on(free_port(), &["--requirepass", password]).await
    }

    /// One that speaks TLS, with a certificate that it has signed itself.
    pub async fn start_tls() -> Option<Self> {
        let port = free_port();
        let directory = directory(port);
        std::fs::create_dir_all(&directory).unwrap();
        let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| directory.join(name));
        std::fs::write(&certificate, signed.cert.pem()).unwrap();
        std::fs::write(&key, signed.signing_key.serialize_pem()).unwrap();
        let [certificate, key] = [certificate, key].map(|path| path.to_str().unwrap().to_owned());
        let tls = ["--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-auth-clients", "no"];
        let mut redis =
            Self::with(port, &[&["--port", "0", "--tls-port", &port.to_string()][..], &tls].concat()).await?;
        redis.scheme = "rediss";
        Some(redis)
    }

    /// The certificate of one that speaks TLS.
    pub fn certificate(&self) -> String {
        self.directory.join("certificate.pem").to_str().unwrap().to_owned()
    }

    async fn on(port: u16, settings: &[&str]) -> Option<Self> {
        Self::with(port, &[&["--port", &port.to_string()], settings].concat()).await
    }

    async fn with(port: u16, settings: &[&str]) -> Option<Self> {
        let directory = directory(port);
        std::fs::create_dir_all(&directory).unwrap();
        let started = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(&directory)
            .args(settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = started else {
            eprintln!("skipped: redis-server is not installed");
            return None;
        };
        let redis = Self { child, port, scheme: "redis", directory, peers: Vec::new() };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Some(redis);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("redis-server does not listen");
    }

    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// Makes it hang, or go on.
    pub fn hang(&self, hangs: bool) {
        let signal = if hangs { "-STOP" } else { "-CONT" };
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Kills it; what it kept is lost.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again where it was.
    pub async fn start_again(&mut self) {
        let again = Self::on(self.port, &[]).await.expect("it was installed before");
        drop(std::mem::replace(self, again));
    }

    /// Everything that is kept, as text.
    pub async fn dump(&self) -> String {
        let mut dump = String::new();
        for node in self.nodes() {
            dump.push_str(&node.own_dump().await);
        }
        dump
    }

    async fn own_dump(&self) -> String {
        let mut connection = self.connection().await;
        let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
        let mut dump = String::new();
        for key in keys {
            let kind: String = redis::cmd("TYPE").arg(&key).query_async(&mut connection).await.unwrap();
            let fields: Vec<String> = match kind.as_str() {
                "hash" => redis::cmd("HGETALL").arg(&key).query_async(&mut connection).await.unwrap(),
                "zset" => redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).query_async(&mut connection).await.unwrap(),
                _ => Vec::new(),
            };
            dump.push_str(&format!("{key} {}\n", fields.join(" ")));
        }
        dump
    }

    pub async fn connection(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn directory(port: u16) -> PathBuf {
    std::env::temp_dir().join(format!("voice-agent-redis-{port}"))
}
