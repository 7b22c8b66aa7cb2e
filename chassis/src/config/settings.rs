//! Every setting of the platform, each with its default, what is allowed and why it exists.

mod notification;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    rule::Rule,
    section::{Entry, SettingValue, section},
};

pub use notification::NotificationSettings;

/// The whole configuration of any service of the platform; each reads the sections it needs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// Listeners and limits of the HTTP servers.
    pub http: HttpSettings,
    /// The event store.
    pub store: StoreSettings,
    /// The database of the read models.
    pub read: ReadSettings,
    /// The way from the store to the readers.
    pub bus: BusSettings,
    /// Projections.
    pub projector: ProjectorSettings,
    /// Policies, timers, the payment provider and the carrier.
    pub saga: SagaSettings,
    /// The read API.
    pub query: QuerySettings,
    /// Logs and traces.
    pub telemetry: TelemetrySettings,
    /// Whose data this is.
    pub tenant: TenantSettings,
    /// The keys of what is personal.
    pub personal_data: PersonalDataSettings,
    /// What providers send by themselves.
    pub providers: ProviderSettings,
    /// Webhooks and e-mail.
    pub notification: NotificationSettings,
    /// What set each `section.key` that is not left to its default.
    #[serde(skip)]
    pub(super) set_by: BTreeMap<String, String>,
}

const PORT: Rule = Rule::Integer {
    min: 1,
    max: 65_535,
};
const POSTGRES: Rule = Rule::Url(&["postgres", "postgresql"]);
const STORE: Rule = Rule::Url(&[
    "postgres",
    "postgresql",
    "kurrentdb",
    "kurrentdb+discover",
    "kurrent",
    "kurrent+discover",
    "kdb",
    "kdb+discover",
    "esdb",
    "esdb+discover",
]);
const LEASE_MS: Rule = Rule::Integer {
    min: 1_000,
    max: 300_000,
};
const POLL_MS: Rule = Rule::Integer {
    min: 10,
    max: 60_000,
};

section! {
    /// Listeners and limits of the HTTP servers.
    HttpSettings in "http" {
        /// Address that the servers listen on; beyond this machine only with http.trust_network.
        bind: IpAddr = Ipv4Addr::LOCALHOST.into(), Rule::Address;
        /// Whether all who reach the servers from other machines are trusted to do everything, since
        /// there is no authentication: in a network of containers, behind a proxy that guards it.
        trust_network: bool = false, Rule::Flag;
        /// Port of the all-in-one process.
        port: u16 = 8080, PORT;
        /// Port of the command service.
        command_port: u16 = 8081, PORT;
        /// Port of the query service.
        query_port: u16 = 8082, PORT;
        /// Port of the projector (health, metrics, administration).
        projector_port: u16 = 8083, PORT;
        /// Port of the saga service (webhooks and e-mail, health, metrics, administration).
        saga_port: u16 = 8084, PORT;
        /// Port of the sandbox participants.
        sandbox_port: u16 = 8085, PORT;
        /// Largest request body, in bytes; a larger one is answered 413.
        max_body_bytes: usize = 1_048_576, Rule::Integer { min: 1_024, max: 67_108_864 };
        /// Bytes that the bodies of all requests in work may take together; what comes beyond is
        /// answered 503. At least one body of the largest size.
        max_bodies_bytes: usize = 67_108_864, Rule::Integer { min: 1_024, max: 1_099_511_627_776 };
        /// Time a client has to send the head of a request, in milliseconds.
        header_timeout_ms: u64 = 5_000, Rule::Integer { min: 10, max: 120_000 };
        /// Time a client has to send the body of a request, in milliseconds.
        body_timeout_ms: u64 = 10_000, Rule::Integer { min: 10, max: 600_000 };
        /// Time a connection may be idle between requests, in milliseconds.
        keep_alive_timeout_ms: u64 = 75_000, Rule::Integer { min: 10, max: 3_600_000 };
        /// Time after which an answer of which its client takes nothing is given up, in milliseconds.
        write_timeout_ms: u64 = 10_000, Rule::Integer { min: 10, max: 600_000 };
        /// Time a request may take, in milliseconds; then it is answered 503.
        request_timeout_ms: u64 = 30_000, Rule::Integer { min: 10, max: 600_000 };
        /// Connections open at once; further ones wait in the listener's queue. One in 32 serves a
        /// single request, so that idle ones lock nobody out. Each needs a file
        /// descriptor: at the start the soft limit is raised as far as it must and may be, and what
        /// does not fit is taken off here.
        max_connections: usize = 2_048, Rule::Integer { min: 1, max: 1_000_000 };
        /// Requests in work at once; further ones are answered 503 at once.
        max_in_flight: usize = 1_024, Rule::Integer { min: 1, max: 1_000_000 };
        /// Requests of one client (its address) per second in the long run; more are answered 429.
        /// 0: no limit.
        client_requests_per_s: u32 = 0, Rule::Integer { min: 0, max: 1_000_000 };
        /// Requests that one client may send at once before it must keep to that.
        client_burst: u32 = 200, Rule::Integer { min: 1, max: 1_000_000 };
        /// Time that running work has to finish after a stop signal, in seconds.
        shutdown_timeout_s: u64 = 30, Rule::Integer { min: 1, max: 3_600 };
    }
}

section! {
    /// The event store.
    StoreSettings in "store" {
        /// Where the events are: PostgreSQL, or KurrentDB from 26.1 on.
        url: SecretString = SecretString::from("postgres://127.0.0.1:5432/orders"), STORE;
        /// Whether readers in other processes are told of each batch: by a Postgres NOTIFY, or by a
        /// subscription to KurrentDB.
        notify: bool = false, Rule::Flag;
        /// Commands in one write at most.
        max_batch: usize = 256, Rule::Integer { min: 1, max: 10_000 };
        /// Commands that may wait for the writer; further ones are answered 503.
        queue: usize = 4_096, Rule::Integer { min: 1, max: 1_000_000 };
        /// Streams whose state the writer keeps in memory.
        cached_streams: usize = 20_000, Rule::Integer { min: 1, max: 10_000_000 };
        /// About how many bytes of memory these may take.
        cached_bytes: usize = 67_108_864, Rule::Integer { min: 1_048_576, max: 68_719_476_736 };
        /// Days that the answer to an Idempotency-Key is kept.
        command_record_days: u32 = 7, Rule::Integer { min: 1, max: 365 };
    }
}

section! {
    /// The database of the read models.
    ReadSettings in "read" {
        /// Where the read models are; absent: where the events are (store.url), which must be
        /// PostgreSQL then.
        url: Option<SecretString> = None, POSTGRES;
        /// Connections to it.
        pool_size: u32 = 8, Rule::Integer { min: 1, max: 1_000 };
    }
}

section! {
    /// The way from the store to the readers.
    BusSettings in "bus" {
        /// Address of NATS; absent: readers follow the store itself.
        url: Option<SecretString> = None, Rule::Url(&["nats", "tls"]);
        /// Name of the JetStream stream.
        stream: String = "ORDERS_EVENTS".to_owned(), Rule::Name { max: 64 };
        /// Copies of the stream in a NATS cluster.
        replicas: usize = 1, Rule::Integer { min: 1, max: 5 };
        /// Events that may be published and not yet acknowledged.
        publish_window: usize = 256, Rule::Integer { min: 1, max: 10_000 };
        /// Days that the stream keeps events; the store keeps them for ever.
        max_age_days: u64 = 7, Rule::Integer { min: 1, max: 3_650 };
        /// Bytes that the stream keeps at most.
        max_bytes: u64 = 1_073_741_824, Rule::Integer { min: 1_048_576, max: 1_099_511_627_776 };
    }
}

section! {
    /// Projections.
    ProjectorSettings in "projector" {
        /// Events in one transaction at most.
        batch: usize = 1_024, Rule::Integer { min: 1, max: 1_024 };
        /// Time after which a silent leader is replaced, in milliseconds.
        lease_ms: u64 = 10_000, LEASE_MS;
        /// Time between two looks for new events when nothing signals them, in milliseconds.
        poll_ms: u64 = 250, POLL_MS;
        /// Attempts after the first before an event that cannot be read or folded is parked with its
        /// sequence, and before a projection that cannot go on counts as failing: it goes on trying.
        max_retries: u32 = 5, Rule::Integer { min: 0, max: 100 };
        /// Sequences of a projection that may be parked; with more the projection halts, and nothing
        /// is skipped.
        max_parked: usize = 100, Rule::Integer { min: 0, max: 10_000 };
        /// Rows that rebuilds keep in memory, all that go on at once together; a read model with more
        /// is folded in several passes.
        rebuild_rows: usize = 250_000, Rule::Integer { min: 1_000, max: 100_000_000 };
        /// Whether the leader builds a read model anew whose rows are of an older version of its fold;
        /// otherwise it waits for `projector rebuild`.
        rebuild_on_new_version: bool = true, Rule::Flag;
        /// Time that the table which a rebuild replaced is kept for a rollback, in seconds; with 0 there
        /// is none.
        keep_replaced_s: u64 = 259_200, Rule::Integer { min: 0, max: 31_536_000 };
    }
}

section! {
    /// Policies, timers, the payment provider and the carrier.
    SagaSettings in "saga" {
        /// Where the sagas keep what they remember, if the events are in KurrentDB; absent: beside
        /// the events (store.url).
        url: Option<SecretString> = None, POSTGRES;
        /// Events in one round at most.
        batch: usize = 256, Rule::Integer { min: 1, max: 1_024 };
        /// Time after which a silent leader is replaced, in milliseconds.
        lease_ms: u64 = 10_000, LEASE_MS;
        /// Time between two looks for new events when nothing signals them, in milliseconds.
        poll_ms: u64 = 250, POLL_MS;
        /// Time that stock stays reserved for an order that is not confirmed, in seconds.
        reservation_ttl_s: u64 = 900, Rule::Integer { min: 1, max: 2_592_000 };
        /// Time that a paid order keeps its stock and its payment while a hold is on it, in seconds.
        hold_ttl_s: u64 = 259_200, Rule::Integer { min: 1, max: 31_536_000 };
        /// Address of the payment provider; sagas do not start without one, or without a sandbox.
        payment_url: Option<String> = None, Rule::Url(&["http", "https"]);
        /// Time one call to the payment provider may take, in milliseconds.
        payment_timeout_ms: u64 = 10_000, Rule::Integer { min: 10, max: 120_000 };
        /// Calls to the payment provider at once.
        payment_concurrency: usize = 64, Rule::Integer { min: 1, max: 10_000 };
        /// Attempts of one payment before it is given up.
        max_payment_attempts: u32 = 3, Rule::Integer { min: 1, max: 100 };
        /// Times after which an unknown payment outcome is asked for again, in seconds.
        inquiry_schedule_s: Vec<u64> = vec![30, 120, 600, 3_600],
            Rule::Integers { min: 1, max: 2_592_000, len: 20 };
        /// Times after which the provider is asked again to take what is packed, in seconds; after
        /// the last of them the order is cancelled.
        capture_retry_schedule_s: Vec<u64> = vec![3_600, 43_200, 86_400],
            Rule::Integers { min: 1, max: 2_592_000, len: 20 };
        /// Times after which what failed outside, or could not be written, is tried again, in seconds;
        /// after the last of them an operator must look.
        retry_schedule_s: Vec<u64> = vec![1, 5, 30, 120, 600, 3_600, 21_600, 57_600],
            Rule::Integers { min: 1, max: 2_592_000, len: 20 };
        /// Time before the end of an authorization in which it is authorized anew, once, in seconds.
        reauthorize_before_s: u64 = 86_400, Rule::Integer { min: 1, max: 2_592_000 };
        /// Address of the carrier; sagas do not start without one, or without a sandbox.
        carrier_url: Option<String> = None, Rule::Url(&["http", "https"]);
        /// Time one call to the carrier may take, in milliseconds.
        carrier_timeout_ms: u64 = 10_000, Rule::Integer { min: 10, max: 120_000 };
        /// Calls to the carrier at once.
        carrier_concurrency: usize = 16, Rule::Integer { min: 1, max: 10_000 };
        /// Calls to the payment provider, or to the carrier, that come to nothing before it is left
        /// alone for a while, if one more does.
        breaker_failures: u32 = 10, Rule::Integer { min: 1, max: 1_000 };
        /// How many of a hundred calls those must be: some payments take long, and nothing is wrong.
        breaker_share_percent: u32 = 50, Rule::Integer { min: 1, max: 100 };
        /// Time within which calls count, in seconds; at least three times what one may take.
        breaker_window_s: u64 = 30, Rule::Integer { min: 1, max: 3_600 };
        /// Time without any other answer after which one more call in vain is enough, in seconds: where
        /// little happens, there are never that many.
        breaker_silence_s: u64 = 20, Rule::Integer { min: 1, max: 3_600 };
        /// Time that orders wait for a payment provider that is away before they expire, in seconds.
        outage_ttl_s: u64 = 86_400, Rule::Integer { min: 0, max: 2_592_000 };
        /// Time that it is left alone, before one call tells whether it is back, in seconds.
        breaker_rest_s: u64 = 5, Rule::Integer { min: 1, max: 600 };
        /// Time that an order waits for somebody to see to what the carrier refused, in seconds; then
        /// it is cancelled.
        shipping_hold_ttl_s: u64 = 259_200, Rule::Integer { min: 1, max: 31_536_000 };
        /// Times after which the carrier is asked where a shipment is, in seconds; the last repeats.
        tracking_schedule_s: Vec<u64> = vec![14_400, 43_200, 86_400],
            Rule::Integers { min: 1, max: 2_592_000, len: 20 };
        /// Questions where a shipment is before an operator must look.
        tracking_times: u32 = 60, Rule::Integer { min: 1, max: 10_000 };
        /// Time that a return may take to arrive, in seconds, from when the customer may send it and
        /// again from when the customer has; then it is cancelled.
        return_ttl_s: u64 = 2_592_000, Rule::Integer { min: 1, max: 31_536_000 };
        /// Locations where stock is looked for, in this order: the first one that has all of an order sends
        /// it; where none has, several may (`saga.split_orders`). Orders that are placed later go by a change,
        /// others by what was set before.
        locations: Vec<String> = vec!["main".to_owned()], Rule::Slugs { max: 32, len: 16 };
        /// Whether an order that no location has all of is sent from several, in up to five parcels; else it
        /// is rejected, or waits where it may be backordered. Orders that are placed later go by a change.
        split_orders: bool = true, Rule::Flag;
        /// Time that a confirmed order waits for stock that is still to come, in seconds; then it is
        /// cancelled.
        backorder_ttl_s: u64 = 2_592_000, Rule::Integer { min: 1, max: 31_536_000 };
    }
}

section! {
    /// The read API.
    QuerySettings in "query" {
        /// Items on a page when the client does not say.
        default_limit: u32 = 50, Rule::Integer { min: 1, max: 1_000 };
        /// Items on a page at most.
        max_limit: u32 = 200, Rule::Integer { min: 1, max: 1_000 };
        /// Time that a read may wait for the caller's own write, in seconds.
        max_wait_s: u64 = 5, Rule::Integer { min: 0, max: 60 };
        /// Time that one query may take in the database, in milliseconds.
        statement_timeout_ms: u64 = 5_000, Rule::Integer { min: 10, max: 600_000 };
        /// Key that seals page cursors, the same in every process; absent: derived from read.url.
        cursor_key: Option<SecretString> = None, Rule::Secret { min: 32 };
    }
}

section! {
    /// Logs and traces.
    TelemetrySettings in "telemetry" {
        /// Which log lines are written.
        log: String = "info,sqlx=warn".to_owned(), Rule::LogFilter;
        /// How log lines look: json for programs, text for people.
        format: LogFormat = LogFormat::Json, Rule::OneOf(&["json", "text"]);
        /// Where traces are sent to, by OTLP over HTTP, without its path /v1/traces; absent: nowhere,
        /// and none are recorded.
        otlp_endpoint: Option<String> = None, Rule::Url(&["http", "https"]);
        /// Share of traces that are recorded, of those that begin here; what a caller has begun is
        /// recorded as the caller's traceparent says.
        sampling: f64 = 1.0, Rule::Share;
    }
}

section! {
    /// Whose data this is.
    TenantSettings in "tenant" {
        /// The tenant that every order of this installation belongs to.
        id: String = "main".to_owned(), Rule::Slug { max: 32 };
        /// Whether orders may name only products that are listed (`POST /v1/products`); else anything is
        /// taken that there is stock of.
        only_listed: bool = false, Rule::Flag;
        /// Time that an amendment of an order stays open that nobody applies, in seconds; then it expires.
        amendment_ttl_s: u32 = 86_400, Rule::Integer { min: 1, max: 31_536_000 };
    }
}

section! {
    /// The keys of what is personal.
    PersonalDataSettings in "personal_data" {
        /// What wraps the keys of customers, the same in command, query and saga, which do not start
        /// without it; `openssl rand -hex 32` makes one. Whoever loses it can read no address any more.
        master_key: Option<SecretString> = None, Rule::Key;
        /// The one before it, while some keys are still wrapped by that.
        former_master_key: Option<SecretString> = None, Rule::Key;
        /// Where the keys are; absent: where the sagas keep what they remember.
        url: Option<SecretString> = None, POSTGRES;
        /// Keys that a process keeps in memory at most.
        cached_keys: usize = 10_000, Rule::Integer { min: 1, max: 10_000_000 };
        /// Time that it keeps them, in seconds: so long an erasure takes to reach every process.
        cache_s: u64 = 60, Rule::Integer { min: 1, max: 3_600 };
    }
}

section! {
    /// What providers send by themselves.
    ProviderSettings in "providers" {
        /// What the payment provider signs with what it sends (Standard Webhooks): whsec_ and base64 of
        /// 24 to 64 bytes. Absent: nothing of it is believed.
        payment_webhook_secret: Option<SecretString> = None, Rule::WebhookSecret;
        /// The one before it, while the provider may still sign with that.
        former_payment_webhook_secret: Option<SecretString> = None, Rule::WebhookSecret;
        /// What the carrier signs with what it sends (Standard Webhooks): whsec_ and base64 of 24 to 64
        /// bytes. Absent: nothing of it is believed.
        carrier_webhook_secret: Option<SecretString> = None, Rule::WebhookSecret;
        /// The one before it, while the carrier may still sign with that.
        former_carrier_webhook_secret: Option<SecretString> = None, Rule::WebhookSecret;
        /// How old, or how far in the future, what they signed may be, in seconds.
        webhook_tolerance_s: u64 = 300, Rule::Integer { min: 1, max: 86_400 };
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object on each line.
    Json,
    /// For people.
    Text,
}

impl LogFormat {
    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
        }
    }
}

impl Settings {
    /// Where the read models are: `read.url`, or the store's own database.
    #[must_use]
    pub fn read_url(&self) -> &SecretString {
        self.read.url.as_ref().unwrap_or(&self.store.url)
    }

    /// Where the sagas keep what they remember: beside the events that it follows from, since
    /// leases and positions are of that one store, wherever the read models may be; in a database of
    /// their own, `saga.url`, only where the events are in none.
    #[must_use]
    pub fn saga_url(&self) -> &SecretString {
        self.saga.url.as_ref().unwrap_or(&self.store.url)
    }

    /// Where the keys of what is personal are: `personal_data.url`, or beside what the sagas remember.
    #[must_use]
    pub fn keys_url(&self) -> &SecretString {
        self.personal_data.url.as_ref().unwrap_or(self.saga_url())
    }

    /// Whether the events are in KurrentDB.
    #[must_use]
    pub fn store_is_kurrentdb(&self) -> bool {
        !self.store.url.expose_secret().starts_with("postgres")
    }

    /// What set `section.key`: an environment variable, or the path of the file. None where the
    /// default holds, or where code has set it since.
    #[must_use]
    pub fn set_by(&self, key: &str) -> Option<&str> {
        self.set_by.get(key).map(String::as_str)
    }

    /// Every setting with its current value, in the order of documentation.
    pub(super) fn entries(&self) -> Vec<Entry> {
        [
            self.http.entries(),
            self.store.entries(),
            self.read.entries(),
            self.bus.entries(),
            self.projector.entries(),
            self.saga.entries(),
            self.query.entries(),
            self.telemetry.entries(),
            self.tenant.entries(),
            self.personal_data.entries(),
            self.providers.entries(),
            self.notification.entries(),
        ]
        .concat()
    }
}

impl HttpSettings {
    /// The address to listen on with one of the section's ports.
    #[must_use]
    pub fn address(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.bind, port)
    }
}

/// Typed durations of the settings whose unit stands in their name.
macro_rules! durations {
    ($($section:ty { $($(#[doc = $doc:literal])+ $name:ident = $unit:ident($key:ident);)+ })+) => {
        $(impl $section {
            $(
                $(#[doc = $doc])+
                #[must_use]
                pub fn $name(&self) -> Duration {
                    Duration::$unit(self.$key)
                }
            )+
        })+
    };
}

durations! {
    HttpSettings {
        /// Time for the head of a request.
        header_timeout = from_millis(header_timeout_ms);
        /// Time for the body of a request.
        body_timeout = from_millis(body_timeout_ms);
        /// Time between requests on one connection.
        keep_alive_timeout = from_millis(keep_alive_timeout_ms);
        /// Time without progress for a client to take its answer.
        write_timeout = from_millis(write_timeout_ms);
        /// Time for a whole request.
        request_timeout = from_millis(request_timeout_ms);
        /// Time to finish running work when the process stops.
        shutdown_timeout = from_secs(shutdown_timeout_s);
    }
    PersonalDataSettings {
        /// Time that a key is kept in memory.
        cache_time = from_secs(cache_s);
    }
    ProjectorSettings {
        /// Time after which a silent leader is replaced.
        lease = from_millis(lease_ms);
        /// Time between two looks for new events.
        poll = from_millis(poll_ms);
        /// Time that what a rebuild replaced is kept for a rollback.
        keep_replaced = from_secs(keep_replaced_s);
    }
    SagaSettings {
        /// Time after which a silent leader is replaced.
        lease = from_millis(lease_ms);
        /// Time between two looks for new events.
        poll = from_millis(poll_ms);
        /// Time that stock stays reserved.
        reservation_ttl = from_secs(reservation_ttl_s);
        /// Time for one call to the payment provider.
        payment_timeout = from_millis(payment_timeout_ms);
        /// Time for one call to the carrier.
        carrier_timeout = from_millis(carrier_timeout_ms);
        /// Time within which calls that came to nothing count.
        breaker_window = from_secs(breaker_window_s);
        /// Time without another answer that is enough.
        breaker_silence = from_secs(breaker_silence_s);
        /// Time that orders wait for a provider that is away.
        outage_ttl = from_secs(outage_ttl_s);
        /// Time that a participant is left alone.
        breaker_rest = from_secs(breaker_rest_s);
    }
    ProviderSettings {
        /// How old what a provider signed may be.
        webhook_tolerance = from_secs(webhook_tolerance_s);
    }
    QuerySettings {
        /// Longest wait for the caller's own write.
        max_wait = from_secs(max_wait_s);
        /// Longest query in the database.
        statement_timeout = from_millis(statement_timeout_ms);
    }
}
