//! One question to the server over HTTP.

use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The JSON that `GET path` answers with.
///
/// # Errors
/// There is no answer within 10 s, or it is no JSON.
pub async fn get_json(server: SocketAddr, path: &str) -> io::Result<Value> {
    let ask = async {
        let mut stream = TcpStream::connect(server).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(serde_json::from_str(body)?)
    };
    tokio::time::timeout(PATIENCE, ask).await?
}
