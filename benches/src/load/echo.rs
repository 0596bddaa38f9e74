//! A connection that is merely echoed: what the network, the server's thread and this program take without any agent.

use super::material::{FRAME, FRAME_MS};
use super::options::Load;
use super::record::milliseconds;
use super::socket::{Connecting, Refused, Socket};
use super::wire;
use std::time::Duration;
use tokio::time::Instant;

/// The path on which a server for benches echoes.
pub(super) const PATH: &str = "/echo";
/// How often a frame is sent to be echoed, at most.
pub(super) const EVERY: Duration = Duration::from_millis(50);
/// For one frame that is echoed so many are sent by users who talk, at least: the echoes are not what is to be measured.
const USERS_FRAMES: u32 = 20;
/// How long an echo may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often each of the echoes is to be sent while all users talk.
pub(super) fn among_users(load: &Load) -> Duration {
    let share = Duration::from_millis(FRAME_MS) * USERS_FRAMES * load.echoes as u32 / load.users.max(1) as u32;
    share.max(EVERY)
}

/// Times from sending a frame, one in every so long, to having it back, until `end`.
pub(super) async fn listen(load: &Load, index: usize, every: Duration, end: Instant) -> Result<Vec<f32>, Refused> {
    let connecting = Connecting { from: load.address(index), headers: load.headers.clone(), ..Connecting::default() };
    let server = load.servers[index % load.servers.len()];
    let mut socket = Socket::connect(server, PATH, &connecting).await?;
    let frame = wire::binary(&[0; 2 * FRAME]);
    // Spread over the time between two frames.
    let mut due = Instant::now() + every * (index as u32 % 16) / 16;
    let mut times = Vec::new();
    while due < end {
        tokio::time::sleep_until(due).await;
        let sent = Instant::now();
        socket.send(&frame).await.map_err(Refused::Failed)?;
        match tokio::time::timeout(PATIENCE, socket.receive()).await {
            Ok(Ok(Some(_))) => times.push(milliseconds(sent, Instant::now())),
            Ok(Ok(None)) | Err(_) => break,
            Ok(Err(error)) => return Err(Refused::Failed(error)),
        }
        due = (due + every).max(Instant::now());
    }
    Ok(times)
}
