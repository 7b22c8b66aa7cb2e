//! Events that cannot be read, planted in a real PostgreSQL.

use super::*;
use chrono::Utc;
use domain::{
    Actor, CommandId, Event, Location, Sku, StreamId, TenantId, Version,
    stock::{StockEvent, StockReceived},
};
use servers::SharedPostgres;
use std::error::Error;
use store::{
    Answer, Append, AppendOutcome, EventStore, NewEvent, PostgresOptions, PostgresStore,
    StreamAppend,
};
use uuid::Uuid;

type Tested<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Default)]
struct Heard {
    unreadable: Vec<Unreadable>,
    positions: u64,
}

impl Listener for Heard {
    fn unreadable(&mut self, event: &Unreadable) {
        self.unreadable.push(event.clone());
    }

    fn advanced(&mut self, positions: u64) {
        self.positions += positions;
    }
}

fn stream() -> Tested<StreamId> {
    let sku = Sku::parse("A")?;
    Ok(StreamId::stock(
        &TenantId::default(),
        &Location::default(),
        &sku,
    ))
}

/// Appends a delivery after `expected`, changed by `change`.
async fn append(
    store: &PostgresStore,
    expected: i64,
    change: impl FnOnce(&mut NewEvent),
) -> Tested<()> {
    let command_id = CommandId::new(Uuid::now_v7());
    let received = Event::Stock(StockEvent::from(StockReceived {
        receipt_id: Uuid::now_v7(),
        location: Location::default(),
        sku: Sku::parse("A")?,
        quantity: 1,
        reference: None,
    }));
    let mut event = NewEvent::of(command_id, 0, &received);
    change(&mut event);
    let append = Append {
        command_id,
        fingerprint: None,
        tenant: TenantId::default(),
        actor: Actor::parse("test")?,
        correlation_id: command_id.uuid(),
        causation_id: None,
        traceparent: None,
        occurred_at: Utc::now(),
        streams: vec![StreamAppend {
            stream: stream()?,
            expected: Version::new(expected),
            events: vec![event],
        }],
        answer: Answer::Accepted,
    };
    let done = store.append(&[append]).await?;
    assert!(
        matches!(done.as_slice(), [AppendOutcome::Done { .. }]),
        "{done:?}"
    );
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_is_named_with_its_place() -> Tested<()> {
    let database = SharedPostgres::database().await?;
    let options = PostgresOptions::new(database.url()).accept_data_loss();
    let store = PostgresStore::connect(options).await?;
    store.migrate().await?;
    append(&store, 0, |_| {}).await?;
    append(&store, 1, |event| event.schema_version = 77).await?;
    append(&store, 2, |event| event.event_type = "StockEvaporated").await?;
    append(&store, 3, |event| event.payload = br#"{"sku": 5}"#.to_vec()).await?;
    append(&store, 4, |_| {}).await?;

    let head = store.head().await?.position;
    let mut heard = Heard::default();
    let found = check(&store, (Position::ZERO, head), &mut heard).await?;
    let expected = Found {
        after: 0,
        until: 5,
        events: 5,
        unreadable: 3,
    };
    assert_eq!((found, heard.positions), (expected, 5));
    let stream = stream()?;
    let told: Vec<_> = heard
        .unreadable
        .iter()
        .map(|event| {
            assert_eq!(event.stream, stream.as_str());
            let type_and_version = (event.event_type.as_str(), event.schema_version);
            (event.position, event.version, type_and_version)
        })
        .collect();
    assert_eq!(
        told,
        [
            (2, 2, ("StockReceived", 77)),
            (3, 3, ("StockEvaporated", 1)),
            (4, 4, ("StockReceived", 1)),
        ]
    );
    assert_eq!(heard.unreadable[0].error, "unknown event StockReceived v77");
    let shape = &heard.unreadable[2].error;
    assert!(shape.contains("another shape: "), "{shape}");

    // What is before a position was looked at before.
    let mut heard = Heard::default();
    let found = check(&store, (Position::new(4), head), &mut heard).await?;
    assert_eq!((found.events, found.unreadable, heard.positions), (1, 0, 1));
    let found = check(&store, (head, head), &mut heard).await?;
    assert_eq!(found.events, 0);
    let beyond = check(&store, (Position::new(6), head), &mut heard).await;
    let error = beyond.err().map(|error| error.to_string());
    assert_eq!(
        error.as_deref(),
        Some("--after 6: the store ends at position 5; allowed: 0 to 5")
    );
    Ok(())
}
