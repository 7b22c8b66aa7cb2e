//! Stock is conserved, always and in the end.

use super::{Wrong, history::History};
use domain::{
    Decider, Event, Location, OrderId, Sku,
    order::Status,
    shipment::ShipmentEvent,
    stock::{Stock, StockEvent, Stocks},
};
use std::collections::BTreeMap;

#[derive(Default)]
struct Account {
    stock: Stock,
    /// What came in, was corrected, left and came back.
    moved: i64,
}

pub(super) fn check(history: &History, wrong: &Wrong<'_>) {
    let mut accounts: BTreeMap<(Sku, Location), Account> = BTreeMap::new();
    for recorded in &history.events {
        let Event::Stock(event) = &recorded.event else {
            continue;
        };
        let (at, what) = event.of();
        let account = accounts.entry((what.clone(), at.clone())).or_default();
        account.moved += match event {
            StockEvent::StockReceived(event) => event.quantity,
            StockEvent::StockAdjusted(event) => event.delta,
            StockEvent::StockShipped(event) => -event.quantity,
            StockEvent::StockRestocked(event) => event.quantity,
            StockEvent::QuarantineCleared(event) => event.restocked,
            StockEvent::StockRecovered(event) => event.restocked,
            _ => 0,
        };
        let before = std::mem::take(&mut account.stock);
        // A limit is for what is promised from then on.
        let least = before.available().min(-before.backorder_limit);
        account.stock = Stocks::evolve(before, event);
        let stock = &account.stock;
        wrong.unless(stock.available() >= least, || {
            let place = recorded.envelope.position;
            format!("{} is promised twice at {place}: {stock:?}", sku(event))
        });
    }
    shipped_is_what_left(history, wrong);
    returned_is_what_came_back(history, wrong);
    let confirmed = confirmed(history);
    let mut all_held: BTreeMap<&Sku, BTreeMap<OrderId, i64>> = BTreeMap::new();
    for ((sku, _), account) in &accounts {
        let stock = &account.stock;
        wrong.unless(stock.on_hand == account.moved, || {
            format!("{sku}: {} on hand, {} moved", stock.on_hand, account.moved)
        });
        wrong.unless(stock.reserved == 0, || {
            format!("{sku}: {} are still reserved: {stock:?}", stock.reserved)
        });
        let held: i64 = stock.reservations.values().map(|held| held.quantity).sum();
        wrong.unless(held == stock.reserved + stock.committed, || {
            format!("{sku}: the reservations do not add up: {stock:?}")
        });
        let there = all_held.entry(sku).or_default();
        for ((order, _), held) in &stock.reservations {
            *there.entry(*order).or_default() += held.quantity;
        }
    }
    for (sku, held) in all_held {
        let promised = confirmed.get(sku);
        wrong.unless(held == promised.cloned().unwrap_or_default(), || {
            format!("{sku}: {held:?} are held, {promised:?} are promised")
        });
    }
}

/// What shipments took with them has left the stock, once.
fn shipped_is_what_left(history: &History, wrong: &Wrong<'_>) {
    type Left = BTreeMap<(OrderId, Sku), i64>;
    let (mut from_stock, mut in_shipments) = (Left::new(), Left::new());
    for recorded in &history.events {
        match &recorded.event {
            Event::Stock(StockEvent::StockShipped(event)) => {
                let key = (event.order_id, event.sku.clone());
                *from_stock.entry(key).or_default() += event.quantity;
            }
            Event::Shipment(ShipmentEvent::ShipmentDispatched(event)) => {
                for line in &event.lines {
                    let key = (event.order_id, line.sku.clone());
                    *in_shipments.entry(key).or_default() += line.quantity;
                }
            }
            _ => {}
        }
    }
    wrong.unless(from_stock == in_shipments, || {
        format!("{from_stock:?} has left the stock, {in_shipments:?} is in shipments")
    });
}

/// What was accepted of returns is in the stock, once: it can be sold again, or it cannot.
fn returned_is_what_came_back(history: &History, wrong: &Wrong<'_>) {
    type Back = BTreeMap<(OrderId, Sku), (i64, i64)>;
    let (mut in_stock, mut accepted) = (Back::new(), Back::new());
    for recorded in &history.events {
        match &recorded.event {
            Event::Stock(StockEvent::StockRestocked(event)) => {
                let key = (event.order_id, event.sku.clone());
                in_stock.entry(key).or_default().0 += event.quantity;
            }
            Event::Stock(StockEvent::StockQuarantined(event)) => {
                let key = (event.order_id, event.sku.clone());
                in_stock.entry(key).or_default().1 += event.quantity;
            }
            _ => {}
        }
    }
    for case in history.returns() {
        for seen in case.inspected.iter().flat_map(|lines| lines.iter()) {
            let line = case.lines.iter().find(|line| line.line == seen.line);
            let Some(line) = line.filter(|_| seen.accepted() > 0) else {
                continue;
            };
            let key = (case.order_id, line.sku.clone());
            let sums = accepted.entry(key).or_default();
            sums.0 += seen.restocked;
            sums.1 += seen.quarantined;
        }
    }
    wrong.unless(in_stock == accepted, || {
        format!("{in_stock:?} has come back to the stock, {accepted:?} was accepted")
    });
}

/// What confirmed orders were promised that has not left.
fn confirmed(history: &History) -> BTreeMap<Sku, BTreeMap<OrderId, i64>> {
    let mut promised: BTreeMap<Sku, BTreeMap<OrderId, i64>> = BTreeMap::new();
    let orders = history.orders().into_iter();
    for order in orders.filter(|order| order.status == Status::Confirmed) {
        for line in order.lines() {
            let open = order.open(line.line);
            if open > 0 {
                let of_sku = promised.entry(line.sku.clone()).or_default();
                *of_sku.entry(order.placed.order_id).or_default() += open;
            }
        }
    }
    promised
}

const fn sku(event: &StockEvent) -> &Sku {
    event.of().1
}
