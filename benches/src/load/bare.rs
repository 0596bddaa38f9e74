//! The least that any server pays: a WebSocket read frame by frame, and Silero over what it brings. Nothing else.

use futures::StreamExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use voice_core::audio::pcm;
use voice_core::builtin::{SileroModel, SileroVad};
use voice_core::stage::Vad;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Serves until it is dropped.
pub(super) async fn serve(listener: TcpListener) -> Result<(), Failure> {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        connections.spawn(listen(stream));
    }
}

async fn listen(stream: TcpStream) -> Result<(), Failure> {
    let config = WebSocketConfig::default().read_buffer_size(4 << 10).write_buffer_size(4 << 10);
    let mut socket = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await?;
    let mut vad = SileroVad::new(SileroModel::embedded()?);
    let (mut samples, mut waiting) = (Vec::new(), Vec::new());
    while let Some(message) = socket.next().await {
        let message = message?;
        if !message.is_binary() {
            continue;
        }
        samples.clear();
        pcm::extend_from_bytes(&message.into_data(), &mut samples)?;
        waiting.extend(samples.iter().map(|sample| f32::from(*sample) / 32_768.0));
        while waiting.len() >= vad.window_len() {
            std::hint::black_box(vad.speech_probability(&waiting[..vad.window_len()])?);
            waiting.drain(..vad.window_len());
        }
    }
    Ok(())
}
