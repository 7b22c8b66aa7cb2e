//! What is expected of an order that leaves in several parcels.

use super::*;
use crate::{
    order::LinesCancelled,
    payment::{PaymentRestReleaseRequested, PaymentRestReleased},
};

fn parcel(n: usize) -> ShipmentId {
    ShipmentId::parcel(order_id(), n)
}

fn both_packed() -> Story {
    let mut story = Story::confirmed();
    for n in [1, 2] {
        story.shipment(ShipmentCreated {
            order_id: order_id(),
            shipment_id: parcel(n),
            location: Location::default(),
            lines: vec![],
            amount: euros(),
            parcels: 2,
        });
    }
    for n in [1, 2] {
        story.shipment(ShipmentPacked {
            order_id: order_id(),
            shipment_id: parcel(n),
            amount: euros(),
        });
    }
    story
}

fn whats(story: &Story) -> Vec<What> {
    let expected = &story.process().expected;
    expected.iter().map(|known| known.what).collect()
}

/// One is never paid, and is dropped; the other goes its way.
#[test]
fn one_that_cannot_leave_is_not_waited_for() {
    let mut story = both_packed();
    assert_eq!(whats(&story), [What::Capture, What::Capture]);
    story.payment(PaymentCaptureFailed {
        order_id: order_id(),
        shipment_id: Some(parcel(2)),
        authorization_id: "auth".into(),
        amount: Some(euros()),
        attempt: 4,
        attempts_left: 0,
        code: "limit".into(),
    });
    assert_eq!(whats(&story), [What::Capture, What::Cancellation]);
    // What is in it is not wanted any more, which is said with it.
    story.order(LinesCancelled {
        order: brief(),
        cancellation_id: parcel(2).uuid(),
        lines: vec![],
        amount: euros().amount,
        all: false,
        reason: "limit".into(),
    });
    story.shipment(ShipmentCancelled {
        order_id: order_id(),
        shipment_id: parcel(2),
        location: Location::default(),
        reason: "limit".into(),
        amount: Some(euros()),
    });
    assert_eq!(whats(&story), [What::Capture]);
}

/// What is left of the authorization is waited for, also when the order has ended.
#[test]
fn that_the_rest_is_let_go_of_is_waited_for() {
    let mut story = both_packed();
    story.payment(PaymentRestReleaseRequested {
        order_id: order_id(),
        authorization_id: "auth".into(),
        amount: euros(),
        idempotency_key: "rest".into(),
    });
    story.order(OrderCompleted { order: brief() });
    assert_eq!(whats(&story), [What::Void]);
    story.payment(PaymentRestReleased {
        order_id: order_id(),
        authorization_id: "auth".into(),
        amount: euros(),
    });
    story.is(Stage::Ended, &[]);
}
