//! An order is packed once all of it is there: until then it waits, and not for ever.

use super::{ShippingState, ask_for_cancellation, create};
use crate::{
    Command, Location, OrderId, Recorded, Sku,
    order::{Awaited, DeadlineSet},
    policy::{EPOCH, Limits, Reaction, Task, Timer, TimerName, after, deadline},
    shipment::Allotted,
    stock::{
        ReservationCommand, ReservationCommitted, ReservationItem, ReservationStep, StockEvent,
    },
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the order is cancelled for if stock does not come.
const TOO_LATE: &str = "what was backordered has not come in time";

/// What an order waits for before it can be packed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backorder {
    /// How many of which SKU are still to come.
    pub waiting: BTreeMap<Sku, i64>,
    /// Whether nothing else keeps it from being packed: it is confirmed, and its stock is kept for good.
    pub kept: bool,
}

/// What follows from what happened to the stock for an order.
pub(super) fn stock(
    limits: &Limits,
    state: &mut ShippingState,
    event: &Recorded,
    happened: &StockEvent,
) -> Vec<Reaction> {
    let backorder = &mut state.backorder;
    let parcels = &state.parcels;
    match happened {
        StockEvent::Backordered(late) => {
            let waits_for = backorder.waiting.entry(late.sku.clone()).or_default();
            *waits_for = waits_for.saturating_add(late.quantity);
            vec![]
        }
        StockEvent::BackorderCovered(covered) => {
            let order = (covered.order_id, &covered.location);
            less(backorder, parcels, order, &covered.sku, covered.quantity)
        }
        StockEvent::BackorderDropped(dropped) => {
            let order = (dropped.order_id, &dropped.location);
            less(backorder, parcels, order, &dropped.sku, dropped.quantity)
        }
        StockEvent::BackorderExpired(expired) => {
            state.given_up = Some(TOO_LATE.into());
            ask_for_cancellation(expired.order_id, state.given_up.as_deref())
        }
        StockEvent::ReservationCommitted(kept) if backorder.waiting.is_empty() => {
            vec![create(kept.order_id, parcels, kept.location.clone())]
        }
        StockEvent::ReservationCommitted(kept) => {
            backorder.kept = true;
            wait(limits, state, event, kept)
        }
        _ => vec![],
    }
}

/// So many less are waited for; once nothing is, the order can be packed.
fn less(
    backorder: &mut Backorder,
    parcels: &[Allotted],
    (order_id, place): (OrderId, &Location),
    sku: &Sku,
    quantity: i64,
) -> Vec<Reaction> {
    if let Some(waits_for) = backorder.waiting.get_mut(sku) {
        *waits_for = waits_for.saturating_sub(quantity);
    }
    backorder.waiting.retain(|_, waits_for| *waits_for > 0);
    if !backorder.waiting.is_empty() {
        return vec![];
    }
    match call_off(backorder) {
        Some(call_off) => vec![call_off, create(order_id, parcels, place.clone())],
        None => vec![],
    }
}

/// Nothing is packed once it is there; says what is to be called off, if it was waited for.
pub(super) fn call_off(backorder: &mut Backorder) -> Option<Reaction> {
    let waited = std::mem::take(&mut backorder.kept);
    waited.then_some(Reaction::Unschedule(TimerName::Backorder))
}

/// Gives it up when its time has come, and tells the order when that is.
fn wait(
    limits: &Limits,
    state: &ShippingState,
    event: &Recorded,
    kept: &ReservationCommitted,
) -> Vec<Reaction> {
    let due = after(event, limits.backorders);
    let place = place(state).unwrap_or(&kept.location);
    let timer = give_up(state, kept.order_id, place.clone(), due);
    let until = deadline(kept.order_id, Awaited::Stock, place, due);
    vec![timer, until]
}

/// What the order was told holds, whatever is set by the time that somebody reacts once more.
pub(super) fn told(state: &ShippingState, told: &DeadlineSet) -> Vec<Reaction> {
    let place = place(state).cloned().unwrap_or_default();
    if !state.backorder.kept || told.of != place.as_str() {
        return vec![];
    }
    vec![give_up(state, told.order_id, place, told.until)]
}

/// Where the order's stock is; or the first of several such places.
fn place(state: &ShippingState) -> Option<&Location> {
    let first = state.parcels.first().map(|first| &first.location);
    first.or(state.place.as_ref())
}

/// Whether it still waits when the time has come, the stock knows.
fn give_up(
    state: &ShippingState,
    order_id: OrderId,
    location: Location,
    due: DateTime<Utc>,
) -> Reaction {
    let items = state.backorder.waiting.keys().map(|sku| ReservationItem {
        sku: sku.clone(),
        lines: vec![],
    });
    let further = state.parcels.iter().skip(1);
    let further = further.map(|other| other.location.clone());
    let give_up = ReservationCommand {
        order_id,
        epoch: EPOCH,
        location,
        further: further.collect(),
        items: items.collect(),
        step: ReservationStep::GiveUp,
    };
    Reaction::Schedule(Timer {
        name: TimerName::Backorder,
        due,
        task: Task::Execute(Command::Reservation(give_up)),
    })
}
