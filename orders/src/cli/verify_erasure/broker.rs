//! What was published, and is in the broker's stream still.

use super::{Check, Wanted, events::Seen};
use anyhow::{Context, anyhow};
use async_nats::jetstream::{self, consumer::pull::OrderedConfig};
use futures::StreamExt;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::time::timeout;

/// How long the next message may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn check(
    url: &SecretString,
    name: &str,
    wanted: &Wanted,
) -> anyhow::Result<Check> {
    let connecting = timeout(PATIENCE, async_nats::connect(url.expose_secret()));
    let client = connecting.await.context("NATS does not answer")?;
    let jetstream = jetstream::new(client.context("NATS cannot be reached")?);
    let stream = jetstream.get_stream(name).await;
    let stream = stream.with_context(|| format!("there is no stream {name}"))?;
    let mut seen = Seen::default();
    if stream.cached_info().state.messages > 0 {
        let consumer = stream.create_consumer(OrderedConfig::default()).await;
        let consumer = consumer.context("the stream cannot be read")?;
        let mut messages = consumer
            .messages()
            .await
            .context("the stream cannot be read")?;
        loop {
            let next = timeout(PATIENCE, messages.next()).await;
            let next = next.context("the stream does not go on")?;
            let message = next
                .context("the stream ended")?
                .context("the stream cannot be read")?;
            let info = message.info().map_err(|error| anyhow!("{error}"))?;
            let (sequence, pending) = (info.stream_sequence, info.pending);
            seen.take(wanted, &message.payload, || format!("message {sequence}"));
            if pending == 0 {
                break;
            }
        }
    }
    Ok(seen.into_check(&format!("messages of {name}"), wanted))
}
