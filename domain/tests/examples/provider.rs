//! One value of every event of what a payment provider says by itself.

use super::{Example, eur, id, order_id};
use domain::{
    Event, ReturnId, ShipmentId,
    payment::{
        DisputeLost, DisputeOpened, DisputeWon, FormerAuthorizationVoided, PaymentActionRequired,
        PaymentAuthorizationExpired, PaymentAuthorized, PaymentEvent, PaymentReauthorizationFailed,
        PaymentReauthorizationRequested, PaymentReauthorized, PaymentRefundDeferred,
        PaymentRefundFailed, PaymentRefundReversed, StrayAuthorizationFound,
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

/// What the end of an authorization leads to.
pub(super) fn lifetimes() -> Vec<Example> {
    let at = |text: &str| Some(text.parse().expect("examples are valid"));
    let anew = |expires_at| PaymentReauthorized {
        order_id: order_id(),
        former_authorization_id: "auth_1".into(),
        authorization_id: "auth_2".into(),
        amount: eur(1_769),
        expires_at,
        void_key: format!("main:{}:reauthorize:1/former", order_id()),
    };
    let failed = |needed, expires_at| PaymentReauthorizationFailed {
        order_id: order_id(),
        authorization_id: "auth_1".into(),
        expires_at,
        needed,
        code: "card_declined".into(),
    };
    vec![
        case(
            "expires",
            PaymentAuthorized {
                order_id: order_id(),
                attempt: 1,
                authorization_id: "auth_1".into(),
                amount: eur(1_769),
                expires_at: at("2026-06-01T12:00:00Z"),
            },
        ),
        case(
            "until",
            PaymentActionRequired {
                order_id: order_id(),
                attempt: 1,
                authorization_id: "auth_1".into(),
                url: "https://provider.example/actions/1".into(),
                until: at("2026-05-25T12:15:00Z"),
            },
        ),
        one(PaymentReauthorizationRequested {
            order_id: order_id(),
            former_authorization_id: "auth_1".into(),
            amount: eur(1_769),
            payment_method: "tok_approve".into(),
            idempotency_key: format!("main:{}:reauthorize:1", order_id()),
        }),
        one(anew(at("2026-06-08T12:00:00Z"))),
        case("endless", anew(None)),
        one(failed(true, at("2026-06-08T12:00:00Z"))),
        case("unneeded", failed(false, None)),
        one(FormerAuthorizationVoided {
            order_id: order_id(),
            authorization_id: "auth_1".into(),
        }),
        one(PaymentAuthorizationExpired {
            order_id: order_id(),
            authorization_id: "auth_1".into(),
        }),
    ]
}

/// What could not be given back, or has come back.
pub(super) fn owed() -> Vec<Example> {
    let (shipment, returned) = (ShipmentId::new(id(5)), ReturnId::new(id(7)));
    let failed = |shipment_id, return_id, reason: &str| PaymentRefundFailed {
        order_id: order_id(),
        shipment_id,
        return_id,
        refund: 1,
        amount: eur(510),
        reason: reason.into(),
        code: "refund_declined".into(),
    };
    let reversed = |shipment_id, return_id, reason: &str| PaymentRefundReversed {
        order_id: order_id(),
        shipment_id,
        return_id,
        refund: 1,
        amount: eur(510),
        reason: reason.into(),
        code: "account_closed".into(),
    };
    let (all, lost, back) = (
        "the order is being cancelled",
        "the carrier has lost it",
        "it was returned",
    );
    vec![
        one(failed(None, None, all)),
        case("shipment", failed(Some(shipment), None, lost)),
        case("return", failed(None, Some(returned), back)),
        one(reversed(None, None, all)),
        case("shipment", reversed(Some(shipment), None, lost)),
        case("return", reversed(None, Some(returned), back)),
    ]
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
