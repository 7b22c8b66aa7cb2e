//! After whatever was done to the platform: is everything there that was promised, once, and does
//! everything agree?

use super::{
    Acked, History, Platform, at_rest, eventually, projections_are_at, rebuild_equals_live, say,
};
use domain::order::Status;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How many requests are sent again at the same time.
const AT_ONCE: usize = 16;

/// What was found, for people.
#[derive(Debug)]
pub struct Audit {
    /// How many orders there are.
    pub orders: usize,
    /// How many came to each end.
    pub by_status: BTreeMap<&'static str, usize>,
    /// How many events there are.
    pub events: usize,
}

/// Waits until all sagas have ended and the read models are up to date, and checks everything.
///
/// # Panics
/// When something is lost, doubled, unfinished, or does not agree.
pub async fn audit(platform: &Platform, acked: &Acked) -> Audit {
    // First: it is a write, though it must not change anything.
    let before = History::read(platform).await;
    every_acked_order_is_replayed(platform, acked).await;
    let history = at_rest(platform).await;
    assert_eq!(
        history.orders().keys().collect::<Vec<_>>(),
        before.orders().keys().collect::<Vec<_>>(),
        "orders came or went when requests were sent again"
    );
    acked_is_recorded_once(&history, acked);
    projections_are_at(&platform.database(), history.head()).await;
    read_models_are_the_fold(platform, &history).await;
    the_report_adds_up(platform, &history).await;
    stock_is_conserved(&history);
    money_is_conserved(platform, &history).await;
    rebuild_equals_live(platform).await;
    let mut by_status = BTreeMap::new();
    for (_, order) in history.orders().values() {
        *by_status.entry(order.status.as_str()).or_default() += 1;
    }
    let audit = Audit {
        orders: history.orders().len(),
        by_status,
        events: history.events.len(),
    };
    say(&format!("{} writes acknowledged; {audit:?}", acked.count()));
    audit
}

impl Acked {
    /// How many writes.
    pub fn count(&self) -> usize {
        self.orders.len() + self.notes.len() + self.cancelled.len()
    }
}

/// The same request under the same key: the same order, and no other.
async fn every_acked_order_is_replayed(platform: &Platform, acked: &Acked) {
    let replays = acked.orders.iter().map(|(key, body, order_id)| async move {
        let patience = Duration::from_secs(60);
        let answer = platform
            .api
            .insist(key, "/v1/orders", body, patience)
            .await?;
        match answer.status == 201 && answer.replayed() && answer.order_id() == *order_id {
            true => Ok(()),
            false => Err(format!("{key} placed {order_id}, and now: {}", answer.text)),
        }
    });
    let replayed: Result<(), String> = stream::iter(replays)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await;
    replayed.unwrap_or_else(|error| panic!("{error}"));
}

fn acked_is_recorded_once(history: &History, acked: &Acked) {
    use domain::{Event, order::OrderEvent};
    let orders = history.orders();
    let mut ids = BTreeSet::new();
    for (key, _, order_id) in &acked.orders {
        assert!(
            orders.contains_key(order_id),
            "order {order_id} of {key} is lost"
        );
        assert!(
            ids.insert(order_id),
            "two requests placed the order {order_id}"
        );
    }
    assert_eq!(
        ids.len(),
        orders.len(),
        "there are orders that nobody was told of"
    );
    let mut notes: BTreeMap<(String, String), usize> = BTreeMap::new();
    for recorded in &history.events {
        if let Event::Order(OrderEvent::NoteAdded(note)) = &recorded.event {
            let key = (note.order_id.to_string(), note.note_id.to_string());
            *notes.entry(key).or_default() += 1;
        }
    }
    for note in &acked.notes {
        assert_eq!(notes.get(note), Some(&1), "note {note:?}");
    }
    assert_eq!(
        notes.len(),
        acked.notes.len(),
        "there are notes that nobody was told of"
    );
    for order_id in &acked.cancelled {
        let (_, order) = orders[order_id];
        assert_eq!(
            order.status,
            Status::Cancelled,
            "order {order_id} was to be cancelled"
        );
    }
}

/// What the API lists is what the events come to, order by order and SKU by SKU.
async fn read_models_are_the_fold(platform: &Platform, history: &History) {
    let orders: BTreeMap<String, Value> = history
        .orders()
        .into_iter()
        .map(|(id, (_, order))| {
            let placed = &order.placed;
            let row = serde_json::json!([
                order.status.as_str(),
                placed.customer_id.as_str(),
                placed.total,
                placed.currency,
                placed.lines.len(),
            ]);
            (id, row)
        })
        .collect();
    eventually(
        "the list of orders is what the events come to",
        async || {
            let listed = platform.api.list("/v1/orders").await?;
            let count = listed.len();
            let rows = listed.into_iter().map(|item| {
                let row = serde_json::json!([
                    item["status"],
                    item["customer_id"],
                    item["total"]["amount"],
                    item["total"]["currency"],
                    item["line_count"],
                ]);
                (
                    item["order_id"].as_str().unwrap_or_default().to_owned(),
                    row,
                )
            });
            let rows: BTreeMap<String, Value> = rows.collect();
            if rows.len() != count {
                return Err(format!("{count} items, but {} orders", rows.len()));
            }
            same(&orders, &rows)
        },
    )
    .await;
    let stock: BTreeMap<String, Value> = history
        .stock()
        .into_iter()
        .map(|(sku, stock)| {
            let row = serde_json::json!([stock.on_hand, stock.reserved, stock.committed]);
            (sku, row)
        })
        .collect();
    eventually("the list of stock is what the events come to", async || {
        let listed = platform.api.list("/v1/stock").await?;
        let rows = listed.into_iter().map(|item| {
            let row = serde_json::json!([item["on_hand"], item["reserved"], item["committed"]]);
            (item["sku"].as_str().unwrap_or_default().to_owned(), row)
        });
        same(&stock, &rows.collect())
    })
    .await;
}

/// The sales report counts what the orders are worth.
async fn the_report_adds_up(platform: &Platform, history: &History) {
    let mut wanted: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
    for (_, order) in history.orders().into_values() {
        let (orders, total, confirmed) =
            wanted.entry(order.placed.currency.to_string()).or_default();
        *orders += 1;
        *total += order.placed.total;
        if order.status == Status::Confirmed {
            *confirmed += order.placed.total;
        }
    }
    for (currency, wanted) in wanted {
        eventually("the sales report is what the events come to", async || {
            let sales = platform.api.sales(&currency).await?;
            match sales == wanted {
                true => Ok(()),
                false => Err(format!("{sales:?}, should be {wanted:?}")),
            }
        })
        .await;
    }
}

fn same(wanted: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>) -> Result<(), String> {
    let differ = |key: &&String| wanted.get(*key) != found.get(*key);
    let keys: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let wrong: Vec<&String> = keys.into_iter().filter(differ).collect();
    match wrong.first() {
        None => Ok(()),
        Some(key) => Err(format!(
            "{} of {} differ; {key} should be {:?} and is {:?}",
            wrong.len(),
            wanted.len(),
            wanted.get(*key),
            found.get(*key)
        )),
    }
}

/// What orders hold is what confirmed orders bought.
fn stock_is_conserved(history: &History) {
    let mut sold: BTreeMap<&str, i64> = BTreeMap::new();
    for (_, order) in history.orders().into_values() {
        if order.status == Status::Confirmed {
            for line in &order.placed.lines {
                *sold.entry(line.sku.as_str()).or_default() += line.quantity;
            }
        }
    }
    for (sku, stock) in history.stock() {
        let committed = sold.get(sku.as_str()).copied().unwrap_or_default();
        assert_eq!(
            (stock.reserved, stock.committed),
            (0, committed),
            "stock of {sku}"
        );
    }
}

/// What the provider holds is what confirmed orders cost, each once.
async fn money_is_conserved(platform: &Platform, history: &History) {
    let mut owed: BTreeMap<String, i64> = BTreeMap::new();
    let mut confirmed = 0_u64;
    for (_, order) in history.orders().into_values() {
        if order.status == Status::Confirmed {
            confirmed += 1;
            *owed.entry(order.placed.currency.to_string()).or_default() += order.placed.total;
        }
    }
    let books = platform.provider.summary().await;
    let references = &books["references"];
    assert_eq!(
        references["live_repeatedly"], 0,
        "money is held twice: {references}"
    );
    for (currency, totals) in books["currencies"].as_object().into_iter().flatten() {
        let sum = |name: &str| totals[name].as_i64().expect("the provider counts");
        let held = sum("authorized") - sum("voided");
        assert_eq!(
            held,
            owed.remove(currency).unwrap_or_default(),
            "{currency} held"
        );
    }
    assert!(
        owed.values().all(|sum| *sum == 0),
        "the provider does not hold {owed:?}"
    );
    let count = |name: &str| books["counts"][name].as_u64().expect("the provider counts");
    assert_eq!(
        count("authorized") - count("voided"),
        confirmed,
        "authorizations held"
    );
}
