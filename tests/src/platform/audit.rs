//! After whatever was done to the platform: is everything there that was promised, once, and does
//! everything agree?

use super::{
    Acked, History, Platform, at_rest, eventually, projections_are_at, rebuild_equals_live, say,
};
use domain::{
    Event,
    order::{OrderEvent, Status},
    stock::StockEvent,
};
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
    what_left_has_one_label(platform, &history).await;
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
    // It may have been too late.
    let rejected: BTreeSet<String> = history
        .events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::Order(OrderEvent::CancellationRejected(event)) => {
                Some(event.order.order_id.to_string())
            }
            _ => None,
        })
        .collect();
    for order_id in &acked.cancelled {
        let (_, order) = orders[order_id];
        let as_told = match rejected.contains(order_id) {
            true => matches!(order.status, Status::Completed | Status::Cancelled),
            false => order.status == Status::Cancelled,
        };
        assert!(
            as_told,
            "order {order_id} was to be cancelled, and is {:?}",
            order.status
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
    let shipments: BTreeMap<String, Value> = history
        .shipments()
        .into_iter()
        .map(|parcel| {
            let row = serde_json::json!([
                parcel.status.as_str(),
                parcel.order_id.to_string(),
                parcel.amount.amount,
                parcel.tracking_number,
            ]);
            (parcel.shipment_id.to_string(), row)
        })
        .collect();
    let what = "the list of shipments is what the events come to";
    eventually(what, async || {
        let listed = platform.api.list("/v1/shipments").await?;
        let rows = listed.into_iter().map(|item| {
            let row = serde_json::json!([
                item["status"],
                item["order_id"],
                item["amount"]["amount"],
                item["tracking_number"],
            ]);
            let id = item["shipment_id"].as_str().unwrap_or_default().to_owned();
            (id, row)
        });
        same(&shipments, &rows.collect())
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
        if matches!(order.status, Status::Confirmed | Status::Completed) {
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

/// What orders hold is what confirmed orders bought and did not get yet; what is there came in and
/// has not left.
fn stock_is_conserved(history: &History) {
    let mut sold: BTreeMap<&str, i64> = BTreeMap::new();
    for (_, order) in history.orders().into_values() {
        if order.status == Status::Confirmed {
            for line in order.lines() {
                let open = order.open(line.line);
                *sold.entry(line.sku.as_str()).or_default() += open;
            }
        }
    }
    let mut moved: BTreeMap<&str, i64> = BTreeMap::new();
    for recorded in &history.events {
        let (sku, quantity) = match &recorded.event {
            Event::Stock(StockEvent::StockReceived(event)) => (&event.sku, event.quantity),
            Event::Stock(StockEvent::StockAdjusted(event)) => (&event.sku, event.delta),
            Event::Stock(StockEvent::StockRestocked(event)) => (&event.sku, event.quantity),
            Event::Stock(StockEvent::StockRecovered(event)) => (&event.sku, event.restocked),
            Event::Stock(StockEvent::QuarantineCleared(event)) => (&event.sku, event.restocked),
            _ => continue,
        };
        *moved.entry(sku.as_str()).or_default() += quantity;
    }
    for parcel in history.shipments() {
        if parcel.tracking_number.is_some() {
            for line in parcel.lines.iter() {
                *moved.entry(line.sku.as_str()).or_default() -= line.quantity;
            }
        }
    }
    for (sku, stock) in history.stock() {
        let of = |account: &BTreeMap<&str, i64>| account.get(sku.as_str()).copied();
        assert_eq!(
            (stock.reserved, stock.committed, stock.on_hand),
            (
                0,
                of(&sold).unwrap_or_default(),
                of(&moved).unwrap_or_default()
            ),
            "stock of {sku}: reserved, committed, on hand"
        );
    }
}

/// What is held, taken and given back of one currency.
#[derive(Debug, Default, PartialEq, Eq)]
struct Books {
    /// Set aside, or taken, and not given back.
    held: i64,
    captured: i64,
    refunded: i64,
    /// What cardholders have got by disputes.
    lost: i64,
}

/// What the provider holds is what confirmed orders cost, each once; what it took is what was packed;
/// and what it gave back is what was cancelled after that, or did not arrive.
async fn money_is_conserved(platform: &Platform, history: &History) {
    let payments = history.payments();
    let mut owed: BTreeMap<String, Books> = BTreeMap::new();
    let mut live = 0_u64;
    for (id, (_, order)) in history.orders() {
        let books = owed.entry(order.placed.currency.to_string()).or_default();
        let payment = payments.get(&id);
        let captured = payment.map_or(0, |payment| payment.captured());
        let refunded = payment.map_or(0, |payment| payment.refunded());
        let lost = payment.map_or(0, |payment| payment.lost());
        let total = order.placed.total;
        let arrived = order.lines().iter().all(|line| {
            let progress = order.progress(line.line);
            progress.delivered + progress.cancelled == line.quantity
        });
        let kept = match order.status {
            Status::Confirmed if captured > 0 => captured - refunded,
            Status::Confirmed => total,
            Status::Completed if arrived => order.worth_kept(),
            _ => 0,
        };
        if order.status == Status::Completed {
            let costs = captured - refunded - lost;
            assert_eq!(costs, (kept - lost).max(0), "order {id} has cost");
        }
        live += u64::from(kept > 0 || captured > 0);
        // Of what was lost nothing is held any more.
        books.held += (kept - lost).max(0);
        books.captured += captured;
        books.refunded += refunded;
        books.lost += lost;
    }
    let books = platform.provider.summary().await;
    let references = &books["references"];
    assert_eq!(
        references["live_repeatedly"], 0,
        "money is held twice: {references}"
    );
    for (currency, totals) in books["currencies"].as_object().into_iter().flatten() {
        let sum = |name: &str| totals[name].as_i64().expect("the provider counts");
        let theirs = Books {
            held: sum("authorized") - sum("voided") - sum("refunded") - sum("lost"),
            captured: sum("captured"),
            refunded: sum("refunded"),
            lost: sum("lost"),
        };
        let ours = owed.remove(currency).unwrap_or_default();
        assert_eq!(theirs, ours, "{currency} held");
    }
    assert!(
        owed.values().all(|books| *books == Books::default()),
        "the provider does not hold {owed:?}"
    );
    let count = |name: &str| books["counts"][name].as_u64().expect("the provider counts");
    assert_eq!(
        count("authorized") - count("voided"),
        live,
        "authorizations held"
    );
}

/// Each shipment that has left has a label of the carrier, and only one; and there are no others.
async fn what_left_has_one_label(platform: &Platform, history: &History) {
    let shipments = history.shipments();
    let left = shipments
        .iter()
        .filter(|parcel| parcel.tracking_number.is_some());
    let books = platform.provider.carrier_summary().await;
    assert_eq!(
        books["references"]["labelled_repeatedly"], 0,
        "shipments left twice: {books}"
    );
    let labels = books["counts"]["labels"].as_u64();
    assert_eq!(labels, Some(left.count() as u64), "labels: {books}");
}
