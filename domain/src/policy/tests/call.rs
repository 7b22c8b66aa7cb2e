//! Which calls are still to be made, whatever has happened to the payment.

use super::*;
use crate::{Decider, State, StreamId, TenantId, payment::Payments, shipment::Shipments};

fn calls() -> [(&'static str, Call); 10] {
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
                rest: false,
            },
        ),
        ("capture", capture(1)),
        ("capture again", capture(2)),
        ("refund", refund(1)),
        ("dispatch", dispatch(1)),
        ("dispatch again", dispatch(2)),
        ("track", track(2)),
    ]
}

fn capture(attempt: u32) -> Call {
    Call::Capture {
        order_id: order_id(1),
        shipment_id: Some(shipment_id()),
        authorization_id: "auth".into(),
        amount: eur(600),
        attempt,
        idempotency_key: "c".into(),
        more: false,
    }
}

fn refund(refund: u32) -> Call {
    Call::Refund {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        refund,
        amount: eur(600),
        idempotency_key: "r".into(),
    }
}

fn dispatch(attempt: u32) -> Call {
    Call::Dispatch {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        attempt,
        idempotency_key: "d".into(),
    }
}

fn track(inquiries: u32) -> Call {
    Call::Track {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        tracking_number: "PX-1".into(),
        inquiries,
    }
}

/// The calls that a payment, or a shipment, with this history waits for.
fn awaited(history: &[Event]) -> Vec<&'static str> {
    let mut states = [
        State::Payment(Payments::fold(&[])),
        State::Shipment(Shipments::fold(&[])),
        State::Order(crate::order::Order::Absent),
    ];
    for event in history {
        states = states.map(|state| state.evolve(event));
    }
    let awaited = calls().into_iter();
    awaited
        .filter(|(_, call)| states.iter().any(|state| call.is_awaited_by(state)))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn each_call_is_about_one_stream() {
    let tenant = TenantId::default();
    let payment = StreamId::payment(&tenant, order_id(1));
    let shipment = StreamId::shipment(&tenant, shipment_id());
    for (name, call) in calls() {
        let outside = name.starts_with("dispatch") || name.starts_with("track");
        let stream = if outside { &shipment } else { &payment };
        assert_eq!(call.stream(&tenant), *stream, "{name}");
        assert_eq!(call.order_id(), order_id(1));
        assert!(name.starts_with(call.name()), "{name}");
    }
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
    assert_eq!(awaited(&[]), [""; 0]);
    assert_eq!(awaited(&[requested()]), ["authorize"]);
    // Something may be set aside, and has to be given back: the provider is only asked.
    assert_eq!(awaited(&[requested(), deferred.clone()]), ["authorize"]);
    for (history, only_asks) in [
        (vec![requested()], false),
        (vec![requested(), deferred], true),
    ] {
        let empty = State::Payment(Payments::fold(&[]));
        let state = history.iter().fold(empty, State::evolve);
        let asking = calls()
            .into_iter()
            .filter(|(_, call)| call.only_asks(&state));
        let asking: Vec<_> = asking.map(|(name, _)| name).collect();
        assert_eq!(asking, ["authorize"][..usize::from(only_asks)]);
    }
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
}

#[test]
fn only_what_is_to_be_taken_or_given_back_is() {
    let asked = |attempt| {
        let event = PaymentCaptureRequested {
            order_id: order_id(1),
            shipment_id: Some(shipment_id()),
            authorization_id: "auth".into(),
            amount: eur(600),
            attempt,
            max_attempts: 2,
            idempotency_key: "c".into(),
            more: false,
        };
        Event::Payment(event.into())
    };
    let failed = PaymentCaptureFailed {
        order_id: order_id(1),
        shipment_id: Some(shipment_id()),
        authorization_id: "auth".into(),
        amount: Some(eur(600)),
        attempt: 1,
        attempts_left: 1,
        code: "no".into(),
    };
    let failed = Event::Payment(failed.into());
    let refund = PaymentRefundRequested {
        order_id: order_id(1),
        shipment_id: None,
        return_id: None,
        authorization_id: "auth".into(),
        refund: 1,
        amount: eur(600),
        idempotency_key: "r".into(),
        reason: "cancelled".into(),
    };
    let refund = Event::Payment(refund.into());
    let refunded = PaymentRefunded {
        order_id: order_id(1),
        shipment_id: None,
        return_id: None,
        authorization_id: "auth".into(),
        refund: 1,
        amount: eur(600),
    };
    let refunded = Event::Payment(refunded.into());
    let mut history = vec![requested(), authorized(), asked(1)];
    for (next, expected) in [
        (failed, vec!["capture"]),
        (asked(2), vec![]),
        (captured(), vec!["capture again"]),
        (refund, vec![]),
        (refunded, vec!["refund"]),
    ] {
        assert_eq!(awaited(&history), expected);
        history.push(next);
    }
    assert_eq!(awaited(&history), [""; 0]);
}

#[test]
fn only_what_may_leave_or_is_under_way_is_the_carriers() {
    let (order_id, shipment_id) = (order_id(1), shipment_id());
    let created = sent(ShipmentCreated {
        order_id,
        shipment_id,
        location: Location::default(),
        lines: lines(),
        amount: eur(600),
        parcels: 1,
    });
    let asked = |attempt| {
        sent(DispatchRequested {
            order_id,
            shipment_id,
            attempt,
            idempotency_key: "d".into(),
        })
    };
    let refused = sent(DispatchRefused {
        order_id,
        shipment_id,
        attempt: 1,
        code: "no".into(),
    });
    let tracked = |inquiries| {
        sent(ShipmentTracked {
            order_id,
            shipment_id,
            tracking_number: "PX-1".into(),
            inquiries,
        })
    };
    let failed = sent(ShipmentDeliveryFailed {
        order_id,
        shipment_id,
        tracking_number: "PX-1".into(),
        inquiries: 1,
        reason: "nobody was in".into(),
    });
    let before = [created, asked(1), refused, asked(2), dispatched()];
    for (n, expected) in [(1, ""), (2, "dispatch"), (3, ""), (4, "dispatch again")] {
        let expected: Vec<_> = Some(expected)
            .filter(|name| !name.is_empty())
            .into_iter()
            .collect();
        assert_eq!(awaited(&before[..n]), expected, "{n}");
    }
    let then = |events: &[Event]| awaited(&[&before, events].concat());
    assert_eq!(then(&[]), ["track"]);
    assert_eq!(then(&[tracked(1)]), ["track"]);
    assert_eq!(then(&[failed]), ["track"]);
    assert_eq!(then(&[tracked(2)]), [""; 0]);
    for end in [delivered(), lost(), brought_back()] {
        assert_eq!(then(&[end]), [""; 0]);
    }
}
