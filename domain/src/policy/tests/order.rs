//! When orders are confirmed, rejected, left to expire and cancelled.

use super::*;
use crate::order::{RecordDelivered, RecordLost, RecordShipped};

fn confirm() -> Reaction {
    order(OrderCommand::Confirm(ConfirmOrder))
}

fn cancel() -> Reaction {
    order(OrderCommand::Cancel(CancelOrder))
}

fn expire(seconds: i64) -> Reaction {
    Reaction::Schedule(Timer {
        name: TimerName::Reservation,
        due: at(seconds),
        task: Task::Execute(Command::Order(
            order_id(1),
            OrderCommand::Expire(ExpireOrder),
        )),
    })
}

/// The time limit of a hold that counts from the `n`-th event.
fn expire_after_hold(n: i64) -> Reaction {
    expire(n + 72 * 3_600)
}

const DONE: Reaction = Reaction::Unschedule(TimerName::Reservation);

fn reject(reason: RejectionReason, detail: &str) -> Reaction {
    order(OrderCommand::Reject(RejectOrder {
        reason,
        detail: detail.into(),
    }))
}

#[test]
fn order_lets_the_reservation_expire_unless_something_comes_of_it() {
    assert_eq!(after_all::<OrderPolicy>(&[reserved(1)]), []);
    assert_eq!(after_all::<OrderPolicy>(&[reserved(2)]), [expire(900)]);
    // Nobody reserved it for an hour: the payment has its time all the same.
    let late = recorded(reserved(2), 3_600);
    let (_, timers) = OrderPolicy::react(&Limits::default(), OrderPolicyState::default(), &late);
    assert_eq!(timers, [expire(3_600 + 900)]);
    assert_eq!(after_all::<OrderPolicy>(&[cancelling()]), [DONE]);
    assert_eq!(after_all::<OrderPolicy>(&[cancelling(), reserved(2)]), []);
}

#[test]
fn order_is_confirmed_once_it_is_paid_and_free() {
    let then = |events: &[Event]| after_all::<OrderPolicy>(events);
    assert_eq!(then(&[authorized()]), [DONE, confirm()]);
    assert_eq!(then(&[held(), authorized(), let_go()]), [DONE, confirm()]);
    assert_eq!(then(&[held(), held(), authorized(), let_go()]), []);
    assert_eq!(then(&[held(), let_go()]), []);
    assert_eq!(then(&[cancelling(), authorized()]), [DONE]);
    assert_eq!(then(&[authorized(), held(), cancelling(), let_go()]), []);
    assert_eq!(then(&[authorized(), held(), voided(), let_go()]), []);
}

#[test]
fn order_that_is_paid_and_held_keeps_its_stock_for_so_long_and_no_longer() {
    let then = |events: &[Event]| after_all::<OrderPolicy>(events);
    assert_eq!(then(&[held(), authorized()]), [expire_after_hold(1)]);
    // The hold came while the confirmation was on its way.
    assert_eq!(then(&[authorized(), held()]), [expire_after_hold(1)]);
    // A further one does not put it off.
    assert_eq!(then(&[authorized(), held(), held()]), []);
    assert_eq!(
        then(&[held(), held(), authorized()]),
        [expire_after_hold(2)]
    );
    assert_eq!(then(&[cancelling(), authorized(), held()]), []);
    let kept = [authorized(), held(), cancelling(), cancellation_rejected()];
    assert_eq!(then(&kept), [expire_after_hold(3)]);
}

#[test]
fn order_is_rejected_with_what_stood_in_its_way() {
    use RejectionReason as R;
    let then = |event| after_all::<OrderPolicy>(&[event]);
    assert_eq!(then(out_of_stock(1)), []);
    let detail = "4 of B were wanted, 3 can be had at main";
    assert_eq!(then(out_of_stock(2)), [reject(R::OutOfStock, detail)]);
    assert_eq!(then(declined(1, 2)), []);
    let detail = "the payment was declined: no_funds";
    assert_eq!(
        then(declined(3, 0)),
        [DONE, reject(R::PaymentDeclined, detail)]
    );
    let detail = "6.00 EUR was to be authorized, the provider authorized 6.01 EUR";
    assert_eq!(
        then(mismatch()),
        [DONE, reject(R::PaymentIntegrity, detail)]
    );
}

#[test]
fn order_is_cancelled_once_stock_and_payment_are_given_back() {
    let then = |events: &[Event]| after_all::<OrderPolicy>(events);
    assert_eq!(then(&[cancelling(), released(2)]), []);
    assert_eq!(then(&[cancelling(), voided()]), []);
    assert_eq!(then(&[cancelling(), released(1), voided()]), []);
    assert_eq!(then(&[cancelling(), released(2), voided()]), [cancel()]);
    assert_eq!(then(&[cancelling(), voided(), released(2)]), [cancel()]);
    assert_eq!(
        then(&[out_of_stock(2), voided(), cancelling()]),
        [DONE, cancel()]
    );
    assert_eq!(then(&[released(2), voided()]), []);
}

#[test]
fn order_goes_on_after_a_rejected_cancellation() {
    let then = |events: &[Event]| after_all::<OrderPolicy>(events);
    assert_eq!(
        then(&[authorized(), cancelling(), cancellation_rejected()]),
        [confirm()]
    );
    assert_eq!(then(&[cancelling(), cancellation_rejected()]), []);
    assert_eq!(
        then(&[cancelling(), cancellation_rejected(), authorized()]),
        [DONE, confirm()]
    );
    let given_back = [
        authorized(),
        cancelling(),
        released(2),
        cancellation_rejected(),
    ];
    assert_eq!(then(&given_back), []);
}

#[test]
fn order_that_is_confirmed_waits_for_nothing_any_more() {
    let then = |events: &[Event]| {
        let before = [authorized(), confirmed()];
        after_all::<OrderPolicy>(&[&before, events].concat())
    };
    assert_eq!(then(&[held()]), [], "nothing expires");
    assert_eq!(then(&[held(), let_go()]), [], "nothing is to be confirmed");
}

#[test]
fn order_is_told_what_has_left_and_what_became_of_it() {
    let then = |event| after_all::<OrderPolicy>(&[event]);
    let lines = || {
        let quantity = |line, quantity| LineQuantity { line, quantity };
        vec![quantity(1, 1), quantity(2, 2), quantity(3, 3)]
    };
    let shipped = OrderCommand::RecordShipped(RecordShipped {
        shipment_id: shipment_id(),
        lines: lines(),
    });
    assert_eq!(then(dispatched()), [order(shipped)]);
    let arrived = OrderCommand::RecordDelivered(RecordDelivered {
        shipment_id: shipment_id(),
        lines: lines(),
    });
    assert_eq!(then(delivered()), [order(arrived)]);
    for (event, returned) in [(lost(), false), (brought_back(), true)] {
        let gone = OrderCommand::RecordLost(RecordLost {
            shipment_id: shipment_id(),
            lines: lines(),
            returned,
        });
        assert_eq!(then(event), [order(gone)]);
    }
    assert_eq!(then(kept()), []);
}

#[test]
fn order_is_completed_once_nothing_is_to_come() {
    let then = |events: &[Event]| after_all::<OrderPolicy>(events);
    let complete = || [order(OrderCommand::Complete(CompleteOrder))];
    let arrived = |all| {
        event(LinesDelivered {
            order: brief(),
            shipment_id: shipment_id(),
            lines: vec![],
            all,
        })
    };
    assert_eq!(then(&[arrived(true)]), complete());
    assert_eq!(then(&[arrived(false)]), []);
    let gone = event(LinesLost {
        order: brief(),
        shipment_id: shipment_id(),
        lines: vec![],
        returned: true,
    });
    assert_eq!(then(&[gone]), complete());
    // It may have arrived while somebody wanted it cancelled.
    let too_late = [cancelling_confirmed(), rejection(true)];
    assert_eq!(then(&too_late), complete());
}

#[test]
fn order_is_cancelled_once_all_that_was_taken_is_given_back() {
    let then = |events: &[Event]| after_all::<OrderPolicy>(events);
    let refunded = |shipment_id| {
        let event = PaymentRefunded {
            order_id: order_id(1),
            shipment_id,
            return_id: None,
            authorization_id: "auth".into(),
            refund: 1,
            amount: eur(600),
        };
        Event::Payment(event.into())
    };
    let all = [cancelling_confirmed(), released(2), refunded(None)];
    assert_eq!(then(&all), [cancel()]);
    let part = [
        cancelling_confirmed(),
        released(2),
        refunded(Some(shipment_id())),
    ];
    assert_eq!(then(&part), []);
}
