//! A running read API: its database, its event store (in memory), and a client.

use chassis::{
    Lifecycle, config::Settings, health::Health, http_client, layers, server,
    token::ConsistencyToken,
};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{Actor, CommandId, Event, OrderId, Position, StreamId, TenantId, Version};
use query::QueryApi;
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;
use servers::{SharedPostgres, TestDatabase};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, migrate::Migrator};
use std::{
    sync::{Arc, LazyLock, Mutex},
    time::{Duration, Instant},
};
use store::{
    Answer as CommandAnswer, Append, AppendOutcome, Clock, EventStore, MemoryStore, NewEvent,
    StreamAppend, SystemClock,
};
use uuid::Uuid;
use vault::Vault;

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/read");

pub const EPOCH: Uuid = Uuid::from_u128(0xe0c4);
/// What has sealed what is personal.
pub static VAULT: LazyLock<Vault> = LazyLock::new(Vault::in_memory);

const PATIENCE: Duration = Duration::from_secs(20);

/// A running read API; it ends with the test.
pub struct Stage {
    pub url: String,
    pub database: String,
    pub store: MemoryStore,
    pub clock: Arc<TestClock>,
    pub health: Health,
    pub api: QueryApi,
    client: reqwest::Client,
    lifecycle: Lifecycle,
    /// Where it is the one that made it.
    _database: Option<TestDatabase>,
}

/// A clock that is as far ahead of the machine's as it is told.
#[derive(Default)]
pub struct TestClock(Mutex<TimeDelta>);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl TestClock {
    pub fn set_ahead(&self, by: TimeDelta) {
        *self.0.lock().unwrap() = by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + *self.0.lock().unwrap()
    }
}

impl Stage {
    /// With the schema in place, and every projection at position 0.
    pub async fn new() -> Self {
        let stage = Self::with(|_| {}).await;
        stage.migrate().await;
        stage.checkpoint_all(0).await;
        stage
    }

    /// With an empty database.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let made = SharedPostgres::database().await.unwrap();
        let database = made.url().to_owned();
        let mut settings = Settings::default();
        settings.read.url = Some(SecretString::from(database.clone()));
        change(&mut settings);
        let clock = Arc::new(TestClock::default());
        let store = MemoryStore::new(clock.clone(), EPOCH);
        let mut stage = Self::start(settings, database, store, clock).await;
        stage._database = Some(made);
        stage
    }

    /// Another process over database and store of `first`.
    pub async fn joining(first: &Self) -> Self {
        let mut settings = Settings::default();
        settings.read.url = Some(SecretString::from(first.database.clone()));
        let (store, clock) = (first.store.clone(), first.clock.clone());
        Self::start(settings, first.database.clone(), store, clock).await
    }

    async fn start(
        settings: Settings,
        database: String,
        store: MemoryStore,
        clock: Arc<TestClock>,
    ) -> Self {
        let lifecycle = Lifecycle::new(Duration::from_secs(5));
        let health = Health::new(lifecycle.soft().clone());
        let reader = Arc::new(store.clone());
        let api =
            query::start(reader, VAULT.clone(), None, &settings, &lifecycle, &health).unwrap();
        let listener = server::bind(settings.http.address(0)).await.unwrap();
        let url = format!("http://{}", listener.address());
        let router = layers::wrap(query::router(api.clone()), &settings.http);
        let limits = (&settings.http).into();
        lifecycle.spawn_critical("http", server::serve(listener, router, &limits, &lifecycle));
        health.mark_started();
        Self {
            url,
            database,
            store,
            clock,
            health,
            api,
            client: http_client::loopback()
                .build()
                .expect("a client can be made"),
            lifecycle,
            _database: None,
        }
    }

    pub async fn migrate(&self) {
        let mut migrations = Migrator::with_migrations(MIGRATIONS.iter().cloned().collect());
        migrations.set_ignore_missing(true);
        migrations.run(&mut self.connection().await).await.unwrap();
    }

    pub async fn connection(&self) -> PgConnection {
        PgConnection::connect(&self.database).await.unwrap()
    }

    /// Executes SQL of a test.
    pub async fn sql(&self, sql: &str) {
        let mut connection = self.connection().await;
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }

    pub async fn checkpoint(&self, projection: &str, position: i64, epoch: Uuid) {
        self.sql(&format!(
            "INSERT INTO read.checkpoint (name, version, position, store_epoch)
             VALUES ('{projection}', 1, {position}, '{epoch}')
             ON CONFLICT (name) DO UPDATE
             SET position = excluded.position, store_epoch = excluded.store_epoch"
        ))
        .await;
    }

    pub async fn checkpoint_all(&self, position: i64) {
        for projection in [
            "order_summary",
            "order_timeline",
            "order_process",
            "shipment_summary",
            "return_summary",
            "stock_level",
            "customer_summary",
            "sales_daily",
            "payments_daily",
        ] {
            self.checkpoint(projection, position, EPOCH).await;
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.timeout(PATIENCE).send().await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.json().await.unwrap(),
        }
    }

    /// Asks, and does not wait for the answer.
    pub async fn get_and_hang_up(&self, path: &str) {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = request.timeout(Duration::from_millis(100)).send().await;
        assert!(request.unwrap_err().is_timeout());
    }

    /// Asks until the answer is as wanted.
    pub async fn eventually(&self, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path).await;
            if wanted(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{path}: {answer:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Appends to one stream, at its version `expected`; the position of the last event.
    pub async fn append(&self, stream: StreamId, expected: i64, events: Vec<Event>) -> Position {
        let command_id = CommandId::new(Uuid::new_v4());
        let new = |(index, event)| NewEvent::of(command_id, index, event);
        let append = Append {
            command_id,
            fingerprint: None,
            tenant: TenantId::default(),
            actor: Actor::parse("test").unwrap(),
            correlation_id: command_id.uuid(),
            causation_id: None,
            traceparent: None,
            occurred_at: self.clock.now(),
            streams: vec![StreamAppend {
                stream,
                expected: Version::new(expected),
                events: events.iter().enumerate().map(new).collect(),
            }],
            answer: CommandAnswer::Accepted,
        };
        match self.store.append(&[append]).await.unwrap().as_slice() {
            [AppendOutcome::Done { position }] => *position,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.lifecycle.shut_down();
        self.lifecycle.hard().cancel();
    }
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:#}", self.body);
        self
    }

    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.body["code"], code, "{:#}", answer.body);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        answer
    }

    pub fn items(&self) -> &[Value] {
        let items = self.body["items"].as_array();
        items.unwrap_or_else(|| panic!("no items: {}", self.body))
    }

    /// A text of each item.
    pub fn each(&self, name: &str) -> Vec<String> {
        let text = |item: &Value| item[name].as_str().unwrap_or_default().to_owned();
        self.items().iter().map(text).collect()
    }

    pub fn cursor(&self, name: &str) -> Option<String> {
        self.body[name].as_str().map(str::to_owned)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A token for a position.
pub fn token(epoch: Uuid, position: u64) -> String {
    ConsistencyToken { epoch, position }.to_string()
}

pub fn order_stream(id: OrderId) -> StreamId {
    StreamId::order(&TenantId::default(), id)
}

pub fn payment_stream(id: OrderId) -> StreamId {
    StreamId::payment(&TenantId::default(), id)
}

/// The time some hours after a certain one, as the API writes it.
pub fn hour(hours: i64) -> DateTime<Utc> {
    let zero: DateTime<Utc> = "2010-12-01T00:00:00Z".parse().unwrap();
    (zero + TimeDelta::hours(hours)).trunc_subsecs(6)
}
