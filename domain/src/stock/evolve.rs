//! What events change in the stock of a SKU. Sums saturate: deciders keep them far from the limits,
//! and what was appended is never refused.

use super::{Ended, Reservation, ReservationKey, Stock, StockEvent};

pub(super) fn evolve(mut stock: Stock, event: &StockEvent) -> Stock {
    match event {
        StockEvent::StockReceived(event) => {
            stock.on_hand = stock.on_hand.saturating_add(event.quantity);
            stock.recent.insert(event.receipt_id);
        }
        StockEvent::StockAdjusted(event) => {
            stock.on_hand = stock.on_hand.saturating_add(event.delta);
            stock.recent.insert(event.adjustment_id);
        }
        StockEvent::StockReserved(event) => {
            let reservation = Reservation {
                quantity: event.quantity,
                ..Reservation::default()
            };
            stock
                .reservations
                .insert((event.order_id, event.epoch), reservation);
            stock.reserved = stock.reserved.saturating_add(event.quantity);
        }
        StockEvent::StockReservationRejected(event) => {
            stock
                .ended
                .insert((event.order_id, event.epoch), Ended::Rejected);
        }
        StockEvent::ReservationCommitted(event) => {
            let key = (event.order_id, event.epoch);
            if let Some(reservation) = stock.reservations.get_mut(&key)
                && !reservation.committed
            {
                reservation.committed = true;
                stock.reserved = stock.reserved.saturating_sub(reservation.quantity);
                stock.committed = stock.committed.saturating_add(reservation.quantity);
            }
        }
        StockEvent::ReservationReleased(event) => {
            let key = (event.order_id, event.epoch);
            end(&mut stock, key, Ended::Released);
        }
        StockEvent::ReservationExpired(event) => {
            let key = (event.order_id, event.epoch);
            end(&mut stock, key, Ended::Released);
        }
        StockEvent::StockShipped(event) => {
            stock.on_hand = stock.on_hand.saturating_sub(event.quantity);
            let key = (event.order_id, event.epoch);
            end(&mut stock, key, Ended::Shipped);
        }
        StockEvent::ReservationReduced(event) => {
            let key = (event.order_id, event.epoch);
            if let Some(reservation) = stock.reservations.get_mut(&key) {
                let held = match reservation.committed {
                    true => &mut stock.committed,
                    false => &mut stock.reserved,
                };
                *held = held.saturating_sub(event.quantity);
                reservation.quantity = event.left;
            }
            if event.left == 0 {
                end(&mut stock, key, Ended::Released);
            }
        }
        StockEvent::ReservationRaised(event) => {
            let key = (event.order_id, event.epoch);
            stock.ended.remove(&key);
            let none = Reservation {
                committed: event.committed,
                ..Reservation::default()
            };
            let reservation = stock.reservations.entry(key).or_insert(none);
            reservation.quantity = event.kept;
            let held = match reservation.committed {
                true => &mut stock.committed,
                false => &mut stock.reserved,
            };
            *held = held.saturating_add(event.quantity);
        }
        StockEvent::StockRestocked(event) => {
            stock.on_hand = stock.on_hand.saturating_add(event.quantity);
        }
        StockEvent::StockQuarantined(event) => {
            stock.quarantined = stock.quarantined.saturating_add(event.quantity);
        }
        StockEvent::StockRecovered(event) => {
            stock.on_hand = stock.on_hand.saturating_add(event.restocked);
            stock.quarantined = stock.quarantined.saturating_add(event.quarantined);
        }
        StockEvent::QuarantineCleared(event) => {
            let cleared = event.restocked.saturating_add(event.written_off);
            stock.quarantined = stock.quarantined.saturating_sub(cleared);
            stock.on_hand = stock.on_hand.saturating_add(event.restocked);
            stock.recent.insert(event.clearance_id);
        }
        StockEvent::BackorderLimitSet(event) => stock.backorder_limit = event.limit,
        StockEvent::Backordered(event) => {
            let key = (event.order_id, event.epoch);
            wait(&mut stock, key, event.quantity);
        }
        StockEvent::BackorderCovered(event) => {
            let key = (event.order_id, event.epoch);
            wait_less(&mut stock, key, event.quantity);
        }
        StockEvent::BackorderDropped(event) => {
            let key = (event.order_id, event.epoch);
            wait_less(&mut stock, key, event.quantity);
        }
        StockEvent::BackorderExpired(event) => {
            let key = (event.order_id, event.epoch);
            if let Some(reservation) = stock.reservations.get_mut(&key) {
                reservation.overdue = true;
            }
        }
    }
    stock
}

/// A reservation waits for so many more, behind all that wait already.
fn wait(stock: &mut Stock, key: ReservationKey, quantity: i64) {
    if let Some(reservation) = stock.reservations.get_mut(&key) {
        if reservation.waits_for == 0 {
            stock.waiting.push_back(key);
        }
        reservation.waits_for = reservation.waits_for.saturating_add(quantity);
        stock.backordered = stock.backordered.saturating_add(quantity);
    }
}

/// A reservation waits for so many less.
fn wait_less(stock: &mut Stock, key: ReservationKey, quantity: i64) {
    if let Some(reservation) = stock.reservations.get_mut(&key) {
        let less = quantity.min(reservation.waits_for);
        reservation.waits_for = reservation.waits_for.saturating_sub(less);
        stock.backordered = stock.backordered.saturating_sub(less);
        if reservation.waits_for == 0 {
            stock.waiting.retain(|known| *known != key);
        }
    }
}

fn end(stock: &mut Stock, key: ReservationKey, how: Ended) {
    wait_less(stock, key, i64::MAX);
    match stock.reservations.remove(&key) {
        Some(Reservation {
            quantity,
            committed: true,
            ..
        }) => stock.committed = stock.committed.saturating_sub(quantity),
        Some(Reservation {
            quantity,
            committed: false,
            ..
        }) => stock.reserved = stock.reserved.saturating_sub(quantity),
        None => {}
    }
    stock.ended.insert(key, how);
}
