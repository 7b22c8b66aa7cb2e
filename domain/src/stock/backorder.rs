//! What follows for orders that wait for stock from whatever happens to it.
//!
//! There is one rule: nothing that is there is free while an order waits for it. Whatever comes in or is
//! given back is kept for those that wait, first come first served, in the same append as what made it
//! free. So the stock's own stream says at any version who has what, and who waits for what.

use super::{
    BackorderCovered, BackorderDropped, Backordered, CoverBackorders, Reservation, ReservationKey,
    Stock, StockEvent, evolve::evolve, state::MAX_WAITING,
};
use crate::{Location, Sku};

/// The most that one append covers of those that wait, over all the stocks that it is about.
const MAX_COVERED: usize = 500;

/// What happens to `stock` in all, where `events` happen to it: with what is said of those that wait.
pub fn with_backorders(stock: &Stock, events: Vec<StockEvent>) -> Vec<StockEvent> {
    with_backorders_among(1, stock, events)
}

/// The same, in an append that is about so many stocks: each covers its share. Where that is not all that
/// could be, the last of it says so, and it goes on by [`super::CoverBackorders`].
pub fn with_backorders_among(
    stocks: usize,
    stock: &Stock,
    events: Vec<StockEvent>,
) -> Vec<StockEvent> {
    let most = MAX_COVERED.checked_div(stocks).unwrap_or(1).max(1);
    let mut all = Vec::with_capacity(events.len());
    for event in events {
        all.extend(dropped(stock, &event));
        let late = late(stock, &event);
        let short = short(stock, &event);
        all.push(event);
        all.extend(late);
        all.extend(short);
    }
    if stock.backordered > 0 && all.iter().any(may_free) {
        let after = all.iter().fold(stock.clone(), evolve);
        if let Some((location, sku)) = all.last().map(named) {
            let covered = covered(&after, &location, &sku, most);
            all.extend(covered);
        }
    }
    all
}

/// Whether something may be free after it: only then is it looked for who gets it.
const fn may_free(event: &StockEvent) -> bool {
    match event {
        StockEvent::StockReserved(_)
        | StockEvent::StockReservationRejected(_)
        | StockEvent::ReservationCommitted(_)
        | StockEvent::StockQuarantined(_)
        | StockEvent::ReservationRaised(_)
        | StockEvent::BackorderLimitSet(_)
        | StockEvent::Backordered(_)
        | StockEvent::BackorderCovered(_)
        | StockEvent::BackorderExpired(_) => false,
        StockEvent::StockReceived(_)
        | StockEvent::StockAdjusted(_)
        | StockEvent::ReservationReleased(_)
        | StockEvent::ReservationExpired(_)
        | StockEvent::StockShipped(_)
        | StockEvent::StockRestocked(_)
        | StockEvent::ReservationReduced(_)
        | StockEvent::QuarantineCleared(_)
        | StockEvent::StockRecovered(_)
        | StockEvent::BackorderDropped(_) => true,
    }
}

/// What a reservation is not covered by when it is made.
fn late(stock: &Stock, event: &StockEvent) -> Option<StockEvent> {
    let StockEvent::StockReserved(reserved) = event else {
        return None;
    };
    let quantity = reserved.quantity.saturating_sub(stock.at_hand());
    (quantity > 0).then(|| {
        Backordered {
            order_id: reserved.order_id,
            epoch: reserved.epoch,
            location: reserved.location.clone(),
            sku: reserved.sku.clone(),
            quantity,
        }
        .into()
    })
}

/// Who waits once more, where a count falls below what is kept.
fn short(stock: &Stock, event: &StockEvent) -> Vec<StockEvent> {
    let StockEvent::StockAdjusted(adjusted) = event else {
        return vec![];
    };
    let missing = 0_i64.saturating_sub(stock.free().saturating_add(adjusted.delta));
    let waits = |((order_id, epoch), quantity)| {
        Backordered {
            order_id,
            epoch,
            location: adjusted.location.clone(),
            sku: adjusted.sku.clone(),
            quantity,
        }
        .into()
    };
    taken_back(stock, missing).into_iter().map(waits).collect()
}

/// From whom what is missing is taken back, and how much of it: fewer than are missing, where no more of
/// what is kept can still be waited for within the limit.
///
/// Who waits for more is not packed yet, nor is who has not paid. Of those that wait, the last comes first;
/// then come the others, the youngest order first. What an order has all of, and which is confirmed, may
/// be in a parcel already.
pub(super) fn taken_back(stock: &Stock, missing: i64) -> Vec<(ReservationKey, i64)> {
    let may_wait = stock.backorder_limit.saturating_sub(stock.backordered);
    if missing <= 0 || may_wait <= 0 {
        return vec![];
    }
    let has = |key: &ReservationKey| {
        let known = stock.reservations.get(key);
        let has = known.map_or(0, |known| known.quantity.saturating_sub(known.waits_for));
        (*key, has)
    };
    let unpaid = stock.reservations.iter().rev();
    let unpaid = unpaid.filter(|(_, known)| !known.committed && known.waits_for == 0);
    let more = MAX_WAITING.saturating_sub(stock.waiting.len());
    let unpaid = unpaid.map(|(key, _)| has(key)).take(more);
    let mut left = missing.min(may_wait);
    let mut taken = vec![];
    for (key, has) in stock.waiting.iter().rev().map(has).chain(unpaid) {
        let quantity = has.min(left);
        if quantity > 0 {
            left -= quantity;
            taken.push((key, quantity));
        }
    }
    taken
}

/// What a reservation does not wait for any more, where less of it is kept: it first gives up what it
/// does not have.
fn dropped(stock: &Stock, event: &StockEvent) -> Option<StockEvent> {
    let (key, given_back, location, sku) = match event {
        StockEvent::ReservationReduced(event) => (
            (event.order_id, event.epoch),
            event.quantity,
            &event.location,
            &event.sku,
        ),
        StockEvent::ReservationReleased(event) => (
            (event.order_id, event.epoch),
            event.quantity,
            &event.location,
            &event.sku,
        ),
        StockEvent::ReservationExpired(event) => (
            (event.order_id, event.epoch),
            event.quantity,
            &event.location,
            &event.sku,
        ),
        _ => return None,
    };
    let waits_for = stock.reservations.get(&key)?.waits_for;
    let quantity = waits_for.min(given_back);
    (quantity > 0).then(|| {
        BackorderDropped {
            order_id: key.0,
            epoch: key.1,
            location: location.clone(),
            sku: sku.clone(),
            quantity,
            left: waits_for.saturating_sub(quantity),
        }
        .into()
    })
}

/// Covers on where that has not come to its end.
pub(super) fn cover(stock: &Stock, command: &CoverBackorders) -> Vec<StockEvent> {
    covered(stock, &command.location, &command.sku, MAX_COVERED)
}

/// Who gets what is free of those that wait: so many of them at most.
fn covered(stock: &Stock, location: &Location, sku: &Sku, most: usize) -> Vec<StockEvent> {
    let mut free = stock.free();
    let waiting = |key: &ReservationKey| {
        let known: Option<&Reservation> = stock.reservations.get(key);
        known.map(|known| (*key, known.waits_for))
    };
    let mut covered = vec![];
    let mut all = stock.waiting.iter().filter_map(waiting).peekable();
    while covered.len() < most
        && let Some(((order_id, epoch), waits_for)) = all.next()
    {
        let quantity = waits_for.min(free);
        if quantity <= 0 {
            break;
        }
        free -= quantity;
        let is_last = covered.len() + 1 == most;
        covered.push(
            BackorderCovered {
                order_id,
                epoch,
                location: location.clone(),
                sku: sku.clone(),
                quantity,
                left: waits_for - quantity,
                more: is_last && free > 0 && all.peek().is_some(),
            }
            .into(),
        );
    }
    covered
}

/// What an event is about, and where.
fn named(event: &StockEvent) -> (Location, Sku) {
    let (location, sku) = event.of();
    (location.clone(), sku.clone())
}

#[cfg(test)]
mod tests;
