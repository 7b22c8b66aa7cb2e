//! Stores with something in them, and targets.

use backup::{
    BackupError, BackupOptions, Restored, Target, Unwatched, Watch, Written, back_up, put_in,
    verify,
};
use chrono::{TimeDelta, Utc};
use domain::{
    Actor, CommandId, EventId, OrderId, Position, Refusal, RefusalKind, StreamId, TenantId, Version,
};
use std::sync::Arc;
use store::{
    Answer, Append, AppendOutcome, BackupSource, EventReader, EventStore, MemoryStore, NewEvent,
    PostgresOptions, PostgresReader, PostgresRestore, PostgresStore, RestoreTarget, StoredEvent,
    StreamAppend, SystemClock,
};
use uuid::Uuid;

/// How long records of commands count.
pub const KEPT: TimeDelta = TimeDelta::days(7);

pub fn memory() -> MemoryStore {
    MemoryStore::new(Arc::new(SystemClock), Uuid::new_v4())
}

/// An empty store in a database of its own.
pub struct Postgres {
    pub database: servers::TestDatabase,
    pub store: PostgresStore,
}

impl Postgres {
    pub async fn new() -> Self {
        let database = servers::SharedPostgres::database().await.unwrap();
        let options = PostgresOptions::new(database.url()).accept_data_loss();
        let store = PostgresStore::connect(options).await.unwrap();
        store.migrate().await.unwrap();
        Self { database, store }
    }

    pub fn options(&self) -> PostgresOptions {
        PostgresOptions::new(self.database.url()).accept_data_loss()
    }

    pub fn reader(&self) -> PostgresReader {
        self.store.reader()
    }

    pub async fn restore(&self) -> PostgresRestore {
        PostgresRestore::connect(self.options()).await.unwrap()
    }

    /// All rows of events and of records of commands, as text.
    pub async fn rows(&self) -> Vec<String> {
        let pool = sqlx::PgPool::connect(self.database.url()).await.unwrap();
        let mut rows: Vec<String> =
            sqlx::query_scalar("SELECT e::text FROM store.events AS e ORDER BY position")
                .fetch_all(&pool)
                .await
                .unwrap();
        let records: Vec<String> =
            sqlx::query_scalar("SELECT c::text FROM store.commands AS c ORDER BY command_id")
                .fetch_all(&pool)
                .await
                .unwrap();
        rows.extend(records);
        rows
    }

    pub async fn execute(&self, sql: &'static str) {
        let pool = sqlx::PgPool::connect(self.database.url()).await.unwrap();
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    }
}

fn stream(nr: u64) -> StreamId {
    StreamId::order(
        &TenantId::default(),
        OrderId::new(Uuid::from_u128(u128::from(nr) + 1)),
    )
}

/// Commands of all kinds over a few streams, the `from`-th to the one before the `to`-th: with events in
/// one stream or two, with none, refused, with payloads that are written oddly.
pub async fn fill(store: &dyn EventStore, from: u64, to: u64) -> Vec<Append> {
    let mut done = vec![];
    for nr in from..to {
        let streams = match nr % 5 {
            0 => vec![(stream(nr % 7), 2), (stream(nr % 7 + 7), 1)],
            1 => vec![(stream(nr % 7), 0)],
            _ => vec![(stream(nr % 7), 1)],
        };
        let refused = nr % 5 == 1 && nr % 2 == 0;
        let append = append(store, nr, streams, refused).await;
        let outcomes = store.append(std::slice::from_ref(&append)).await.unwrap();
        assert!(
            matches!(outcomes[..], [AppendOutcome::Done { .. }]),
            "{outcomes:?}"
        );
        done.push(append);
    }
    done
}

async fn append(
    store: &dyn EventStore,
    nr: u64,
    streams: Vec<(StreamId, usize)>,
    refused: bool,
) -> Append {
    let command_id = CommandId::new(Uuid::new_v4());
    let (mut index, mut appends) = (0, vec![]);
    for (stream, count) in streams {
        let from = [(stream.clone(), Version::ZERO)];
        let there = store.read_streams(&from, usize::MAX).await.unwrap().len();
        let events = (0..count).map(|_| {
            index += 1;
            NewEvent {
                id: EventId::of(command_id, index),
                event_type: "Tested",
                schema_version: 1,
                payload: payload(nr),
            }
        });
        appends.push(StreamAppend {
            stream,
            expected: Version::ZERO.plus(there),
            events: events.collect(),
        });
    }
    let refusal = || Refusal::new(RefusalKind::State, "TESTED", "so that it is remembered: ä");
    Append {
        command_id,
        fingerprint: nr.is_multiple_of(3).then_some([nr as u8; 32]),
        tenant: TenantId::default(),
        actor: Actor::parse("test").unwrap(),
        correlation_id: Uuid::new_v4(),
        causation_id: nr.is_multiple_of(4).then(|| EventId::new(Uuid::new_v4())),
        traceparent: nr
            .is_multiple_of(2)
            .then(|| "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        occurred_at: Utc::now(),
        streams: appends,
        answer: match refused {
            true => Answer::Refused(refusal()),
            false => Answer::Accepted,
        },
    }
}

fn payload(nr: u64) -> Vec<u8> {
    match nr % 6 {
        0 => format!("{{\n  \"nr\": {nr}\n}}"),
        1 => format!(r#" {{"nr":{nr}.50}} "#),
        2 => "null".to_owned(),
        3 => format!(r#"{{"text":"{}"}}"#, Uuid::new_v4()),
        _ => format!(r#"{{"nr":{nr},"a":"\u00e4\n"}}"#),
    }
    .into_bytes()
}

/// All events.
pub async fn events(reader: &dyn EventReader) -> Vec<StoredEvent> {
    let (mut events, mut end) = (vec![], Position::ZERO);
    loop {
        let page = reader.read_all(end, 1_000).await.unwrap();
        let Some(last) = page.last() else {
            return events;
        };
        end = last.envelope.position;
        events.extend(page);
    }
}

/// Whether `store` has `expected`, positions aside.
pub async fn has_events(store: &dyn EventReader, expected: &[StoredEvent]) {
    let mut got = events(store).await;
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter_mut().zip(expected) {
        got.envelope.position = expected.envelope.position;
        assert_eq!(got, expected);
    }
}

/// Whether each of `commands`, put to both again, is answered the same, and does nothing.
pub async fn answer_the_same(one: &dyn EventStore, other: &dyn EventStore, commands: &[Append]) {
    for command in commands {
        let command = std::slice::from_ref(command);
        let first = one.append(command).await.unwrap().remove(0);
        let second = other.append(command).await.unwrap().remove(0);
        let (AppendOutcome::Duplicate(mut first), AppendOutcome::Duplicate(second)) =
            (first, second)
        else {
            panic!("it is done again");
        };
        // Each store's own.
        (first.recorded_at, first.position) = (second.recorded_at, second.position);
        assert_eq!(first, second);
    }
}

/// Small blocks and segments, so that there are many.
pub fn small() -> BackupOptions {
    BackupOptions {
        keep_commands: KEPT,
        block_bytes: 3_000,
        segment_bytes: 1_500,
    }
}

/// A target in a directory that lasts as long as the first part of the answer.
pub fn directory() -> (tempfile::TempDir, Target) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup");
    let target = open(path.to_str().unwrap());
    (directory, target)
}

pub fn open(name: &str) -> Target {
    Target::open(name, true, |_| unreachable!("it is a directory")).unwrap()
}

pub async fn write(source: &dyn BackupSource, target: &Target) -> Written {
    back_up(source, target, &small(), &mut Unwatched)
        .await
        .unwrap()
}

/// Restores all of it.
pub async fn restore(
    source: &Target,
    into: &dyn RestoreTarget,
    keep_commands: TimeDelta,
    watch: &mut dyn Watch,
) -> Result<Restored, BackupError> {
    let put_in = put_in(source, into, keep_commands, "Tested", watch).await?;
    assert_eq!(
        put_in.told().len() as u64,
        verify(source, watch).await?.events
    );
    put_in.finish(into).await
}
