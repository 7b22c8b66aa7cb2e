//! The connection to the NATS servers.

use super::{JetStreamOptions, publish, stream, subscribe};
use crate::broker::{
    Acknowledgement, Broker, BrokerError, Duplicates, Holding, Message, Subscription,
};
use async_nats::{
    Client, ConnectOptions, Event, ToServerAddrs,
    connection::State,
    jetstream::{Context, context::ContextBuilder},
};
use async_trait::async_trait;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The longest time from one attempt to connect to the next.
const RECONNECT: Duration = Duration::from_secs(2);
/// The most commands that wait for the connection: a sender waits beyond that.
const COMMANDS: usize = 1_024;
/// The most messages that wait for a subscriber; what exceeds that is lost, and read elsewhere.
const MESSAGES: usize = 16_384;

/// A stream of a NATS JetStream server, or of a cluster of them.
#[derive(Debug, Clone)]
pub struct JetStream {
    pub(super) context: Context,
    pub(super) client: Client,
    pub(super) options: Arc<JetStreamOptions>,
    /// The stream was found to be set up as the options say, or could not be.
    pub(super) set_up: Arc<AtomicBool>,
}

impl JetStream {
    /// Connects to one of `servers`, now or as soon as one can be reached, as `connect` says (name,
    /// credentials, certificates). Fails only if what is asked for makes no sense.
    pub async fn connect(
        servers: impl ToServerAddrs,
        connect: ConnectOptions,
        options: JetStreamOptions,
    ) -> Result<Self, BrokerError> {
        let connected = connect
            .retry_on_initial_connect()
            .connection_timeout(options.timeout)
            .request_timeout(Some(options.timeout))
            .ping_interval(Duration::from_secs(10))
            .client_capacity(COMMANDS)
            .subscription_capacity(MESSAGES)
            .reconnect_delay_callback(|attempts| {
                let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
                RECONNECT.min(Duration::from_millis(50).saturating_mul(attempts))
            })
            .event_callback(tell)
            .connect(servers);
        let client = connected
            .await
            .map_err(|error| BrokerError::Refused(error.to_string()))?;
        Ok(Self {
            context: ContextBuilder::new()
                .timeout(options.timeout)
                .ack_timeout(options.timeout)
                .build(client.clone()),
            client,
            options: Arc::new(options),
            set_up: Arc::new(AtomicBool::new(false)),
        })
    }

    /// Whether there is a connection now.
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// How often there was a new connection: whatever was under way on an earlier one may be lost.
    pub(super) fn connects(&self) -> u64 {
        self.client.statistics().connects.load(Ordering::Relaxed)
    }

    /// Does `work` if there is a connection, within the time the server has.
    pub(super) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, BrokerError>>,
    ) -> Result<T, BrokerError> {
        if !self.is_connected() {
            return Err(BrokerError::Unavailable("there is no connection".into()));
        }
        // A request has this time by itself; sending it may take as long.
        tokio::time::timeout(self.options.timeout * 2, work)
            .await
            .unwrap_or_else(|_| Err(BrokerError::Unavailable("no answer in time".into())))
    }
}

#[async_trait]
impl Broker for JetStream {
    async fn look(&self) -> Result<Holding, BrokerError> {
        self.within(stream::look(self)).await
    }

    async fn publish(
        &self,
        message: &Message,
        after: u64,
        duplicates: Duplicates,
    ) -> Result<Acknowledgement, BrokerError> {
        self.within(publish::publish(self, message, after, duplicates))
            .await
    }

    async fn clear(&self, up_to: u64) -> Result<(), BrokerError> {
        self.within(stream::clear(self, up_to)).await
    }

    async fn subscribe(&self) -> Result<Subscription, BrokerError> {
        self.within(subscribe::subscribe(self)).await
    }
}

async fn tell(event: Event) {
    match event {
        Event::Connected => {
            metrics::counter!("nats_connects_total").increment(1);
            tracing::info!("connected to NATS");
        }
        Event::Disconnected => tracing::warn!("the connection to NATS is lost"),
        Event::SlowConsumer(_) => metrics::counter!("nats_slow_consumer_total").increment(1),
        other => tracing::debug!(event = %other, "NATS client: {other}"),
    }
}
