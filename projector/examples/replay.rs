//! How fast history is folded into `order_summary`, against what the database alone needs to copy the
//! events out and the resulting rows in.
//!
//! `replay URL [ORDERS]` fills the database at URL with ORDERS orders of four events each (once), and
//! measures. Use a database of its own.

use chrono::{TimeDelta, Utc};
use domain::{
    Actor, CommandId, Currency, CustomerId, EventId, Money, OrderId, Sealed, Sku, StreamId,
    TenantId, Version,
    order::{Line, OrderBrief, OrderConfirmed, OrderEvent, OrderPlaced},
    payment::{PaymentAuthorizationRequested, PaymentAuthorized, PaymentEvent},
};
use futures::TryStreamExt;
use projector::{
    PostgresReadModels,
    projections::{CustomerSummary, OrderSummary, OrderTimeline, SalesDaily, StockLevel},
    rebuild::{RebuildOptions, rebuild},
};
use sqlx::{Connection, Executor, PgConnection};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::{
    Answer, Append, EventReader, EventStore, NewEvent, PostgresOptions, PostgresStore, StreamAppend,
};
use uuid::Uuid;

/// As the service has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().expect("the URL of a database");
    let orders: u128 = arguments.next().map_or(Ok(250_000), |n| n.parse())?;
    let store = PostgresStore::connect(PostgresOptions::new(&url).accept_data_loss()).await?;
    store.migrate().await?;
    let models = PostgresReadModels::connect(&url, 4).await?;
    if store.head().await?.position.get() == 0 {
        fill(&store, orders).await?;
    }
    let store = Arc::new(store);
    let events = store.head().await?.position.get();
    let options = RebuildOptions {
        rows: 1_000_000,
        ..RebuildOptions::default()
    };
    let mut connection = PgConnection::connect(&url).await?;
    for _ in 0..3 {
        let reader: Arc<dyn EventReader> = store.clone();
        let rebuilt = rebuild::<OrderSummary>(reader, &models, &options, Arc::new(|_| {})).await?;
        let copies = copies(&mut connection).await?;
        say(&format!(
            "{events} events, {rows} rows: {took:.2?}; copies {copies:.2?}; ratio {ratio:.2}",
            rows = rebuilt.rows,
            took = rebuilt.took,
            ratio = copies.as_secs_f64() / rebuilt.took.as_secs_f64(),
        ));
    }
    macro_rules! others {
        ($($projection:ty),*) => {$(
            let reader: Arc<dyn EventReader> = store.clone();
            let rebuilt = rebuild::<$projection>(reader, &models, &options, Arc::new(|_| {})).await?;
            say(&format!("{}: {rebuilt:?}", stringify!($projection)));
        )*};
    }
    others!(OrderTimeline, StockLevel, CustomerSummary, SalesDaily);
    Ok(())
}

/// How long it takes to copy the events out to nowhere, and the rows into a fresh table without
/// indexes.
async fn copies(connection: &mut PgConnection) -> anyhow::Result<Duration> {
    let began = Instant::now();
    copy_out(connection, "COPY store.events TO STDOUT", |_| {}).await?;
    let out = began.elapsed();
    let mut rows = Vec::new();
    let keep = |row: &[u8]| rows.extend_from_slice(row);
    copy_out(connection, "COPY read.order_summary TO STDOUT", keep).await?;
    let table = "DROP TABLE IF EXISTS copied; CREATE TABLE copied (LIKE read.order_summary)";
    connection.execute(sqlx::raw_sql(table)).await?;
    let began = Instant::now();
    let mut copy = connection.copy_in_raw("COPY copied FROM STDIN").await?;
    for chunk in rows.chunks(256 << 10) {
        copy.send(chunk).await?;
    }
    copy.finish().await?;
    Ok(out + began.elapsed())
}

async fn copy_out(
    connection: &mut PgConnection,
    sql: &str,
    mut take: impl FnMut(&[u8]),
) -> anyhow::Result<()> {
    let mut out = connection.copy_out_raw(sql).await?;
    while let Some(row) = out.try_next().await? {
        take(&row);
    }
    Ok(())
}

async fn fill(store: &PostgresStore, orders: u128) -> anyhow::Result<()> {
    let mut batch = vec![];
    for n in 0..orders {
        batch.extend(order(n)?);
        if batch.len() >= 1_000 || n + 1 == orders {
            store.append(&batch).await?;
            batch.clear();
        }
    }
    Ok(())
}

/// The appends of one order's life, without its stock.
fn order(n: u128) -> anyhow::Result<Vec<Append>> {
    let tenant = TenantId::default();
    let order_id = OrderId::new(Uuid::from_u128(
        0x0192_0000_0000_7000_8000_0000_0000_0000 + n,
    ));
    let placed_at = Utc::now() - TimeDelta::seconds((n % 30_000_000) as i64);
    let lines = (1..=3)
        .map(|line| {
            Ok(Line {
                line,
                sku: Sku::parse(&format!("SKU-{}", (n + u128::from(line)) % 1_000))?,
                quantity: 2,
                unit_price: 250,
                discount: 0,
                order_discount: 0,
                tax_rate: None,
                tax: 0,
                total: 500,
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let brief = OrderBrief {
        order_id,
        customer_id: CustomerId::parse(&format!("c{}", n % 20_000))?,
        currency: Currency::parse("EUR")?,
        total: 1_500,
        placed_at,
    };
    let amount = Money::new(brief.total, brief.currency);
    let placed = OrderPlaced {
        order_id,
        customer_id: brief.customer_id.clone(),
        currency: brief.currency,
        lines,
        total: brief.total,
        tax_included: false,
        shipping_address: Some(Sealed::of_base64(&"c2VhbGVk".repeat(10))?),
        payment_method: "tok_approve".into(),
        reference: Some(format!("{n}")),
        placed_at,
    };
    let key = format!("main:{order_id}:authorize:1");
    let requested = PaymentAuthorizationRequested {
        order_id,
        amount,
        payment_method: "tok_approve".into(),
        attempt: 1,
        max_attempts: 3,
        idempotency_key: key,
    };
    let authorized = PaymentAuthorized {
        order_id,
        attempt: 1,
        authorization_id: format!("auth_{n}"),
        amount,
        expires_at: None,
    };
    let of_order = StreamId::order(&tenant, order_id);
    let of_payment = StreamId::payment(&tenant, order_id);
    let events = [
        (&of_order, 0, domain::Event::Order(OrderEvent::from(placed))),
        (
            &of_payment,
            0,
            domain::Event::Payment(PaymentEvent::from(requested)),
        ),
        (
            &of_payment,
            1,
            domain::Event::Payment(PaymentEvent::from(authorized)),
        ),
        (
            &of_order,
            1,
            domain::Event::Order(OrderEvent::from(OrderConfirmed { order: brief })),
        ),
    ];
    let appends = (0_u128..)
        .zip(events)
        .map(|(index, (stream, expected, event))| {
            let id = CommandId::new(Uuid::from_u128(n * 8 + index + 1));
            Ok(Append {
                command_id: id,
                fingerprint: None,
                tenant: tenant.clone(),
                actor: Actor::parse("service:bench")?,
                correlation_id: id.uuid(),
                causation_id: (index > 0).then(|| EventId::of(id, 9)),
                traceparent: None,
                occurred_at: placed_at,
                streams: vec![StreamAppend {
                    stream: stream.clone(),
                    expected: Version::new(expected),
                    events: vec![NewEvent::of(id, 0, &event)],
                }],
                answer: Answer::Accepted,
            })
        });
    appends.collect()
}

#[expect(clippy::print_stdout, reason = "what the example is for")]
fn say(text: &str) {
    println!("{text}");
}
