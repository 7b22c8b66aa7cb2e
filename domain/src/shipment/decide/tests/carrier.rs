//! given / when / then of what the carrier says.

use super::*;

pub(super) fn taken() -> ShipmentEvent {
    ShipmentDispatched {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        location: Location::default(),
        lines: lines(),
        carrier: "Parcel Express".into(),
        tracking_number: "PX-1".into(),
        amount: eur(2_050),
    }
    .into()
}

pub(super) fn refused(attempt: u32) -> ShipmentEvent {
    DispatchRefused {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        attempt,
        code: "address".into(),
    }
    .into()
}

fn given_up() -> ShipmentEvent {
    ShipmentGivenUp {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        attempt: 1,
        reason: "nobody saw to it".into(),
    }
    .into()
}

fn give_up(attempt: u32) -> ShipmentCommand {
    ShipmentCommand::GiveUp(GiveUpShipment {
        attempt,
        reason: "nobody saw to it".into(),
    })
}

fn tracked(inquiries: u32) -> ShipmentEvent {
    ShipmentTracked {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        tracking_number: "PX-1".into(),
        inquiries,
    }
    .into()
}

pub(super) fn failed(inquiries: u32) -> ShipmentEvent {
    failed_for("nobody was in", inquiries)
}

fn failed_for(reason: &str, inquiries: u32) -> ShipmentEvent {
    ShipmentDeliveryFailed {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        tracking_number: "PX-1".into(),
        inquiries,
        reason: reason.into(),
    }
    .into()
}

pub(super) fn arrived() -> ShipmentEvent {
    ShipmentDelivered {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        lines: lines(),
        delivered_at: at(5),
    }
    .into()
}

pub(super) fn lost() -> ShipmentEvent {
    ShipmentLost {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        lines: lines(),
        amount: eur(2_050),
    }
    .into()
}

pub(super) fn returned() -> ShipmentEvent {
    ShipmentReturnedToSender {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        lines: lines(),
        amount: eur(2_050),
    }
    .into()
}

fn take(attempt: u32) -> ShipmentCommand {
    ShipmentCommand::RecordDispatched(RecordDispatched {
        attempt,
        carrier: "Parcel Express".into(),
        tracking_number: "PX-1".into(),
    })
}

fn refuse(attempt: u32) -> ShipmentCommand {
    ShipmentCommand::RecordRefused(RecordRefused {
        attempt,
        code: "address".into(),
    })
}

fn track(inquiries: u32) -> ShipmentCommand {
    ShipmentCommand::RecordTracked(RecordTracked { inquiries })
}

fn fail(inquiries: u32) -> ShipmentCommand {
    ShipmentCommand::RecordFailed(RecordFailed {
        inquiries,
        reason: "nobody was in".into(),
    })
}

pub(super) fn deliver() -> ShipmentCommand {
    let delivered_at = at(5);
    ShipmentCommand::RecordDelivered(RecordDelivered { delivered_at })
}

fn lose() -> ShipmentCommand {
    ShipmentCommand::RecordLost(RecordLost)
}

fn bring_back() -> ShipmentCommand {
    ShipmentCommand::RecordReturnedToSender(RecordReturnedToSender)
}

#[test]
fn what_the_carrier_has_taken() {
    for status in ALL {
        let when = on(&history(status), &take(1));
        match status {
            S::Dispatching => when.then([taken()]),
            S::Pending | S::Packed | S::Ready | S::Cancelled => {
                when.then_refused(ShipmentError::Attempt { attempt: 1 })
            }
            S::Refused => when.then_refused(refusal(S::Refused, "record its dispatch")),
            _ => when.then_nothing(),
        };
    }
    // Nobody asked for these: a second label is a matter for people.
    for attempt in [0, 2, u32::MAX] {
        let refusal = ShipmentError::Attempt { attempt };
        on(&history(S::Dispatching), &take(attempt)).then_refused(refusal.clone());
        on(&history(S::Dispatched), &take(attempt)).then_refused(refusal);
    }
    let second = [history(S::Refused), vec![asked(2)]].concat();
    on(&second, &take(1)).then_refused(ShipmentError::Attempt { attempt: 1 });
    on(&second, &take(2)).then([taken()]);
    on(&[], &take(1)).then_refused(ShipmentError::NotFound);
    on(&[], &take(0)).then_refused(ShipmentError::NotFound);
    on(&history(S::Pending), &take(0)).then_refused(ShipmentError::Attempt { attempt: 0 });
}

#[test]
fn what_the_carrier_refuses() {
    for status in ALL {
        let when = on(&history(status), &refuse(1));
        match status {
            S::Dispatching => when.then([refused(1)]),
            S::Refused => when.then_nothing(),
            status => when.then_refused(refusal(status, "record a refusal")),
        };
    }
    on(&history(S::Dispatching), &refuse(2)).then_refused(ShipmentError::Attempt { attempt: 2 });
    let second = [history(S::Refused), vec![asked(2)]].concat();
    // The answer to the first attempt, once more: it is none to the second.
    on(&second, &refuse(1)).then_nothing();
    on(&second, &refuse(2)).then([refused(2)]);
    let taken_at_last = [second, vec![taken()]].concat();
    on(&taken_at_last, &refuse(1)).then_nothing();
    on(&taken_at_last, &refuse(2)).then_refused(refusal(S::Dispatched, "record a refusal"));
}

/// Who says so may have forgotten what happened since.
#[test]
fn what_the_carrier_refuses_still_is_given_up() {
    for status in ALL {
        let when = on(&history(status), &give_up(1));
        match status {
            S::Refused => when.then([given_up()]),
            _ => when.then_nothing(),
        };
    }
    let refused_again = [history(S::Refused), vec![asked(2), refused(2)]].concat();
    on(&refused_again, &give_up(1)).then_nothing();
    let kept = [history(S::Refused), vec![given_up()]].concat();
    let ask = ShipmentCommand::RequestDispatch(RequestDispatch {
        order_id: order_id(1),
    });
    on(&kept, &ask).then_refused(ShipmentError::GivenUp);
}

#[test]
fn what_the_carrier_has_no_news_of() {
    in_each_status(
        &track(2),
        "track it",
        &[(S::Dispatched, tracked(2)), (S::Failed, tracked(2))],
        &[],
    );
    let twice = [history(S::Dispatched), vec![tracked(2)]].concat();
    for inquiries in 0..=2 {
        on(&twice, &track(inquiries)).then_nothing();
    }
    on(&twice, &track(u32::MAX)).then([tracked(u32::MAX)]);
}

#[test]
fn what_the_carrier_cannot_hand_over_is_still_under_way() {
    in_each_status(
        &fail(2),
        "record a failed delivery",
        // That is known; but the carrier was asked once more.
        &[(S::Dispatched, failed(2)), (S::Failed, tracked(2))],
        &[],
    );
    on(&history(S::Failed), &fail(1)).then_nothing();
    // People may say another reason; the carrier does so when it was asked again.
    for (inquiries, known) in [(0, 1), (2, 2)] {
        let other = ShipmentCommand::RecordFailed(RecordFailed {
            inquiries,
            reason: "a dog".into(),
        });
        let again = on(&history(S::Failed), &other).then([failed_for("a dog", known)]);
        assert_eq!(again.status(), Some(S::Failed));
        let since = [history(S::Failed), vec![failed_for("a dog", 1)]].concat();
        on(&since, &fail(1)).then_nothing();
    }
    // What is said of an earlier time does not make anybody ask again.
    let twice = [history(S::Dispatched), vec![tracked(2)]].concat();
    let state = on(&twice, &fail(1)).then([failed(2)]);
    assert_eq!(state.status(), Some(S::Failed));
}

#[test]
fn what_arrives() {
    in_each_status(
        &deliver(),
        "record its delivery",
        &[(S::Dispatched, arrived()), (S::Failed, arrived())],
        &[S::Delivered],
    );
    let another_day = ShipmentCommand::RecordDelivered(RecordDelivered {
        delivered_at: at(99),
    });
    on(&history(S::Delivered), &another_day).then_nothing();
    let before_time = ShipmentCommand::RecordDelivered(RecordDelivered {
        delivered_at: "1899-12-31T23:59:59Z".parse().unwrap(),
    });
    for status in ALL {
        on(&history(status), &before_time).then_refused(ShipmentError::DeliveredTooEarly);
    }
    on(&[], &before_time).then_refused(ShipmentError::DeliveredTooEarly);
}

#[test]
fn what_does_not_arrive() {
    in_each_status(
        &lose(),
        "record its loss",
        &[(S::Dispatched, lost()), (S::Failed, lost())],
        &[S::Lost],
    );
    in_each_status(
        &bring_back(),
        "record its return",
        &[(S::Dispatched, returned()), (S::Failed, returned())],
        &[S::ReturnedToSender],
    );
}

#[test]
fn what_the_carrier_says_is_cleaned() {
    let long = "a\n".to_owned() + &"x".repeat(1_000);
    let cut = |length: usize| "a ".to_owned() + &"x".repeat(length - 2);
    let command = ShipmentCommand::RecordDispatched(RecordDispatched {
        attempt: 1,
        carrier: long.clone(),
        tracking_number: long.clone(),
    });
    let state = Shipments::fold(&history(S::Dispatching));
    let events = Shipments::decide(&state, &command).unwrap();
    let [ShipmentEvent::ShipmentDispatched(event)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(
        (&event.carrier, &event.tracking_number),
        (&cut(255), &cut(255))
    );
    let command = ShipmentCommand::RecordRefused(RecordRefused {
        attempt: 1,
        code: long.clone(),
    });
    let events = Shipments::decide(&state, &command).unwrap();
    let [ShipmentEvent::DispatchRefused(event)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(event.code, cut(200));
    let command = ShipmentCommand::RecordFailed(RecordFailed {
        inquiries: 1,
        reason: long,
    });
    let state = Shipments::fold(&history(S::Dispatched));
    let events = Shipments::decide(&state, &command).unwrap();
    let [ShipmentEvent::ShipmentDeliveryFailed(event)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(event.reason, cut(500));
}
