//! What is expected of an operator where something could not be given back, or has come back.

use super::*;
use crate::payment::{PaymentRefundFailed, PaymentRefundReversed};

fn asked(refund: u32) -> PaymentRefundRequested {
    PaymentRefundRequested {
        order_id: order_id(),
        shipment_id: Some(shipment_id()),
        return_id: None,
        authorization_id: "auth".into(),
        refund,
        amount: euros(),
        idempotency_key: "key".into(),
        reason: "lost".into(),
    }
}

fn refunded(refund: u32) -> PaymentRefunded {
    PaymentRefunded {
        order_id: order_id(),
        shipment_id: Some(shipment_id()),
        return_id: None,
        authorization_id: "auth".into(),
        refund,
        amount: euros(),
    }
}

fn parked(task: u128, refund: u32) -> TaskParked {
    TaskParked {
        order_id: order_id(),
        task_id: Uuid::from_u128(task),
        task: "retry_refund".into(),
        of: Some(refund.to_string()),
        done: false,
        problem: "closed".into(),
    }
}

#[test]
fn what_is_owed_is_an_operators_until_it_is_given_back() {
    use {What as E, Who::*};
    let mut story = Story::confirmed();
    story.created();
    story.packed();
    story.ready();
    story.dispatching(1);
    story.dispatched();
    story.shipment(ShipmentLost {
        order_id: order_id(),
        shipment_id: shipment_id(),
        lines: vec![],
        amount: euros(),
    });
    story.payment(asked(1));
    story.order(OrderCompleted { order: brief() });
    story.payment(PaymentRefundFailed {
        order_id: order_id(),
        shipment_id: Some(shipment_id()),
        return_id: None,
        refund: 1,
        amount: euros(),
        reason: "lost".into(),
        code: "closed".into(),
    });
    story.is(Stage::Settling, &[(E::Refund, Operator, None)]);
    story.order(parked(1, 1));
    story.is(Stage::Settling, &[(E::Refund, Operator, None)]);
    assert_eq!(story.process().parked(), Some("retry_refund: closed"));
    story.order(TaskResumed {
        order_id: order_id(),
        task_id: Uuid::from_u128(1),
    });
    // It is another refund.
    story.payment(asked(2));
    let day = Some(24 * 60);
    story.is(Stage::Settling, &[(E::Refund, Provider, day)]);
    assert_eq!(story.process().parked(), None);
    story.payment(refunded(2));
    story.is(Stage::Ended, &[]);
    // It comes back, when all has ended.
    story.payment(PaymentRefundReversed {
        order_id: order_id(),
        shipment_id: Some(shipment_id()),
        return_id: None,
        refund: 2,
        amount: euros(),
        reason: "lost".into(),
        code: "closed".into(),
    });
    story.order(parked(2, 2));
    story.is(Stage::Settling, &[(E::Refund, Operator, None)]);
    // Somebody has given it back in another way.
    story.payment(refunded(2));
    story.is(Stage::Ended, &[]);
}
