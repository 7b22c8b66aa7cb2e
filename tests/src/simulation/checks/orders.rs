//! Sagas end, and money is where the orders say it is.

use super::{
    super::{
        carrier::{End, Waybill},
        world::World,
    },
    Wrong,
    history::History,
};
use domain::{
    Event, Money, OrderId,
    order::{OrderEvent, Placed, Status},
    payment::{PaymentEvent, PaymentStatus},
    returns::ReturnStatus,
    shipment::{Parcel, ShipmentStatus},
};
use std::collections::BTreeSet;

/// `waiting` are the orders whose payments are left to an operator.
pub(super) fn check(
    history: &History,
    world: &World,
    waiting: &BTreeSet<OrderId>,
    wrong: &Wrong<'_>,
) {
    let orders = history.orders();
    for order in &orders {
        let id = order.placed.order_id;
        let (parked, told) = (history.payment(id).parked, waiting.contains(&id));
        wrong.unless(parked == told, || {
            format!("that the payment of order {id} waits is {parked}, and said to be {told}")
        });
    }
    for order in &orders {
        ended(history, world, order, wrong);
        late_payments_were_given_back(history, order.placed.order_id, wrong);
    }
    for order in world.ledger.orders() {
        let known = orders.iter().any(|placed| placed.placed.order_id == order);
        wrong.unless(known, || {
            format!("the provider knows order {order}, which was never placed")
        });
    }
    for (number, waybill) in world.waybills.all() {
        let order = waybill.order_id;
        let known = orders.iter().any(|placed| placed.placed.order_id == order);
        wrong.unless(known, || {
            format!("{number} is a shipment of order {order}, which was never placed")
        });
    }
    returns_ended(history, wrong);
    confirmed_without_holds(history, wrong);
}

/// The order has ended, or waits for somebody, and the books of provider and carrier agree.
fn ended(history: &History, world: &World, order: &Placed, wrong: &Wrong<'_>) {
    let id = order.placed.order_id;
    let payment = history.payment(id);
    let shipment = history.shipment(id);
    let held = world.ledger.held(id);
    let labels: Vec<_> = world
        .waybills
        .all()
        .into_iter()
        .filter(|(_, waybill)| waybill.order_id == id && waybill.end.is_some())
        .collect();
    let status = order.status;
    let about = || {
        format!(
            "order {id} is {status:?}, its payment {payment:?}, its shipment {shipment:?}; the \
             provider has {held:?}, the carrier {labels:?}"
        )
    };
    wrong.unless(held.len() <= 1 && labels.len() <= 1, about);
    if payment.parked {
        // Nobody knows whether the provider has something.
        let waits = payment.status == PaymentStatus::OutcomeUnknown
            && matches!(status, Status::Expired | Status::Cancelling);
        wrong.unless(waits && shipment.is_none() && labels.is_empty(), about);
        return;
    }
    let total = Money::new(order.placed.total, order.placed.currency);
    let (ours, kept) = (payment.captured(), payment.captured() - payment.refunded());
    // A provider is not asked to set nothing aside, nor to take or give back nothing.
    let theirs = match held.first() {
        None => (0, 0),
        Some(held) => (held.captured, held.captured - held.refunded),
    };
    wrong.unless((ours, kept) == theirs, about);
    match status {
        Status::Confirmed => {
            let set_aside = payment.authorization.as_ref().map(|ours| ours.amount);
            let at_theirs: Vec<Money> = held.iter().map(|held| held.amount).collect();
            let expected = Some(total).filter(|total| total.amount > 0);
            let waits = shipment.is_some_and(|parcel| parcel.status == ShipmentStatus::Pending);
            wrong.unless(
                payment.status == PaymentStatus::Authorized
                    && set_aside == Some(total)
                    && at_theirs == expected.into_iter().collect::<Vec<_>>()
                    && ours == 0
                    && waits
                    && labels.is_empty(),
                about,
            );
        }
        Status::Completed => {
            let money = (kept, payment.lost());
            completed(order, shipment, money, &labels, wrong, &about);
        }
        Status::Rejected | Status::Expired | Status::Cancelled => {
            use PaymentStatus as P;
            let quiet = matches!(
                payment.status,
                P::Pending | P::Declined | P::Voided | P::Refunded
            );
            let held_still = held.iter().any(|held| held.captured == 0);
            let stays = shipment.is_none_or(|parcel| parcel.status == ShipmentStatus::Cancelled);
            wrong.unless(
                quiet && kept == 0 && !held_still && stays && labels.is_empty(),
                about,
            );
        }
        Status::Placed | Status::Cancelling => wrong.unless(false, about),
    }
}

/// No return is left open, none brings what had not arrived, and nothing is owed for any.
fn returns_ended(history: &History, wrong: &Wrong<'_>) {
    for case in history.returns() {
        let ended = matches!(
            case.status,
            ReturnStatus::Closed | ReturnStatus::Declined | ReturnStatus::Cancelled
        );
        wrong.unless(ended, || format!("a return never ends: {case:?}"));
    }
    for order in history.orders() {
        for line in order.lines() {
            let progress = order.progress(line.line);
            wrong.unless(progress.returned <= progress.delivered, || {
                let id = order.placed.order_id;
                format!("more came back of order {id} than had arrived: {progress:?}")
            });
        }
    }
}

/// What arrived is paid, what did not is given back, and the label is the one that we know.
fn completed(
    order: &Placed,
    shipment: Option<&Parcel>,
    (kept, lost): (i64, i64),
    labels: &[(String, Waybill)],
    wrong: &Wrong<'_>,
    about: &dyn Fn() -> String,
) {
    let (Some(parcel), [(number, waybill)]) = (shipment, labels) else {
        return wrong.unless(false, about);
    };
    wrong.unless(
        parcel.tracking_number.as_ref() == Some(number)
            && waybill.reference == parcel.shipment_id.to_string(),
        about,
    );
    let end = waybill.end.map(|(_, end)| end);
    let (paid, as_told) = match parcel.status {
        // People may say so too, whatever the carrier would have said.
        ShipmentStatus::Delivered => (order.worth_kept(), true),
        ShipmentStatus::Lost => (0, end == Some(End::Lost)),
        ShipmentStatus::ReturnedToSender => (0, end == Some(End::ReturnedToSender)),
        // What is lost may turn up, too.
        ShipmentStatus::BookedIn => (0, matches!(end, Some(End::Lost | End::ReturnedToSender))),
        _ => return wrong.unless(false, about),
    };
    // What cardholders have got by disputes is not given back as well.
    let is_paid = kept - lost == (paid - lost).max(0);
    wrong.unless(is_paid && as_told, about);
    for line in order.lines() {
        let progress = order.progress(line.line);
        let wanted = line.quantity - progress.cancelled;
        let arrived = match parcel.status {
            ShipmentStatus::Delivered => (wanted, 0),
            _ => (0, wanted),
        };
        wrong.unless(
            progress.shipped == wanted && (progress.delivered, progress.lost) == arrived,
            about,
        );
    }
}

/// An authorization that came when it was not wanted any more, and only that, is told as reversed.
fn late_payments_were_given_back(history: &History, order: OrderId, wrong: &Wrong<'_>) {
    let (mut deferred, mut late, mut reversed) = (false, 0, 0);
    for recorded in &history.events {
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
    wrong.unless(reversed == late, || {
        format!("order {order}: {late} late payments, {reversed} were given back")
    });
}

/// No order is confirmed under a hold.
fn confirmed_without_holds(history: &History, wrong: &Wrong<'_>) {
    let mut holds: BTreeSet<(OrderId, &str)> = BTreeSet::new();
    for recorded in &history.events {
        match &recorded.event {
            Event::Order(OrderEvent::HoldPlaced(event)) => {
                holds.insert((event.order_id, &event.hold));
            }
            Event::Order(OrderEvent::HoldReleased(event)) => {
                holds.remove(&(event.order_id, event.hold.as_str()));
            }
            Event::Order(OrderEvent::OrderConfirmed(event)) => {
                let order = event.order.order_id;
                let held = holds.iter().any(|(held, _)| *held == order);
                wrong.unless(!held, || {
                    format!("order {order} was confirmed under a hold")
                });
            }
            _ => {}
        }
    }
}
