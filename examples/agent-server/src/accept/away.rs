//! Connections for which there is no place: each is told so, as long as that costs little.

use crate::admission::AGAIN_WHEN_FULL;
use crate::problem::whole_seconds;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that are told at once; further ones are closed without a word.
const MOST: usize = 64;
/// How long it may take to tell one.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tells clients that they have as many connections as they may.
#[derive(Clone)]
pub(super) struct Away(Arc<Semaphore>);

impl Away {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }

    /// The right to tell one more.
    pub(super) fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.0.clone().try_acquire_owned().ok()
    }
}

/// Answers whatever the client asks, and closes.
///
/// The request is read, if not looked at: a socket closed with unread data is reset, and its client would never see why.
pub(super) async fn refuse(mut stream: TcpStream, _turn: OwnedSemaphorePermit) {
    let body =
        r#"{"error":{"code":"too_many_connections","message":"this address has as many connections as it may"}}"#;
    let answer = format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncache-control: no-store\r\n\
         retry-after: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        whole_seconds(AGAIN_WHEN_FULL),
        body.len(),
    );
    let telling = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    // One that has gone, or is slow, has had its chance.
    let _ = tokio::time::timeout(PATIENCE, telling).await;
}
