//! A rehearsal of a deployment: an older build has written events in their first shapes, this one is put
//! into service over the same database, folds them, and goes on.
//!
//! What the older build wrote are the golden files, put into the table by SQL: no code of this build has a
//! hand in it. A type that gets another version is rehearsed by itself.

use super::harness::{
    Database, Process, WithEach, database, events, fresh, leases, reaches, table, with_each,
};
use crate::{
    projection::Projection,
    projections::StockLevel,
    rebuild::{RebuildOptions, rebuild},
};
use domain::{
    Actor, Command, CommandEnvelope, CommandId, Event, OrderId, State, StreamId, TenantId, Version,
    order::{AddNote, Order, OrderCommand},
};
use futures::future::LocalBoxFuture;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
    sync::Arc,
};
use store::{
    Clock, EventReader, EventStore, SystemClock, Until, fold_stream,
    lane::{Lane, LaneOptions},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The order that golden files are about.
const ORDER: &str = "01923f00-0000-7000-8000-000000000001";

/// Its shipment.
const SHIPMENT: &str = "01bd46aa-1dee-553f-a674-4c9493993ca9";

/// What the others follow on.
const BEGINNINGS: [&str; 6] = [
    "CustomerRegistered",
    "OrderPlaced",
    "ProductListed",
    "ReturnRequested",
    "ShipmentCreated",
    "StockReceived",
];

/// An event as an older build stored it.
struct Stored {
    event_type: String,
    schema_version: i16,
    payload: String,
}

/// The id of another such thing, for a case after the first.
fn another(id: &str, nr: usize) -> String {
    match nr {
        0 => id.to_owned(),
        // These ids end with 1 and with 9: no second or third case is the first again.
        _ => format!("{}{:x}", &id[..35], nr + 1),
    }
}

/// All golden files of each type's first version, or of its last: placements first, so that the others
/// have something to be about.
fn golden(newest: bool) -> Vec<Stored> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/golden");
    let mut versions: BTreeMap<String, BTreeMap<i16, Vec<(String, String)>>> = BTreeMap::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut parts = name.split('.');
        let event_type = parts.next().unwrap().to_owned();
        let version = parts
            .next()
            .unwrap()
            .trim_start_matches('v')
            .parse()
            .unwrap();
        let payload = fs::read_to_string(&path).unwrap().trim_end().to_owned();
        let of_type = versions.entry(event_type).or_default();
        of_type.entry(version).or_default().push((name, payload));
    }
    let mut stored = vec![];
    for (event_type, versions) in versions {
        let chosen = match newest {
            true => versions.into_iter().next_back(),
            false => versions.into_iter().next(),
        };
        let (schema_version, mut files) = chosen.unwrap();
        assert!(
            newest || schema_version == 1,
            "{event_type} has no first version"
        );
        // The plain one first: it is the order that all the others are about.
        files.sort_by_key(|(name, _)| (name.split('.').count(), name.clone()));
        let files = files.into_iter().enumerate();
        stored.extend(files.map(|(nr, (_, payload))| Stored {
            // What begins a stream is written once: its other cases are others'.
            payload: match event_type.as_str() {
                "OrderPlaced" => payload.replacen(ORDER, &another(ORDER, nr), 1),
                "ShipmentCreated" => payload.replacen(SHIPMENT, &another(SHIPMENT, nr), 1),
                _ => payload,
            },
            event_type: event_type.clone(),
            schema_version,
        }));
    }
    let is_later = |stored: &Stored| !BEGINNINGS.contains(&stored.event_type.as_str());
    stored.sort_by_key(is_later);
    stored
}

/// The name of the stream that an older build had it in.
fn stream(stored: &Stored) -> String {
    let json: Value = serde_json::from_str(&stored.payload).unwrap();
    let text = |name: &str| match json[name].as_str().or(json["order"][name].as_str()) {
        Some(text) => text.to_owned(),
        None => ORDER.to_owned(),
    };
    let bytes = stored.payload.as_bytes();
    match Event::decode(&stored.event_type, stored.schema_version, bytes).unwrap() {
        Event::Order(_) => format!("order-main.{}", text("order_id")),
        Event::Payment(_) => format!("payment-main.{}", text("order_id")),
        Event::Shipment(_) => format!("shipment-main.{}", text("shipment_id")),
        Event::Return(_) => format!("return-main.{}", text("return_id")),
        Event::Customer(_) => format!("customer-main.{}", text("customer_id")),
        Event::Product(_) => format!("product-main.{}", text("sku")),
        Event::Stock(_) => {
            let location = json["location"].as_str().unwrap_or("main");
            format!("stock-main.{location}.{}", text("sku"))
        }
    }
}

/// Puts them into the table as they are.
async fn write(database: &Database, stored: &[Stored]) {
    let mut versions: HashMap<String, i64> = HashMap::new();
    for (nr, event) in stored.iter().enumerate() {
        let stream = stream(event);
        let version = versions.entry(stream.clone()).or_default();
        *version += 1;
        sqlx::query(
            "INSERT INTO store.events
             SELECT $1, $2, now(), now(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), NULL,
                    $3, $4, $5, 'main', 'an older build', NULL, $6::text::json",
        )
        .bind(i64::try_from(nr).unwrap() + 1)
        .bind(*version)
        .bind(event.schema_version)
        .bind(stream)
        .bind(&event.event_type)
        .bind(&event.payload)
        .execute(database.models.pool())
        .await
        .unwrap();
    }
}

fn order_id() -> OrderId {
    ORDER.parse().unwrap()
}

/// Does with an order what today's build does.
async fn go_on(database: &Database) {
    let (lane, work) = Lane::new(database.store.clone(), LaneOptions::default());
    let working = tokio::spawn(work.run(CancellationToken::new()));
    for nr in 1..4 {
        let id = CommandId::new(Uuid::from_u128(nr));
        let note = AddNote {
            note_id: id.uuid(),
            text: "written by today's build".into(),
        };
        let envelope = CommandEnvelope {
            id,
            fingerprint: None,
            tenant: TenantId::default(),
            actor: Actor::parse("today's build").unwrap(),
            correlation_id: id.uuid(),
            causation_id: None,
            traceparent: None,
            occurred_at: SystemClock.now(),
            expected: None,
            command: Command::Order(order_id(), OrderCommand::AddNote(note)),
        };
        lane.execute(envelope).await.unwrap();
    }
    drop(lane);
    working.await.unwrap();
}

/// Folds what is there, live; then after what today's build has added; and anew.
async fn keeps_up<P: Projection>(database: &Database, added: bool) {
    let (store, models) = (&database.store, &database.models);
    // First, since it names what cannot be folded.
    let expected = fresh::<P>(&**store).await;
    let process = Process::start::<P, _>(store.clone(), models.clone(), leases());
    reaches::<P>(models, store.head().await.unwrap().position).await;
    process.stop().await;
    assert!(!expected.is_empty(), "{} has nothing to fold", P::NAME);
    assert_eq!(table::<P>(models).await, expected, "{} live", P::NAME);
    if added {
        let options = RebuildOptions::default();
        rebuild::<P>(store.clone(), models, &options, Arc::new(|_| {}))
            .await
            .unwrap();
        assert_eq!(table::<P>(models).await, expected, "{} anew", P::NAME);
    }
}

async fn all_keep_up(database: &Database, added: bool) {
    struct KeepUp<'a>(&'a Database, bool);
    impl WithEach for KeepUp<'_> {
        type Done = ();
        fn with<P: Projection>(&self) -> LocalBoxFuture<'_, ()> {
            Box::pin(keeps_up::<P>(self.0, self.1))
        }
    }
    with_each(&KeepUp(database, added)).await;
}

/// The order as the API reads it.
async fn order(store: &dyn EventReader, until: Until) -> (i64, Option<String>) {
    let stream = StreamId::order(&TenantId::default(), order_id());
    let folded = fold_stream(store, &stream, until).await.unwrap();
    let State::Order(Order::Placed(placed)) = folded.state else {
        panic!("it is not placed");
    };
    let address = placed.placed.shipping_address.as_ref();
    (
        placed.placed.total,
        address.map(|sealed| sealed.as_str().to_owned()),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_first_build_wrote_is_folded_and_goes_on() {
    let database = database().await;
    let stored = golden(false);
    let kinds: std::collections::BTreeSet<&str> = stored
        .iter()
        .map(|stored| stored.event_type.as_str())
        .collect();
    assert_eq!(kinds, Event::types().collect(), "every type is rehearsed");
    write(&database, &stored).await;
    // Every one of them is read, as none would be that a reader stops at.
    assert_eq!(events(&*database.store).await.len(), stored.len());
    all_keep_up(&database, false).await;

    let (total, address) = order(&*database.store, Until::Version(Version::new(1))).await;
    assert_eq!(total, 1_769);
    let address = address.unwrap();
    assert!(
        address.starts_with("sealed:0:"),
        "plain once, and said so: {address}"
    );

    go_on(&database).await;
    let head = database.store.head().await.unwrap().position;
    assert_eq!(head.get(), i64::try_from(stored.len()).unwrap() + 3);
    all_keep_up(&database, true).await;
    assert_eq!(
        order(&*database.store, Until::End).await,
        (total, Some(address))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_and_newest_shapes_of_one_history_make_the_same_amounts() {
    let (older, newer) = (database().await, database().await);
    write(&older, &golden(false)).await;
    write(&newer, &golden(true)).await;
    for database in [&older, &newer] {
        all_keep_up(database, false).await;
    }
    let (total, _) = order(&*older.store, Until::Version(Version::new(1))).await;
    assert_eq!(total, 1_769);
    assert_eq!(
        fresh::<StockLevel>(&*older.store).await.len(),
        fresh::<StockLevel>(&*newer.store).await.len()
    );
    assert_eq!(newer.store.epoch(), None, "nobody appended");
}
