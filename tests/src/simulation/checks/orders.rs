//! Sagas end, and money is where the orders say it is.

use super::{super::world::World, Wrong, history::History};
use domain::{
    Event, Money, OrderId,
    order::{OrderEvent, Placed, Status},
    payment::{PaymentEvent, PaymentStatus},
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
    confirmed_without_holds(history, wrong);
}

/// The order has ended, or waits for an operator, and the provider's books agree.
fn ended(history: &History, world: &World, order: &Placed, wrong: &Wrong<'_>) {
    let id = order.placed.order_id;
    let payment = history.payment(id);
    let set_aside = world.ledger.set_aside(id);
    let status = order.status;
    let about =
        || format!("order {id} is {status:?}, its payment {payment:?}, set aside is {set_aside:?}");
    wrong.unless(set_aside.len() <= 1, about);
    if payment.parked {
        // Nobody knows whether the provider has something.
        let waits = payment.status == PaymentStatus::OutcomeUnknown
            && matches!(status, Status::Expired | Status::Cancelling);
        wrong.unless(waits, about);
        return;
    }
    match status {
        Status::Confirmed => {
            let total = Money::new(order.placed.total, order.placed.currency);
            let ours = payment.authorization.as_ref().map(|ours| ours.amount);
            // A provider is not asked to set nothing aside.
            let theirs = Some(total).filter(|total| total.amount > 0);
            wrong.unless(
                payment.status == PaymentStatus::Authorized
                    && ours == Some(total)
                    && set_aside == theirs.into_iter().collect::<Vec<_>>(),
                about,
            );
        }
        Status::Rejected | Status::Expired | Status::Cancelled => {
            let quiet = matches!(
                payment.status,
                PaymentStatus::Pending | PaymentStatus::Declined | PaymentStatus::Voided
            );
            wrong.unless(quiet && set_aside.is_empty(), about);
        }
        Status::Placed | Status::Cancelling => wrong.unless(false, about),
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
