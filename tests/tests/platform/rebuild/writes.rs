//! A rebuild while others write, without a live read model: this alone has to bring what they write.

use chrono::Utc;
use domain::{
    Actor, CommandId, Event, Location, Sku, StreamId, TenantId, Version,
    stock::{StockEvent, StockReceived},
};
use projector::{
    PostgresReadModels,
    rebuild::{RebuildOptions, rebuild_by_name},
    verify::{VerifyOptions, verify_by_name},
};
use servers::SharedPostgres;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use store::{
    Answer, Append, EventReader, EventStore, NewEvent, PostgresOptions, PostgresStore, StreamAppend,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const NAME: &str = "stock_level";

/// What is received `nr`th, of one of ten.
fn received(nr: i64) -> Append {
    let command_id = CommandId::new(Uuid::now_v7());
    let sku = Sku::parse(&format!("W-{}", nr % 10)).expect("it is a SKU");
    let stream = StreamId::stock(&TenantId::default(), &Location::default(), &sku);
    let event = Event::Stock(StockEvent::from(StockReceived {
        receipt_id: Uuid::now_v7(),
        location: Location::default(),
        sku,
        quantity: 1,
        reference: None,
    }));
    Append {
        command_id,
        fingerprint: None,
        tenant: TenantId::default(),
        actor: Actor::parse("test").expect("it is one"),
        correlation_id: command_id.uuid(),
        causation_id: None,
        traceparent: None,
        occurred_at: Utc::now(),
        streams: vec![StreamAppend {
            stream,
            expected: Version::new(nr / 10),
            events: vec![NewEvent::of(command_id, 0, &event)],
        }],
        answer: Answer::Accepted,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_while_others_write_misses_nothing() {
    #[cfg(planted)]
    store::planted::choose_named();
    let database = SharedPostgres::database().await.expect("there is one");
    let options = PostgresOptions::new(database.url()).accept_data_loss();
    let store = PostgresStore::connect(options).await.expect("it answers");
    store.migrate().await.expect("it is migrated");
    let store = Arc::new(store);
    let models = PostgresReadModels::connect(database.url(), 4).await;
    let models = models.expect("they can be reached");
    let first: Vec<Append> = (0..1_000).map(received).collect();
    store.append(&first).await.expect("it is appended");

    let done = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (store, done) = (store.clone(), done.clone());
        async move {
            let mut nr = 1_000;
            while !done.load(Ordering::Relaxed) {
                store.append(&[received(nr)]).await.expect("it is appended");
                nr += 1;
            }
        }
    });
    let reader: Arc<dyn EventReader> = store;
    let never = CancellationToken::new();
    for _ in 0..3 {
        let fold = RebuildOptions::default();
        rebuild_by_name(
            NAME,
            reader.clone(),
            &models,
            &fold,
            Arc::new(|_| {}),
            &never,
        )
        .await
        .expect("it is built anew");
        let verify = VerifyOptions::default();
        let found = verify_by_name(NAME, reader.clone(), &models, &verify, Arc::new(|_| {})).await;
        let found = found.expect("it can be verified");
        assert!(found.is_equal(), "{found:?}");
        assert!(found.position.get() > 1_000, "{found:?}");
    }
    done.store(true, Ordering::Relaxed);
    writer.await.expect("it ends");
}
