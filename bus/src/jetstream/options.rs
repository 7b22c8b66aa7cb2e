//! How the JetStream stream is set up.

use async_nats::jetstream::stream;
use std::time::Duration;

/// How the JetStream stream is set up, and how long its server may take.
#[derive(Debug, Clone)]
pub struct JetStreamOptions {
    /// The stream's name.
    pub stream: String,
    /// What subjects begin with: `{prefix}.{tenant}.{category}`.
    pub prefix: String,
    /// How many servers of a cluster keep it.
    pub replicas: usize,
    /// How long it keeps a message.
    pub max_age: Duration,
    /// How much it keeps, in bytes; the oldest messages make room.
    pub max_bytes: i64,
    /// For how long the server remembers event ids, against duplicates.
    pub duplicate_window: Duration,
    /// How long the server may take to answer, or to acknowledge a message.
    pub timeout: Duration,
    /// How often the server tells an idle subscriber that it is there; one that hears nothing for
    /// twice as long subscribes anew.
    pub heartbeat: Duration,
}

impl Default for JetStreamOptions {
    fn default() -> Self {
        Self {
            stream: "ORDERS_EVENTS".into(),
            prefix: "orders.events".into(),
            replicas: 1,
            max_age: Duration::from_hours(24),
            max_bytes: 1 << 30,
            duplicate_window: Duration::from_mins(2),
            timeout: Duration::from_secs(5),
            heartbeat: Duration::from_secs(1),
        }
    }
}

impl JetStreamOptions {
    /// The defaults for a stream of this name. Its subjects begin as it is called (`ORDERS_EVENTS`:
    /// `orders.events`), so that several platforms may share a server.
    pub fn named(stream: &str) -> Self {
        Self {
            stream: stream.into(),
            prefix: stream.to_lowercase().replace('_', "."),
            ..Self::default()
        }
    }

    /// All subjects of the stream.
    pub(super) fn subjects(&self) -> String {
        format!("{}.>", self.prefix)
    }

    /// Sets in a stream's configuration what these options are about.
    pub(super) fn configure(&self, mut config: stream::Config) -> stream::Config {
        config.name.clone_from(&self.stream);
        config.subjects = vec![self.subjects()];
        config.num_replicas = self.replicas;
        config.max_age = self.max_age;
        config.max_bytes = self.max_bytes;
        config.duplicate_window = self.duplicate_window.min(self.max_age);
        config.discard = stream::DiscardPolicy::Old;
        config
    }

    /// The configuration of a new stream.
    pub(super) fn new_stream(&self) -> stream::Config {
        self.configure(stream::Config {
            storage: stream::StorageType::File,
            retention: stream::RetentionPolicy::Limits,
            description: Some("Events of the event store, which keeps all of them".into()),
            ..stream::Config::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_begin_as_the_stream_is_called() {
        let usual = JetStreamOptions::default();
        assert_eq!(JetStreamOptions::named(&usual.stream).prefix, usual.prefix);
        assert_eq!(JetStreamOptions::named("ANOTHER").subjects(), "another.>");
    }
}
