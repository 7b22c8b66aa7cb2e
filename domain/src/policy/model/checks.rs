//! What must hold: whenever something happens, and once everything is at rest.

use super::{PLACES, SKUS, place, world::World};
use crate::{
    Event, Location, OrderId, State,
    order::{Order, OrderEvent, Placed, Status},
    payment::{CaptureProgress, Payment, PaymentEvent, PaymentStatus, Refund},
    policy::{EPOCH, TimerName},
    returns::ReturnStatus,
    shipment::{Parcel, Shipment, ShipmentCreated, ShipmentEvent, ShipmentStatus},
    stock::{Stock, StockEvent},
    testing::sku,
};
use std::collections::BTreeSet;

/// What must hold when `event` happens to what was `before`.
pub(super) fn happening(world: &World, before: &State, event: &Event) {
    match (before, event, before.clone().evolve(event)) {
        (State::Order(Order::Placed(order)), Event::Order(OrderEvent::OrderConfirmed(_)), _) => {
            assert!(order.holds.is_empty(), "confirmed under a hold");
        }
        (_, Event::Order(OrderEvent::OrderCancelled(event)), _) => {
            given_back(world, event.order.order_id);
        }
        (
            State::Shipment(Shipment::Created(parcel)),
            Event::Shipment(ShipmentEvent::DispatchRequested(event)),
            _,
        ) => {
            is_there(world, event.order_id);
            may_leave(world, parcel);
        }
        (_, Event::Shipment(ShipmentEvent::ShipmentCreated(event)), _) => {
            is_there(world, event.order_id);
            is_kept_there(world, event);
        }
        (State::Stock(before), _, State::Stock(stock)) => {
            let least = before.available().min(-before.backorder_limit);
            assert!(stock.available() >= least, "promised twice: {stock:?}");
            let waits_for = stock.reservations.values().map(|known| known.waits_for);
            assert_eq!(stock.backordered, waits_for.sum::<i64>(), "{stock:?}");
        }
        _ => {}
    }
}

/// What must hold when a cancellation is finished.
fn given_back(world: &World, order_id: OrderId) {
    let held = world.provider.set_aside(order_id);
    assert_eq!(held, [], "cancelled, and money still set aside");
    // What has come back meanwhile waits for an operator.
    let owed = world.payment(order_id).owed();
    let kept = world.provider.kept(order_id);
    assert_eq!(kept, owed, "cancelled, and money still kept");
    for stock in world.stocks() {
        let mut held = stock.reservations.keys();
        let holds = held.any(|(order, _)| *order == order_id);
        assert!(!holds, "cancelled, and stock still held: {stock:?}");
    }
    kept_back(world, order_id);
}

/// Nothing has left of what an order takes, and nothing will.
fn kept_back(world: &World, order_id: OrderId) {
    for (id, shipment) in world.shipments(order_id) {
        let status = shipment.status();
        assert!(
            status == Some(ShipmentStatus::Cancelled),
            "it did not end well, and {id} is {status:?}"
        );
    }
    assert!(!world.carrier.has_taken(order_id), "the carrier has it");
}

/// All that an order takes is there, and is kept for it.
fn is_there(world: &World, order_id: OrderId) {
    for stock in world.stocks() {
        let mut mine = stock.reservations.iter();
        let waits = mine.any(|((order, _), known)| *order == order_id && known.waits_for > 0);
        assert!(!waits, "to be packed, and not there: {stock:?}");
    }
}

/// What is to be packed is kept where it is to be packed.
fn is_kept_there(world: &World, created: &ShipmentCreated) {
    for line in &created.lines {
        let stock = world.stock(created.location.as_str(), line.sku.as_str());
        let mut held = stock.reservations.keys();
        assert!(
            held.any(|(order, _)| *order == created.order_id),
            "{created:?} {stock:?}"
        );
    }
}

/// What must hold when a shipment is to leave.
fn may_leave(world: &World, parcel: &Parcel) {
    let (order_id, shipment_id) = (parcel.order_id, parcel.shipment_id);
    let order = world.placed(order_id);
    assert_eq!(order.status, Status::Confirmed);
    assert!(order.holds.is_empty(), "dispatched under a hold");
    let payment = world.payment(order_id);
    let captured = payment.captures.get(&Some(shipment_id));
    let captured = captured.filter(|known| known.progress == CaptureProgress::Captured);
    assert!(captured.is_some(), "dispatched, and not taken: {payment:?}");
    assert_eq!(captured.map(|known| known.amount), Some(parcel.amount));
    let kept = world.provider.kept(order_id) + world.provider.lost(order_id);
    if parcel.parcels == 1 {
        assert_eq!(kept, wanted(order));
    } else if is_settled(&payment) {
        let others = world.parcels(order_id).into_iter();
        let others = others.filter(|known| known.shipment_id != shipment_id);
        let all = others.chain([parcel.clone()]);
        let taken = all.filter(|known| is_taken(&payment, known));
        let taken: i64 = taken.map(|known| known.amount.amount).sum();
        let given_back = payment.refunds.values().filter(|known| known.is_done());
        let given_back = given_back.map(|known| known.amount.amount);
        assert_eq!(kept, taken - given_back.sum::<i64>(), "{payment:?}");
    }
    // All of it is where it leaves from.
    for line in parcel.lines.iter() {
        let stock = world.stock(parcel.location.as_str(), line.sku.as_str());
        let kept = stock.reservations.get(&(order_id, EPOCH));
        let kept = kept.map_or(0, |kept| kept.quantity);
        assert!(kept >= order.open_of(&line.sku), "not kept: {order:?}");
        let here = parcel
            .lines
            .iter()
            .filter(|known| known.sku == line.sku)
            .map(|known| known.quantity);
        assert_eq!(here.sum::<i64>(), order.open_of(&line.sku), "{parcel:?}");
    }
}

/// Whether the provider is asked for nothing, and has said what it did.
fn is_settled(payment: &Payment) -> bool {
    let mut captures = payment.captures.values();
    let taking = captures.any(|known| known.progress == CaptureProgress::Requested);
    let mut refunds = payment.refunds.values();
    !taking && payment.deferred_refunds.is_empty() && !refunds.any(Refund::is_awaited)
}

/// Whether what a parcel is worth was taken.
fn is_taken(payment: &Payment, parcel: &Parcel) -> bool {
    let captured = payment.captures.get(&Some(parcel.shipment_id));
    captured.is_some_and(|known| known.progress == CaptureProgress::Captured)
}

/// What is worth that of an order which is not cancelled, in minor units.
fn wanted(order: &Placed) -> i64 {
    let lines = order.lines().iter().map(|line| {
        let cancelled = order.progress(line.line).cancelled;
        order.worth_of(line.line, line.quantity - cancelled)
    });
    lines.sum()
}

/// What is paid for an order of which some is still under way, in minor units.
fn to_be_paid(order: &Placed) -> i64 {
    let lines = order.lines().iter().map(|line| {
        let progress = order.progress(line.line);
        let gone = progress.cancelled + progress.lost + progress.returned;
        order.worth_of(line.line, line.quantity - gone)
    });
    lines.sum()
}

/// What must hold once everything is at rest.
pub(super) fn ends(world: &World) {
    assert!(world.tasks.is_empty() && world.timers.is_empty());
    let waiting: BTreeSet<_> = world
        .orders
        .iter()
        .flat_map(|id| waits(world, *id))
        .collect();
    let told: BTreeSet<_> = world.parked.keys().copied().collect();
    assert_eq!(told, waiting, "operators are told of what waits for them");
    for order in &world.orders {
        end(world, *order);
    }
    for (order, id) in &world.returns {
        let state = world.returned(*id);
        let payment = world.payment(*order);
        let mut refunds = payment.refunds.values();
        if refunds.any(|refund| refund.is_owed() && refund.return_id == Some(*id)) {
            continue;
        }
        let ended = [
            ReturnStatus::Closed,
            ReturnStatus::Declined,
            ReturnStatus::Cancelled,
        ];
        let status = state.status().expect("it was asked for");
        assert!(ended.contains(&status), "it never ends: {state:?}");
    }
    for (at, name) in PLACES.iter().flat_map(|at| SKUS.map(|name| (*at, name))) {
        let stock = world.stock(at, name);
        nothing_is_held(&stock);
        let there = stock.on_hand + stock.quarantined;
        assert_eq!(
            there,
            left(world, at, name),
            "{name} is not conserved at {at}"
        );
    }
}

/// Nobody has a claim on it any more.
fn nothing_is_held(stock: &Stock) {
    let held = (stock.reserved, stock.committed, stock.backordered);
    assert_eq!(held, (0, 0, 0), "{stock:?}");
    assert!(
        stock.reservations.is_empty() && stock.waiting.is_empty(),
        "{stock:?}"
    );
}

/// What of an order waits for an operator.
fn waits(world: &World, order_id: OrderId) -> Vec<(OrderId, TimerName)> {
    let payment = world.payment(order_id);
    let inquiry = payment.parked.then_some(TimerName::Inquiry);
    let owed = payment.refunds.iter().filter(|(_, known)| known.is_owed());
    let owed = owed.map(|(number, _)| TimerName::Refund(*number));
    let parcels = world.parcels(order_id).into_iter();
    let under_way = parcels.filter(|parcel| parcel.status.is_under_way());
    let tracking = under_way.map(|parcel| TimerName::Tracking(parcel.shipment_id));
    let names = inquiry.into_iter().chain(tracking).chain(owed);
    names.map(|name| (order_id, name)).collect()
}

/// How many of a SKU there must be at a place, by what came in, what has left and what orders say came back.
fn left(world: &World, at: &str, name: &str) -> i64 {
    let is_it = |event: &StockEvent| event.of() == (&place(at), &sku(name));
    let counted = |event: &StockEvent| match event {
        StockEvent::StockReceived(event) => event.quantity,
        StockEvent::StockAdjusted(event) => event.delta,
        StockEvent::QuarantineCleared(event) => -event.written_off,
        StockEvent::StockRecovered(event) => event.restocked + event.quarantined,
        _ => 0,
    };
    let counted: i64 = world
        .log
        .iter()
        .map(|recorded| match &recorded.event {
            Event::Stock(event) if is_it(event) => counted(event),
            _ => 0,
        })
        .sum();
    let shipped: i64 = world
        .log
        .iter()
        .map(|recorded| match &recorded.event {
            Event::Shipment(ShipmentEvent::ShipmentDispatched(event))
                if event.location == place(at) =>
            {
                let lines = event.lines.iter().filter(|line| line.sku == sku(name));
                lines.map(|line| line.quantity).sum()
            }
            _ => 0,
        })
        .sum();
    // What customers send back comes to the default place.
    let placed = world
        .orders
        .iter()
        .filter(|_| place(at) == Location::default());
    let placed = placed.map(|order| world.placed(*order));
    let returned: i64 = placed
        .flat_map(|order| {
            let lines = order.lines().iter();
            let lines = lines.filter(|line| line.sku == sku(name));
            lines.map(|line| order.progress(line.line).returned)
        })
        .sum();
    counted - shipped + returned
}

/// What must hold of an order once everything is at rest.
fn end(world: &World, order_id: OrderId) {
    let order = world.placed(order_id);
    let payment = world.payment(order_id);
    assert!(order.open_amendment().is_none(), "it never ends: {order:?}");
    let kept = world.provider.kept(order_id);
    if payment.parked {
        assert_eq!(payment.status, PaymentStatus::OutcomeUnknown);
        assert!(
            matches!(order.status, Status::Expired | Status::Cancelling),
            "{order:?}"
        );
        kept_back(world, order_id);
        return;
    }
    assert_eq!(
        world.provider.set_aside(order_id),
        [],
        "{order:?} {payment:?}"
    );
    match order.status {
        // The carrier does not say where it is.
        Status::Confirmed => {
            let parcels = world.parcels(order_id);
            let mut all = parcels.iter();
            assert!(
                all.any(|parcel| parcel.status.is_under_way()),
                "{order:?} {parcels:?}"
            );
            let lost = world.provider.lost(order_id);
            if parcels.len() == 1 {
                assert_eq!(payment.status, PaymentStatus::Captured);
                assert_eq!(kept + lost, wanted(order));
            }
            assert_eq!(kept, (to_be_paid(order) - lost).max(0), "{parcels:?}");
        }
        Status::Completed => completed(world, order_id),
        Status::Rejected | Status::Expired | Status::Cancelled => {
            let quiet = [
                PaymentStatus::Pending,
                PaymentStatus::Declined,
                PaymentStatus::Voided,
                PaymentStatus::Refunded,
            ];
            let owed = payment.owed();
            assert!(owed > 0 || quiet.contains(&payment.status), "{payment:?}");
            assert_eq!(kept, owed, "{order:?} {payment:?}");
            kept_back(world, order_id);
        }
        // An operator has to see to what could not be given back.
        Status::Cancelling if payment.owed() > 0 => {
            assert_eq!(kept, payment.owed(), "{order:?} {payment:?}");
            kept_back(world, order_id);
        }
        Status::Placed | Status::Cancelling => panic!("it never ends: {order:?} {payment:?}"),
    }
    reversals(world, order_id);
}

/// What the customer has is paid for to the cent, and nothing else is.
fn completed(world: &World, order_id: OrderId) {
    use ShipmentStatus as S;
    let order = world.placed(order_id);
    let worth = order.worth_kept();
    let mut arrived = 0;
    for line in order.lines() {
        let progress = order.progress(line.line);
        assert_eq!(progress.shipped + progress.cancelled, line.quantity);
        assert_eq!(progress.delivered + progress.lost, progress.shipped);
        assert!(progress.returned <= progress.delivered);
        arrived += order.worth_of(line.line, progress.delivered);
    }
    let lost = world.provider.lost(order_id);
    let owed = world.payment(order_id).owed();
    let kept = (worth - lost).max(0) + owed;
    assert_eq!(world.provider.kept(order_id), kept, "{order:?}");
    let payment = world.payment(order_id);
    let parcels = world.parcels(order_id);
    let is_whole = parcels.iter().all(|parcel| parcel.parcels == 1);
    // A parcel that does not arrive is paid back, if it was paid, be it nothing that it was worth.
    let is_paid_back = |parcel: &Parcel| match parcel.status {
        S::Lost | S::ReturnedToSender | S::BookedIn => true,
        S::Cancelled => parcel.amount.amount > 0 && is_taken(&payment, parcel),
        _ => false,
    };
    let is_kept = worth == arrived && (is_whole || !parcels.iter().any(is_paid_back));
    let mut expected = match worth {
        _ if is_kept => PaymentStatus::Captured,
        0 => PaymentStatus::Refunded,
        _ => PaymentStatus::PartiallyRefunded,
    };
    let mut has_left = false;
    for parcel in &parcels {
        match parcel.status {
            S::Delivered => has_left = true,
            S::Lost | S::ReturnedToSender | S::BookedIn => {
                has_left = true;
                if is_whole {
                    expected = PaymentStatus::Refunded;
                }
            }
            S::Cancelled if !is_whole => {}
            other => panic!("completed, and a shipment is {other:?}"),
        }
    }
    assert!(has_left, "completed, and nothing has left: {order:?}");
    assert!(
        !is_whole || [0, wanted(order)].contains(&arrived),
        "{order:?}"
    );
    // What cardholders have got back is no refund, and what is owed is none yet.
    if lost == 0 && owed == 0 {
        assert_eq!(payment.status, expected, "{order:?} {payment:?}");
    }
}

/// An authorization that came when it was not wanted any more, and only that, is told as reversed.
fn reversals(world: &World, order: OrderId) {
    let (mut deferred, mut late, mut reversed) = (false, 0, 0);
    for recorded in &world.log {
        match &recorded.event {
            Event::Payment(PaymentEvent::PaymentVoidDeferred(event)) => {
                deferred |= event.order_id == order;
            }
            Event::Payment(PaymentEvent::PaymentAuthorized(event)) => {
                late += u32::from(deferred && event.order_id == order);
            }
            Event::Payment(PaymentEvent::StrayAuthorizationFound(event)) => {
                late += u32::from(event.order_id == order);
            }
            Event::Payment(PaymentEvent::LatePaymentReversed(event)) => {
                reversed += u32::from(event.order_id == order);
            }
            _ => {}
        }
    }
    assert_eq!(reversed, late, "{order}");
    assert_eq!(world.provider.strays(order), 0, "{order}");
}
