//! given / when / then of an order that leaves in several parcels: each is taken for, and of the rest the
//! provider lets go.

use super::*;
use crate::{ShipmentId, testing::uuid};

fn shipment(n: u64) -> ShipmentId {
    ShipmentId::new(uuid(7, n))
}

fn asked(n: u64, amount: i64) -> PaymentEvent {
    PaymentCaptureRequested {
        order_id: order_id(1),
        shipment_id: Some(shipment(n)),
        authorization_id: "auth".into(),
        amount: eur(amount),
        attempt: 1,
        max_attempts: 1,
        idempotency_key: format!("c{n}"),
        more: true,
    }
    .into()
}

fn taken(n: u64, amount: i64) -> PaymentEvent {
    PaymentCaptured {
        order_id: order_id(1),
        shipment_id: Some(shipment(n)),
        authorization_id: "auth".into(),
        amount: eur(amount),
    }
    .into()
}

fn failed(n: u64, amount: i64) -> PaymentEvent {
    PaymentCaptureFailed {
        order_id: order_id(1),
        shipment_id: Some(shipment(n)),
        authorization_id: "auth".into(),
        amount: Some(eur(amount)),
        attempt: 1,
        attempts_left: 0,
        code: "no funds".into(),
    }
    .into()
}

fn record(n: u64, amount: i64) -> PaymentCommand {
    PaymentCommand::RecordLastCaptured(RecordCaptured {
        authorization_id: "auth".into(),
        shipment_id: Some(shipment(n)),
        attempt: 1,
        amount: eur(amount),
    })
}

fn release() -> PaymentCommand {
    PaymentCommand::ReleaseRest(ReleaseRest {
        order_id: order_id(1),
        idempotency_key: "rest".into(),
    })
}

fn asked_to_let_go(amount: i64, key: &str) -> PaymentEvent {
    PaymentRestReleaseRequested {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        amount: eur(amount),
        idempotency_key: key.into(),
    }
    .into()
}

fn let_go(amount: i64) -> PaymentEvent {
    PaymentRestReleased {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        amount: eur(amount),
    }
    .into()
}

fn void() -> PaymentCommand {
    PaymentCommand::RequestVoid(RequestVoid {
        order_id: order_id(1),
        idempotency_key: "v1".into(),
        reason: "cancelled".into(),
    })
}

fn record_voided() -> PaymentCommand {
    PaymentCommand::RecordVoided(RecordVoided {
        authorization_id: "auth".into(),
    })
}

/// One parcel is paid, so much of what is set aside.
fn one_paid(amount: i64) -> Vec<PaymentEvent> {
    vec![
        requested(1),
        authorized(1),
        asked(1, amount),
        taken(1, amount),
    ]
}

/// Whatever the provider's word is taken for, more is taken after it.
#[test]
fn the_rest_stays_set_aside_until_all_is_settled() {
    let asking = one_paid(1_000)[..3].to_vec();
    on(&asking, record(1, 1_000)).then([taken(1, 1_000)]);
    let both = [one_paid(1_000), vec![asked(2, 900)]].concat();
    on(&both, record(2, 900)).then([taken(2, 900)]);
    // While something is being taken, it is not let go of.
    on(&both, release()).then_nothing();
    let all = [both, vec![taken(2, 900)]].concat();
    on(&all, release()).then([asked_to_let_go(99, "rest")]);
    let asked = [all, vec![asked_to_let_go(99, "rest")]].concat();
    assert!(Payments::fold(&asked).lets_go);
    on(&asked, record_voided()).then([let_go(99)]);
    let done = Payments::fold(&[asked, vec![let_go(99)]].concat());
    assert_eq!((done.status, done.lets_go), (S::Captured, false));
    // Where nothing is left, nothing is asked.
    let whole = [one_paid(1_000), vec![asked_all()]].concat();
    let whole = [whole, vec![taken(2, 999)]].concat();
    on(&whole, release()).then_nothing();
}

fn asked_all() -> PaymentEvent {
    asked(2, 999)
}

/// The order is cancelled when one parcel is paid: first the provider lets go, then it gives back.
#[test]
fn what_was_taken_is_given_back_once_the_rest_is_let_go_of() {
    let deferred: PaymentEvent = PaymentVoidDeferred {
        order_id: order_id(1),
        idempotency_key: "v1".into(),
        reason: "cancelled".into(),
    }
    .into();
    let asked_both = [deferred.clone(), asked_to_let_go(999, "v1/rest")];
    on(&one_paid(1_000), void()).then(asked_both.clone());
    let waits = [one_paid(1_000), asked_both.to_vec()].concat();
    on(&waits, release()).then_nothing();
    let refund: PaymentEvent = PaymentRefundRequested {
        order_id: order_id(1),
        shipment_id: None,
        return_id: None,
        authorization_id: "auth".into(),
        refund: 1,
        amount: eur(1_000),
        idempotency_key: "v1".into(),
        reason: "cancelled".into(),
    }
    .into();
    on(&waits, record_voided()).then([let_go(999), refund.clone()]);
    // Nor is more taken meanwhile.
    let more = PaymentCommand::RequestCapture(RequestCapture {
        order_id: order_id(1),
        shipment_id: shipment(2),
        amount: eur(999),
        attempt: 1,
        max_attempts: 1,
        idempotency_key: "c2".into(),
        more: true,
    });
    on(&waits, more).then_refused(PaymentError::State {
        status: S::PartiallyCaptured,
        command: "capture it",
    });
    // What is being let go of already is let go of once.
    let let_going = [one_paid(1_000), vec![asked_to_let_go(999, "rest")]].concat();
    on(&let_going, void()).then([deferred.clone()]);
    // The other parcel was being taken for.
    let taking = [one_paid(1_000), vec![asked(2, 900), deferred]].concat();
    on(&taking, record(2, 900)).then([taken(2, 900), asked_to_let_go(99, "v1/rest")]);
    let fails = PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
        authorization_id: "auth".into(),
        shipment_id: Some(shipment(2)),
        attempt: 1,
        code: "no funds".into(),
    });
    on(&taking, fails).then([failed(2, 900), asked_to_let_go(999, "v1/rest")]);
}

/// What the provider lets go of with what is said to be the last it is not asked to let go of once more.
#[test]
fn what_is_let_go_of_with_a_capture_is_let_go_of_once() {
    let last = PaymentCaptureRequested {
        order_id: order_id(1),
        shipment_id: Some(shipment(2)),
        authorization_id: "auth".into(),
        amount: eur(900),
        attempt: 1,
        max_attempts: 1,
        idempotency_key: "c2".into(),
        more: false,
    };
    let deferred = PaymentVoidDeferred {
        order_id: order_id(1),
        idempotency_key: "v1".into(),
        reason: "cancelled".into(),
    };
    let taking = [one_paid(1_000), vec![last.into(), deferred.into()]].concat();
    let told = Payments::decide(&Payments::fold(&taking), &record(2, 900)).unwrap();
    assert_eq!(told[..2], [taken(2, 900), let_go(99)]);
    assert!(matches!(
        told[2..],
        [PaymentEvent::PaymentRefundRequested(ref all)] if all.amount == eur(1_900)
    ));
}

/// Of a parcel that could not be sent, what was taken for it is given back, if anything was.
#[test]
fn what_was_not_taken_is_not_given_back() {
    let refund = |n| {
        PaymentCommand::RequestRefund(RequestRefund {
            order_id: order_id(1),
            shipment_id: shipment(n),
            amount: eur(999),
            idempotency_key: "r1".into(),
            reason: "it could not be sent".into(),
        })
    };
    let one = [one_paid(1_000), vec![asked(2, 999), failed(2, 999)]].concat();
    on(&one, refund(2)).then_nothing();
    assert_eq!(
        Payments::decide(&Payments::fold(&one), &refund(1))
            .unwrap()
            .len(),
        1
    );
    let zero = vec![requested(1), authorized(1)];
    on(&zero, release()).then_nothing();
}
