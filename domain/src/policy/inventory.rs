//! Reserves stock for placed orders, keeps it for confirmed ones, books out what leaves, gives back the
//! rest, and books in what comes back.

use super::{Limits, Policy, Reaction, after};
use crate::{
    Command, Event, Location, OrderId, Recorded, Sku,
    event::is_default,
    order::{AmendedLine, LineQuantity, OrderEvent, OrderPlaced, RejectionReason},
    returns::{BookIn, ReturnCommand, ReturnEvent, ReturnInspected},
    shipment::{ShipmentEvent, ShipmentLine},
    stock::{
        CoverBackorders, MAX_LOOKED_AT, ReleaseReason, ReservationCommand, ReservationItem,
        ReservationLine, ReservationStep, StockCommand, StockEvent,
    },
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The inventory policy.
pub struct Inventory;

/// What it remembers: the SKUs that an order asked for, until they have left or are given back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InventoryState {
    /// The SKUs with the lines that want them, sorted by SKU; empty once nothing is held.
    pub items: Vec<ReservationItem>,
    /// Where they are; until that is heard of, where they are looked for, in this order. None is the
    /// default place alone. What is set meanwhile is for other orders.
    #[serde(default, skip_serializing_if = "is_default")]
    pub places: Vec<Location>,
    /// Whether it was heard of where they are.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reserved: bool,
    /// Why they were given back before that, until it is heard of what became of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub released: Option<ReleaseReason>,
}

/// Which attempt of an order its stock is kept for: orders are tried once, and amendments change how much is
/// kept by that.
pub const EPOCH: u32 = 1;

impl Policy for Inventory {
    const NAME: &'static str = "inventory";
    type State = InventoryState;

    fn key(event: &Recorded) -> Option<OrderId> {
        match &event.event {
            Event::Order(event) => match event {
                OrderEvent::OrderPlaced(event) => Some(event.order_id),
                OrderEvent::OrderConfirmed(event) => Some(event.order.order_id),
                OrderEvent::OrderRejected(event) => Some(event.order.order_id),
                OrderEvent::OrderExpired(event) => Some(event.order.order_id),
                // What was confirmed may have left: its shipment tells.
                OrderEvent::CancellationRequested(event) => {
                    Some(event.order.order_id).filter(|_| !event.confirmed)
                }
                // Where nothing is left, all of it is being cancelled.
                OrderEvent::LinesCancelled(event) => {
                    Some(event.order.order_id).filter(|_| !event.all)
                }
                OrderEvent::AmendmentApplied(event) => Some(event.order.order_id),
                OrderEvent::CancellationRejected(_)
                | OrderEvent::OrderCancelled(_)
                | OrderEvent::NoteAdded(_)
                | OrderEvent::HoldPlaced(_)
                | OrderEvent::HoldReleased(_)
                | OrderEvent::LinesShipped(_)
                | OrderEvent::LinesDelivered(_)
                | OrderEvent::LinesLost(_)
                | OrderEvent::OrderCompleted(_)
                | OrderEvent::TaskParked(_)
                | OrderEvent::TaskResumed(_)
                | OrderEvent::ReturnOpened(_)
                | OrderEvent::ReturnDropped(_)
                | OrderEvent::LinesReturned(_)
                | OrderEvent::DeadlineSet(_)
                | OrderEvent::TagsSet(_)
                | OrderEvent::ShippingAddressChanged(_)
                | OrderEvent::AmendmentProposed(_)
                | OrderEvent::AmendmentWithdrawn(_)
                | OrderEvent::AmendmentRejected(_)
                | OrderEvent::AmendmentExpired(_) => None,
            },
            Event::Shipment(ShipmentEvent::ShipmentDispatched(event)) => Some(event.order_id),
            Event::Shipment(ShipmentEvent::ShipmentCancelled(event)) => Some(event.order_id),
            Event::Return(ReturnEvent::ReturnInspected(event)) => Some(event.order_id),
            // The last part says where all of it is; where that is at several places, each says so.
            Event::Stock(StockEvent::StockReserved(event))
                if event.part == event.parts || event.parcels > 1 =>
            {
                Some(event.order_id)
            }
            // What was given back before it was heard of where it is.
            Event::Stock(StockEvent::ReservationReleased(event)) if event.part == event.parts => {
                Some(event.order_id)
            }
            Event::Stock(StockEvent::ReservationExpired(event)) if event.part == event.parts => {
                Some(event.order_id)
            }
            // There is more for those behind it.
            Event::Stock(StockEvent::BackorderCovered(event)) if event.more => Some(event.order_id),
            Event::Shipment(_)
            | Event::Stock(_)
            | Event::Payment(_)
            | Event::Return(_)
            | Event::Customer(_)
            | Event::Product(_) => None,
        }
    }

    fn react(
        limits: &Limits,
        mut state: InventoryState,
        event: &Recorded,
    ) -> (InventoryState, Vec<Reaction>) {
        let Some(order_id) = Self::key(event) else {
            return (state, vec![]);
        };
        let step = match &event.event {
            Event::Order(OrderEvent::OrderPlaced(placed)) => {
                let items = items(placed);
                let places = places(limits, &items);
                let until = after(event, limits.reservation);
                let split = limits.split_orders && places.len() > 1;
                let step = ReservationStep::Reserve { until, split };
                let command = reservation(order_id, &places, items.clone(), step);
                let state = InventoryState {
                    items,
                    places,
                    ..InventoryState::default()
                };
                return (state, vec![command]);
            }
            // Where it is, its event says, and not what is set by now: who reacts once more may go by other
            // settings.
            Event::Stock(StockEvent::StockReserved(reserved)) => {
                if state.items.is_empty() {
                    return (state, vec![]);
                }
                if reserved.part == 1 || reserved.parcels == 1 {
                    state.places.clear();
                }
                if state.places.last() != Some(&reserved.location) {
                    state.places.push(reserved.location.clone());
                }
                if reserved.part != reserved.parts {
                    return (state, vec![]);
                }
                state.reserved = true;
                let Some(reason) = state.released else {
                    return (state, vec![]);
                };
                let (places, step) = (&state.places, ReservationStep::Release(reason));
                let command = reservation(order_id, places, state.items, step);
                return (InventoryState::default(), vec![command]);
            }
            Event::Stock(
                StockEvent::ReservationReleased(_) | StockEvent::ReservationExpired(_),
            ) => {
                return match state.released {
                    Some(_) => (InventoryState::default(), vec![]),
                    None => (state, vec![]),
                };
            }
            Event::Stock(StockEvent::BackorderCovered(covered)) => {
                let command = StockCommand::Cover(CoverBackorders {
                    location: covered.location.clone(),
                    sku: covered.sku.clone(),
                });
                return (state, vec![Reaction::Execute(Command::Stock(command))]);
            }
            Event::Order(OrderEvent::OrderConfirmed(_)) => {
                if state.items.is_empty() {
                    return (state, vec![]);
                }
                let (places, items) = (&state.places, state.items.clone());
                let command = reservation(order_id, places, items, ReservationStep::Commit);
                return (state, vec![command]);
            }
            Event::Order(OrderEvent::LinesCancelled(cancelled)) => {
                return reduce(order_id, state, &cancelled.lines);
            }
            Event::Order(OrderEvent::AmendmentApplied(applied)) => {
                return amended(order_id, state, &applied.lines);
            }
            // Nothing was reserved, and nothing will be.
            Event::Order(OrderEvent::OrderRejected(event))
                if event.reason == RejectionReason::OutOfStock =>
            {
                return (InventoryState::default(), vec![]);
            }
            Event::Order(OrderEvent::OrderRejected(_)) => {
                ReservationStep::Release(ReleaseReason::Rejected)
            }
            Event::Order(OrderEvent::OrderExpired(_)) => {
                ReservationStep::Release(ReleaseReason::Expired)
            }
            Event::Shipment(ShipmentEvent::ShipmentDispatched(sent)) => {
                let (from, items) = (&sent.location, left(&sent.lines));
                let places = std::slice::from_ref(from);
                let command = reservation(order_id, places, items, ReservationStep::Ship);
                return (others(state, &sent.lines), vec![command]);
            }
            // What only a part of the order held, its lines tell, which are not wanted any more.
            Event::Shipment(ShipmentEvent::ShipmentCancelled(kept)) if kept.amount.is_some() => {
                return (state, vec![]);
            }
            Event::Return(ReturnEvent::ReturnInspected(inspected)) => {
                return (state, book_in(inspected));
            }
            _ => ReservationStep::Release(ReleaseReason::Cancelled),
        };
        if state.items.is_empty() || state.released.is_some() {
            return (state, vec![]);
        }
        let command = reservation(order_id, &state.places, state.items.clone(), step);
        match step {
            // Who reserved it may have gone by other settings: then it is given back where it is.
            ReservationStep::Release(reason) if !state.reserved => {
                state.released = Some(reason);
                (state, vec![command])
            }
            _ => (InventoryState::default(), vec![command]),
        }
    }
}

/// Where an order's stock is looked for: of what is set, the first places, as many as one decision may look
/// at for so many SKUs, and one at least.
pub(super) fn places(limits: &Limits, items: &[ReservationItem]) -> Vec<Location> {
    let most = MAX_LOOKED_AT.checked_div(items.len()).unwrap_or(1).max(1);
    limits.locations.iter().take(most).cloned().collect()
}

/// What is remembered once a parcel with these lines has left: what leaves from other places.
fn others(mut state: InventoryState, sent: &[ShipmentLine]) -> InventoryState {
    if state.places.len() < 2 {
        return InventoryState::default();
    }
    let has_left = |sku: &Sku| sent.iter().any(|line| line.sku == *sku);
    state
        .items
        .retain(|item| !item.lines.is_empty() && !has_left(&item.sku));
    match state.items.is_empty() {
        true => InventoryState::default(),
        false => state,
    }
}

/// Less is wanted: so much less is kept.
fn reduce(
    order_id: OrderId,
    mut state: InventoryState,
    cancelled: &[LineQuantity],
) -> (InventoryState, Vec<Reaction>) {
    let mut reduced = vec![];
    for item in &mut state.items {
        let mut touched = false;
        for line in &mut item.lines {
            let less = cancelled.iter().find(|known| known.line == line.line);
            if let Some(less) = less {
                line.quantity = line.quantity.saturating_sub(less.quantity);
                touched = true;
            }
        }
        item.lines.retain(|line| line.quantity > 0);
        if touched {
            reduced.push(item.clone());
        }
    }
    let reactions = given_back(order_id, &state.places, reduced);
    let is_left = state.items.iter().any(|item| !item.lines.is_empty());
    match is_left {
        true => (state, reactions),
        // All other parcels have left.
        false => (InventoryState::default(), reactions),
    }
}

/// So many of these lines are wanted since. What more is kept, the stock was told with the order; what is
/// not wanted it may not have been told, while nobody knew from where the order leaves.
fn amended(
    order_id: OrderId,
    mut state: InventoryState,
    lines: &[AmendedLine],
) -> (InventoryState, Vec<Reaction>) {
    let mut differences: BTreeMap<&Sku, i64> = BTreeMap::new();
    for change in lines {
        let difference = differences.entry(&change.sku).or_default();
        *difference = difference.saturating_add(change.after.saturating_sub(change.before));
        let place = state
            .items
            .binary_search_by(|item| item.sku.cmp(&change.sku));
        let item = match place {
            Ok(index) => &mut state.items[index],
            Err(index) => {
                let none = ReservationItem {
                    sku: change.sku.clone(),
                    lines: vec![],
                };
                state.items.insert(index, none);
                &mut state.items[index]
            }
        };
        item.lines.retain(|line| line.line != change.line);
        if change.after > 0 {
            item.lines.push(ReservationLine {
                line: change.line,
                quantity: change.after,
            });
        }
    }
    let is_less = |item: &&ReservationItem| differences.get(&item.sku).is_some_and(|by| *by < 0);
    let reduced: Vec<_> = state.items.iter().filter(is_less).cloned().collect();
    let reactions = given_back(order_id, &state.places, reduced);
    (state, reactions)
}

/// Gives back what is kept beyond the items, if there are any.
fn given_back(
    order_id: OrderId,
    places: &[Location],
    items: Vec<ReservationItem>,
) -> Vec<Reaction> {
    let step = ReservationStep::Reduce;
    let reduced = (!items.is_empty()).then(|| reservation(order_id, places, items, step));
    reduced.into_iter().collect()
}

fn reservation(
    order_id: OrderId,
    places: &[Location],
    items: Vec<ReservationItem>,
    step: ReservationStep,
) -> Reaction {
    let (first, further) = places.split_first().unzip();
    Reaction::Execute(Command::Reservation(ReservationCommand {
        order_id,
        epoch: EPOCH,
        location: first.cloned().unwrap_or_default(),
        further: further.unwrap_or_default().to_vec(),
        items,
        step,
    }))
}

/// What was accepted goes into the stock.
fn book_in(inspected: &ReturnInspected) -> Vec<Reaction> {
    if inspected.skus.is_empty() {
        return vec![];
    }
    let command = ReturnCommand::BookIn(BookIn {
        location: inspected.location.clone(),
        skus: inspected.skus.clone(),
    });
    vec![Reaction::Execute(Command::Return(
        inspected.return_id,
        command,
    ))]
}

/// The order's lines by SKU.
fn items(placed: &OrderPlaced) -> Vec<ReservationItem> {
    let lines = placed.lines.iter();
    by_sku(lines.map(|line| (&line.sku, line.line, line.quantity)))
}

/// A shipment's lines by SKU.
fn left(lines: &[ShipmentLine]) -> Vec<ReservationItem> {
    let lines = lines.iter();
    by_sku(lines.map(|line| (&line.sku, line.line, line.quantity)))
}

fn by_sku<'a>(lines: impl Iterator<Item = (&'a Sku, u32, i64)>) -> Vec<ReservationItem> {
    let mut by_sku: BTreeMap<&Sku, Vec<ReservationLine>> = BTreeMap::new();
    for (sku, line, quantity) in lines {
        let wanted = ReservationLine { line, quantity };
        by_sku.entry(sku).or_default().push(wanted);
    }
    by_sku
        .into_iter()
        .map(|(sku, lines)| ReservationItem {
            sku: sku.clone(),
            lines,
        })
        .collect()
}
