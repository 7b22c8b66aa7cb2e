//! What a process says of the things that it cannot take traffic without.
//!
//! A reason is shown to whoever asks, so it says no more than what is wrong; the log has the causes.

use bus::JetStream;
use chassis::health::Health;
use std::{error::Error, sync::Arc};
use store::EventReader;

/// The process is ready only while the event store can be read.
pub fn needs_store(health: &Health, reader: Arc<dyn EventReader>) {
    health.register("store", move || {
        let reader = reader.clone();
        async move {
            reader.head().await.map(drop).map_err(|error| {
                let cause = error.source().map(ToString::to_string);
                tracing::debug!(%error, cause, "the event store cannot be checked");
                error.in_short().to_owned()
            })
        }
    });
}

/// The process is ready only while there is a connection to the broker.
pub(crate) fn needs_broker(health: &Health, broker: Arc<JetStream>) {
    health.register("broker", move || {
        let connected = broker.is_connected();
        async move {
            match connected {
                true => Ok(()),
                false => Err("there is no connection to NATS".to_owned()),
            }
        }
    });
}
