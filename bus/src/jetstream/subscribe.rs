//! An ordered subscription without acknowledgements, and without any healing of its own: whoever
//! reads it knows by the messages' positions what is missing, and subscribes anew.

use super::{JetStream, wire};
use crate::broker::{BrokerError, Subscription};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, ReplayPolicy, push};
use async_nats::jetstream::stream::ConsumerErrorKind;
use futures::StreamExt;
use std::time::Duration;

/// How long the server keeps a subscription that nobody listens to.
const ABANDONED: Duration = Duration::from_secs(10);

pub(super) async fn subscribe(jetstream: &JetStream) -> Result<Subscription, BrokerError> {
    let options = &jetstream.options;
    let config = push::Config {
        deliver_subject: jetstream.client.new_inbox(),
        deliver_policy: DeliverPolicy::Last,
        ack_policy: AckPolicy::None,
        replay_policy: ReplayPolicy::Instant,
        max_deliver: 1,
        flow_control: true,
        idle_heartbeat: options.heartbeat,
        inactive_threshold: ABANDONED,
        memory_storage: true,
        num_replicas: 1,
        ..push::Config::default()
    };
    let context = &jetstream.context;
    let consumer = context
        .create_consumer_on_stream(config, options.stream.as_str())
        .await
        .map_err(|error| match error.kind() {
            ConsumerErrorKind::JetStream(error) => BrokerError::Refused(error.to_string()),
            _ => BrokerError::Unavailable(error.to_string()),
        })?;
    let messages = consumer
        .messages()
        .await
        .map_err(|error| BrokerError::Unavailable(error.to_string()))?;
    Ok(messages
        .map(|message| match message {
            Ok(message) => {
                let message = message.message;
                wire::parse(message.headers.as_ref(), message.payload)
            }
            Err(error) => Err(BrokerError::Lost(error.to_string())),
        })
        .boxed())
}
