//! What a WebSocket alone costs: every binary message goes back as it came. For benches.

use super::socket::{Incoming, Outgoing};
use futures::StreamExt;
use tokio_tungstenite::tungstenite::Message;
use voice_core::protocol::WireMessage;

/// Echoes until the connection ends.
pub(super) async fn serve((mut incoming, mut outgoing): (Incoming, Outgoing)) {
    while let Some(Ok(message)) = incoming.next().await {
        if let Message::Binary(bytes) = message
            && outgoing.message(WireMessage::Binary(bytes)).await.is_err()
        {
            return;
        }
    }
}
