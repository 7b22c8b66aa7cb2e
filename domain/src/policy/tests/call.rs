//! Which calls are still to be made, whatever has happened to the payment.

use super::*;
use crate::{Decider, payment::Payments};

fn calls() -> [(&'static str, Call); 5] {
    let order_id = order_id(1);
    let inquire = |inquiries| Call::Inquire {
        order_id,
        attempt: 1,
        idempotency_key: "k".into(),
        inquiries,
        last: false,
    };
    [
        (
            "authorize",
            Call::Authorize {
                order_id,
                attempt: 1,
                amount: eur(600),
                payment_method: "tok".into(),
                idempotency_key: "k".into(),
            },
        ),
        ("inquire once", inquire(1)),
        ("inquire twice", inquire(2)),
        (
            "void",
            Call::Void {
                order_id,
                authorization_id: "auth".into(),
                idempotency_key: "v".into(),
            },
        ),
        (
            "capture",
            Call::Capture {
                order_id,
                authorization_id: "auth".into(),
                amount: eur(600),
                idempotency_key: "c".into(),
            },
        ),
    ]
}

/// The calls that a payment with this history waits for.
fn awaited(history: &[Event]) -> Vec<&'static str> {
    let events: Vec<_> = history
        .iter()
        .map(|event| match event {
            Event::Payment(event) => event.clone(),
            other => panic!("{other:?} is not a payment's"),
        })
        .collect();
    let payment = Payments::fold(&events);
    let awaited = calls().into_iter();
    awaited
        .filter(|(_, call)| call.is_awaited_by(&payment))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn only_what_the_payment_waits_for_is_called() {
    let parked = Event::Payment(
        PaymentParked {
            order_id: order_id(1),
            attempt: 1,
            detail: "no answer".into(),
        }
        .into(),
    );
    let deferred = Event::Payment(
        PaymentVoidDeferred {
            order_id: order_id(1),
            idempotency_key: "v".into(),
            reason: "cancelled".into(),
        }
        .into(),
    );
    let second = Event::Payment(
        PaymentAuthorizationRequested {
            order_id: order_id(1),
            amount: eur(600),
            payment_method: "tok".into(),
            attempt: 2,
            max_attempts: 3,
            idempotency_key: "k2".into(),
        }
        .into(),
    );
    let capture = Event::Payment(
        PaymentCaptureRequested {
            order_id: order_id(1),
            authorization_id: "auth".into(),
            amount: eur(600),
            idempotency_key: "c".into(),
        }
        .into(),
    );
    assert_eq!(awaited(&[]), [""; 0]);
    assert_eq!(awaited(&[requested()]), ["authorize"]);
    // Something may be set aside, and has to be given back.
    assert_eq!(awaited(&[requested(), deferred]), ["authorize"]);
    let both = ["inquire once", "inquire twice"];
    assert_eq!(awaited(&[requested(), unknown(0)]), both);
    assert_eq!(awaited(&[requested(), unknown(1)]), ["inquire twice"]);
    assert_eq!(awaited(&[requested(), unknown(2)]), [""; 0]);
    assert_eq!(awaited(&[requested(), unknown(4), parked]), both);
    assert_eq!(awaited(&[requested(), declined(1, 2)]), [""; 0]);
    assert_eq!(awaited(&[requested(), declined(1, 2), second]), [""; 0]);
    assert_eq!(awaited(&[requested(), authorized()]), [""; 0]);
    assert_eq!(
        awaited(&[requested(), authorized(), void_requested()]),
        ["void"]
    );
    assert_eq!(
        awaited(&[requested(), authorized(), void_requested(), voided()]),
        [""; 0]
    );
    assert_eq!(awaited(&[requested(), authorized(), capture]), ["capture"]);
}
