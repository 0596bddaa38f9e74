//! From the session to the client.

use super::socket::{Lost, Outgoing};
use crate::metrics::Metrics;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use voice_core::conversation::CloseReason;
use voice_core::host::{Connection, Delivery};
use voice_core::protocol::ServerFrame;

/// Why writing ended.
#[derive(Debug)]
pub(super) enum WriteEnd {
    /// The client takes no more.
    Lost,
    /// The session is over; the client knows.
    Over(CloseReason),
    /// The session broke down; the client knows.
    Broken,
}

/// Writes until the session or the connection ends, and asks the client every `ping` whether it is still there.
pub(super) async fn write(
    outgoing: &mut Outgoing,
    connection: &Connection,
    ping: Duration,
    metrics: &Metrics,
) -> WriteEnd {
    match deliver(outgoing, connection, ping, metrics).await {
        Ok(()) if connection.is_broken() => WriteEnd::Broken,
        // A session that ends without a word was stopped with the server.
        Ok(()) => WriteEnd::Over(connection.goodbye().unwrap_or(CloseReason::Drain)),
        Err(Lost) => WriteEnd::Lost,
    }
}

async fn deliver(
    outgoing: &mut Outgoing,
    connection: &Connection,
    ping: Duration,
    metrics: &Metrics,
) -> Result<(), Lost> {
    let mut pings = tokio::time::interval(ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.tick().await;
    loop {
        tokio::select! {
            delivery = connection.next() => match delivery {
                Some(delivery) => {
                    if let Delivery::Frame { frame: ServerFrame::Error { code, .. }, .. } = &delivery {
                        metrics.error_frame(*code);
                    }
                    outgoing.message(delivery.into_message()).await?;
                }
                None => return Ok(()),
            },
            _ = pings.tick() => outgoing.ping().await?,
        }
    }
}
