//! The channel: a WebSocket down which commands come at once. Without it they come with heartbeats.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Upgraded;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::Control;
use crate::collector::schedule::random_fraction;
use crate::collector::stop::Stop;
use crate::collector::uplink::{Backoff, Client, ClientError};
use crate::limits::CHANNEL_SILENCE;

/// A channel that was open for so long was a good one.
const GOOD_LIFE: Duration = Duration::from_secs(10);

/// Keeps a channel open until the order to stop.
pub(super) async fn run(control: &Control, client: &Client, ordered: &Stop) {
    let mut backoff = Backoff::default();
    loop {
        let Some(opened) = ordered.or(client.open_channel()).await else { return };
        let pause = match opened {
            Ok(channel) => {
                tracing::debug!("the channel is open");
                let opened_at = Instant::now();
                if ordered.or(listen(control, channel)).await.is_none() {
                    return;
                }
                tracing::debug!("the channel is closed");
                if opened_at.elapsed() >= GOOD_LIFE {
                    backoff.succeeded();
                }
                backoff.pause(None, random_fraction())
            }
            Err(error) => {
                tracing::debug!(%error, "the channel cannot be opened");
                match error {
                    ClientError::Refused(_) | ClientError::Never(_) => {
                        Backoff::refused_pause(random_fraction())
                    }
                    ClientError::Later { retry_after, .. } => backoff.pause(retry_after, random_fraction()),
                    _ => backoff.pause(None, random_fraction()),
                }
            }
        };
        if ordered.or(sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// Takes commands until the channel ends or falls silent: the daemon sends a ping every few seconds.
async fn listen(control: &Control, mut channel: WebSocketStream<Upgraded>) {
    while let Ok(Some(Ok(message))) = timeout(CHANNEL_SILENCE, channel.next()).await {
        let Message::Text(text) = message else { continue };
        match serde_json::from_str(&text) {
            Ok(command) => control.take(vec![command]),
            // a daemon of a later release may say more
            Err(error) => tracing::debug!(%error, "a message on the channel is no command"),
        }
    }
}
