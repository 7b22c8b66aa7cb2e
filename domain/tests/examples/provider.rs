//! One value of every event of what a payment provider says by itself.

use super::{Example, eur, id, order_id};
use domain::{
    Event, ReturnId, ShipmentId,
    payment::{
        DisputeLost, DisputeOpened, DisputeWon, PaymentEvent, PaymentRefundDeferred,
        StrayAuthorizationFound,
    },
};

fn one(event: impl Into<PaymentEvent>) -> Example {
    (None, Event::Payment(event.into()))
}

fn case(case: &'static str, event: impl Into<PaymentEvent>) -> Example {
    (Some(case), Event::Payment(event.into()))
}

fn deferred(
    shipment_id: Option<ShipmentId>,
    return_id: Option<ReturnId>,
    operation: &str,
    reason: &str,
) -> PaymentRefundDeferred {
    PaymentRefundDeferred {
        order_id: order_id(),
        shipment_id,
        return_id,
        amount: eur(510),
        idempotency_key: format!("main:{}:{operation}:1", order_id()),
        reason: reason.into(),
    }
}

pub(super) fn payments() -> Vec<Example> {
    let (shipment, returned) = (ShipmentId::new(id(5)), ReturnId::new(id(7)));
    vec![
        one(StrayAuthorizationFound {
            order_id: order_id(),
            attempt: 1,
            authorization_id: "auth_2".into(),
            amount: eur(1_769),
            idempotency_key: format!("main:{}:authorize:1/void:1", order_id()),
            reason: "the provider has authorized what had been given up".into(),
        }),
        one(DisputeOpened {
            order_id: order_id(),
            dispute_id: "dp_1".into(),
            authorization_id: "auth_1".into(),
            amount: eur(510),
            reason: "fraudulent".into(),
        }),
        one(DisputeWon {
            order_id: order_id(),
            dispute_id: "dp_1".into(),
            amount: eur(510),
            still_open: 0,
        }),
        one(DisputeLost {
            order_id: order_id(),
            dispute_id: "dp_1".into(),
            amount: eur(510),
            still_open: 1,
        }),
        one(deferred(None, None, "void", "the order is being cancelled")),
        case(
            "shipment",
            deferred(Some(shipment), None, "refund", "the carrier has lost it"),
        ),
        case(
            "return",
            deferred(None, Some(returned), "return", "it was returned"),
        ),
    ]
}
