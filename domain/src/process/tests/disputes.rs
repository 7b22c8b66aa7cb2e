//! What a dispute makes of a process, and what is given back that nobody waited for.

use super::*;
use crate::payment::{
    DisputeLost, DisputeOpened, LatePaymentReversed, PaymentVoidDeferred, StrayAuthorizationFound,
};

#[test]
fn a_dispute_is_waited_for_even_after_the_end() {
    use {What as E, Who::*};
    let mut story = Story::confirmed();
    story.payment(DisputeOpened {
        order_id: order_id(),
        dispute_id: "d".into(),
        authorization_id: "auth".into(),
        amount: euros(),
        reason: "fraudulent".into(),
    });
    story.order(OrderCompleted { order: brief() });
    let days = 120 * 24 * 60 - 1;
    story.is(Stage::Settling, &[(E::Dispute, Provider, Some(days))]);
    story.payment(DisputeLost {
        order_id: order_id(),
        dispute_id: "d".into(),
        amount: euros(),
        still_open: 0,
    });
    story.is(Stage::Ended, &[]);
}

#[test]
fn what_comes_late_is_to_be_given_back() {
    use {What as E, Who::*};
    let mut story = Story::confirmed();
    story.order(OrderCompleted { order: brief() });
    story.payment(StrayAuthorizationFound {
        order_id: order_id(),
        attempt: 1,
        authorization_id: "late".into(),
        amount: euros(),
        idempotency_key: "key".into(),
        reason: "late".into(),
    });
    story.is(Stage::Settling, &[(E::Void, Provider, Some(24 * 60))]);
    story.payment(LatePaymentReversed {
        order_id: order_id(),
        authorization_id: "late".into(),
        amount: euros(),
    });
    story.is(Stage::Ended, &[]);
}

/// The payment's own void, and that of what nobody waited for, end each by itself.
#[test]
fn what_comes_late_is_waited_for_when_the_payment_is_given_back() {
    use {What as E, Who::*};
    let mut story = Story::confirmed();
    story.order(OrderCancelled {
        order: brief(),
        reason: "changed my mind".into(),
        confirmed: true,
    });
    story.payment(StrayAuthorizationFound {
        order_id: order_id(),
        attempt: 1,
        authorization_id: "late".into(),
        amount: euros(),
        idempotency_key: "key".into(),
        reason: "late".into(),
    });
    story.payment(PaymentVoidDeferred {
        order_id: order_id(),
        idempotency_key: "key".into(),
        reason: "cancelled".into(),
    });
    story.payment(PaymentVoidRequested {
        order_id: order_id(),
        authorization_id: "auth".into(),
        idempotency_key: "key".into(),
        reason: "cancelled".into(),
    });
    // The former was found two minutes earlier.
    let void = |earlier: i64| (E::Void, Provider, Some(24 * 60 - earlier));
    story.is(Stage::Settling, &[void(2), void(0)]);
    story.payment(PaymentVoided {
        order_id: order_id(),
        authorization_id: Some("auth".into()),
    });
    story.is(Stage::Settling, &[void(3)]);
    story.payment(LatePaymentReversed {
        order_id: order_id(),
        authorization_id: "late".into(),
        amount: euros(),
    });
    story.is(Stage::Ended, &[]);
}
