//! What is packed, sent, kept and tracked.

use super::*;

fn committed(part: u32) -> Event {
    let event = ReservationCommitted {
        order_id: order_id(1),
        epoch: 1,
        location: Location::default(),
        sku: sku("A"),
        quantity: 2,
        part,
        parts: 2,
    };
    Event::Stock(event.into())
}

fn ready() -> Event {
    sent(ShipmentReady {
        order_id: order_id(1),
        shipment_id: shipment_id(),
    })
}

fn asked(attempt: u32) -> Event {
    sent(DispatchRequested {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        attempt,
        idempotency_key: format!("d{attempt}"),
    })
}

fn refused(attempt: u32) -> Event {
    sent(DispatchRefused {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        attempt,
        code: "address".into(),
    })
}

fn tracked(inquiries: u32) -> Event {
    sent(ShipmentTracked {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        tracking_number: "PX-1".into(),
        inquiries,
    })
}

fn dispatch() -> Reaction {
    shipment(ShipmentCommand::RequestDispatch(RequestDispatch {
        order_id: order_id(1),
    }))
}

fn track(inquiries: u32) -> Task {
    Task::Call(Call::Track {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        tracking_number: "PX-1".into(),
        inquiries,
    })
}

/// Asks the carrier so many hours after the first event.
fn later(hours: i64, inquiries: u32) -> Reaction {
    Reaction::Schedule(Timer {
        name: TimerName::Tracking(shipment_id()),
        due: at(hours * 3_600),
        task: track(inquiries),
    })
}

fn reason() -> String {
    "the carrier refused it: address".into()
}

/// The time limit of the refusal of an attempt, which was the `n`-th event.
fn limit(attempt: u32, n: i64) -> Reaction {
    let give_up = ShipmentCommand::GiveUp(GiveUpShipment {
        attempt,
        reason: reason(),
    });
    Reaction::Schedule(Timer {
        name: TimerName::Shipping(shipment_id()),
        due: at(n + 72 * 3_600),
        task: Task::Execute(Command::Shipment(shipment_id(), give_up)),
    })
}

fn then(events: &[Event]) -> Vec<Reaction> {
    after_all::<Shipping>(events)
}

#[test]
fn shipping_has_packed_what_is_kept_for_good() {
    assert_eq!(then(&[committed(1)]), []);
    let create = CreateShipment {
        order_id: order_id(1),
        location: Location::default(),
        skus: vec![],
        further: vec![],
    };
    assert_eq!(
        then(&[committed(2)]),
        [shipment(ShipmentCommand::Create(create))]
    );
}

#[test]
fn shipping_sends_what_is_paid() {
    assert_eq!(
        then(&[captured()]),
        [shipment(ShipmentCommand::MarkReady(MarkReady))]
    );
    let of_nothing = PaymentCaptured {
        order_id: order_id(1),
        shipment_id: None,
        authorization_id: "auth".into(),
        amount: eur(600),
    };
    assert_eq!(then(&[Event::Payment(of_nothing.into())]), []);
    assert_eq!(then(&[ready()]), [dispatch()]);
    let call = Call::Dispatch {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        attempt: 2,
        idempotency_key: "d2".into(),
    };
    assert_eq!(then(&[asked(2)]), [Reaction::Call(call)]);
}

/// What may leave knows itself whether it may.
#[test]
fn shipping_sends_what_nothing_keeps_any_more() {
    assert_eq!(then(&[let_go()]), [dispatch()]);
    assert_eq!(then(&[rejection(true)]), [dispatch()]);
    assert_eq!(then(&[rejection(false)]), []);
    assert_eq!(then(&[held()]), []);
}

#[test]
fn shipping_has_people_see_to_what_the_carrier_refuses_for_so_long_and_no_longer() {
    let hold = order(OrderCommand::PlaceHold(PlaceHold {
        hold: "carrier-refused".into(),
        reason: reason(),
    }));
    let waits = |n: i64| said(Awaited::Dispatch, shipment_id(), n + 72 * 3_600);
    assert_eq!(then(&[refused(1)]), [hold.clone(), limit(1, 0), waits(0)]);
    let call_off = Reaction::Unschedule(TimerName::Shipping(shipment_id()));
    let sent_at_last = [refused(1), let_go(), asked(2), dispatched()];
    let release = order(OrderCommand::ReleaseHold(ReleaseHold {
        hold: "carrier-refused".into(),
    }));
    let reactions = then(&sent_at_last);
    assert_eq!(reactions[1..], [call_off.clone(), release]);
    // While it is tried again nobody cancels it because of the first refusal.
    assert_eq!(then(&[refused(1), asked(2)]).first(), Some(&call_off));
    assert_eq!(then(&[refused(1), kept()]), [call_off]);
    // The time counts anew, and nothing is called off that was not set.
    assert_eq!(
        then(&[refused(1), asked(2), refused(2)]),
        [hold, limit(2, 2), waits(2)]
    );
    assert_eq!(then(&[kept()]), []);
    let given_up = sent(ShipmentGivenUp {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        attempt: 1,
        reason: reason(),
    });
    let cancel = OrderCommand::RequestCancellation(RequestCancellation { reason: reason() });
    assert_eq!(
        then(std::slice::from_ref(&given_up)),
        [order(cancel.clone())]
    );
    // A cancellation that was under way has come to nothing meanwhile.
    assert_eq!(then(&[given_up.clone(), rejection(true)]), [order(cancel)]);
    assert_eq!(then(&[given_up, kept(), let_go()]), [dispatch()]);
}

#[test]
fn shipping_keeps_what_has_not_left_of_what_is_cancelled() {
    assert_eq!(then(&[cancelling()]), []);
    let cancel = CancelShipment {
        order_id: order_id(1),
        location: Location::default(),
        request: 2,
        reason: "no more".into(),
        parcels: 1,
    };
    let cancel = shipment(ShipmentCommand::Cancel(cancel));
    assert_eq!(then(&[cancelling_confirmed()]), [cancel]);
    let too_late = sent(ShipmentCancellationRefused {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        request: 2,
        reason: "the shipment is dispatched".into(),
    });
    let reject = OrderCommand::RejectCancellation(RejectCancellation {
        request: 2,
        reason: "the shipment is dispatched".into(),
    });
    assert_eq!(then(&[too_late]), [order(reject)]);
}

#[test]
fn shipping_asks_where_it_is_less_and_less_often() {
    assert_eq!(then(&[dispatched()]), [later(4, 1)]);
    assert_eq!(then(&[tracked(1)]), [later(12, 2)]);
    for asked in [2, 3, 59] {
        assert_eq!(then(&[tracked(asked)]), [later(24, asked + 1)]);
    }
    let failed = |inquiries| {
        sent(ShipmentDeliveryFailed {
            order_id: order_id(1),
            shipment_id: shipment_id(),
            tracking_number: "PX-1".into(),
            inquiries,
            reason: "nobody was in".into(),
        })
    };
    assert_eq!(then(&[failed(1)]), [later(12, 2)]);
    // What it says unasked, however often, does not put off when it is asked.
    assert_eq!(then(&[dispatched(), failed(0)]), []);
    assert_eq!(then(&[failed(1), failed(1)]), []);
    assert_eq!(then(&[tracked(2), failed(2), failed(2)]), []);
    assert_eq!(then(&[failed(1), tracked(2), failed(2)]), []);
    let next = Timer {
        name: TimerName::Tracking(shipment_id()),
        due: at(2 + 24 * 3_600),
        task: track(4),
    };
    assert_eq!(
        then(&[failed(1), tracked(2), failed(3)]),
        [Reaction::Schedule(next)]
    );
    let state = [dispatched(), tracked(1), failed(2), delivered()];
    let (state, _) = state
        .iter()
        .fold((ShippingState::default(), 0), |(state, n), event| {
            let event = recorded(event.clone(), n);
            (Shipping::react(&Limits::default(), state, &event).0, n + 1)
        });
    assert_eq!(state, ShippingState::default(), "nothing is left of it");
    let found = [Reaction::Unschedule(TimerName::Tracking(shipment_id()))];
    for end in [delivered(), lost(), brought_back()] {
        assert_eq!(then(&[end]), found);
    }
}

#[test]
fn shipping_leaves_to_an_operator_what_the_carrier_has_no_news_of() {
    let parked = |asked: u32| {
        let timer = Timer {
            name: TimerName::Tracking(shipment_id()),
            due: at(0),
            task: track(asked.saturating_add(1)),
        };
        let detail = format!("the carrier was asked {asked} times where the shipment is");
        [Reaction::Park(timer, detail)]
    };
    for asked in [60, 61, u32::MAX] {
        assert_eq!(then(&[tracked(asked)]), parked(asked));
    }
    let never = Limits {
        tracking: vec![],
        ..Limits::default()
    };
    assert_eq!(with::<Shipping>(&never, &[dispatched()]), parked(0));
}

/// Nothing is written of an order that goes its way.
#[test]
fn shipping_remembers_only_what_the_carrier_refused() {
    let way = [
        committed(2),
        captured(),
        ready(),
        let_go(),
        asked(1),
        dispatched(),
        tracked(1),
        delivered(),
    ];
    let mut state = ShippingState::default();
    for (n, event) in way.into_iter().enumerate() {
        (state, _) = Shipping::react(&Limits::default(), state, &recorded(event, n as i64));
        assert_eq!(state, ShippingState::default());
    }
    // Nor read, before there is anything to pack.
    for event in [
        placed(),
        reserved(2),
        authorized(),
        confirmed(),
        committed(1),
    ] {
        assert_eq!(Shipping::key(&recorded(event, 1)), None);
    }
}
