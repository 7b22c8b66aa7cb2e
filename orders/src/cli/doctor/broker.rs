//! The broker, and how far its stream is.

use super::{
    PATIENCE,
    finding::{Finding, well, wrong},
    readers::{Kind, Reader},
    target::Bus,
};
use anyhow::Context;
use async_nats::{
    Client, HeaderMap,
    jetstream::{self, ErrorCode, context::GetStreamErrorKind, stream::Stream},
};
use std::str::FromStr;
use tokio::time::timeout;

/// The relay, as people know it.
const RELAY: &str = "relay to the broker";

/// Whether the broker is there, with JetStream.
pub(super) async fn look(bus: Option<&Bus>) -> Option<Finding> {
    let what = "broker";
    let Some(bus) = bus else {
        return Some(well(what, "none: readers follow the store itself"));
    };
    let advice = "start nats-server with JetStream (-js), or set ORDERS__BUS__URL";
    let looked = timeout(PATIENCE, async {
        let client = async_nats::connect(bus.url.as_str())
            .await
            .context("it cannot be reached")?;
        let version = client.server_info().version;
        let stream = stream(client, bus).await;
        let stream = stream.context("JetStream does not answer; it may not be enabled")?;
        anyhow::Ok((stream.is_some(), format!("nats-server {version}")))
    });
    Some(match looked.await {
        Ok(Ok((true, detail))) => well(what, detail),
        Ok(Ok((false, detail))) => wrong(
            what,
            format!("{detail} has no stream {}", bus.stream),
            "start the command service: its relay makes the stream, and fills it from the store",
        ),
        Ok(Err(error)) => wrong(what, format!("{error:#}"), advice),
        Err(_) => wrong(what, "it does not answer within 5 s", advice),
    })
}

/// The stream, if there is one.
async fn stream(client: Client, bus: &Bus) -> anyhow::Result<Option<Stream>> {
    match jetstream::new(client).get_stream(&bus.stream).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(error)
                if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            _ => Err(error.into()),
        },
    }
}

/// How far the relay has published: what the stream ends with.
pub(super) async fn relay(bus: &Bus) -> anyhow::Result<Reader> {
    timeout(PATIENCE, last(bus))
        .await
        .context("it does not answer within 5 s")?
}

async fn last(bus: &Bus) -> anyhow::Result<Reader> {
    let mut relay = Reader {
        kind: Kind::Relay,
        name: RELAY.into(),
        version: None,
        position: 0,
        epoch: None,
    };
    let client = async_nats::connect(bus.url.as_str()).await?;
    let Some(stream) = stream(client, bus).await? else {
        return Ok(relay);
    };
    let state = &stream.cached_info().state;
    if state.messages > 0 {
        let message = stream.get_raw_message(state.last_sequence).await?;
        relay.position = header(&message.headers, "Orders-Position")?;
        relay.epoch = Some(header(&message.headers, "Orders-Epoch")?);
    }
    Ok(relay)
}

fn header<T: FromStr>(headers: &HeaderMap, name: &str) -> anyhow::Result<T> {
    let value = headers
        .get(name)
        .and_then(|value| value.as_str().parse().ok());
    value.with_context(|| format!("the stream's last message has no {name}"))
}
