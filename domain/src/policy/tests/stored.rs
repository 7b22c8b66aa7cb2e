//! What policies remember and plan is stored as JSON between one release and the next: these forms
//! must always be readable.

use super::*;
use std::fmt::Debug;

#[track_caller]
fn frozen<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, json: &str) {
    assert_eq!(serde_json::to_string(value).unwrap(), json);
    assert_eq!(serde_json::from_str::<T>(json).unwrap(), *value);
}

/// What `P` remembers after `events`.
fn remembered<P: Policy>(events: &[Event]) -> P::State {
    let mut state = P::State::default();
    for (n, event) in events.iter().enumerate() {
        state = P::react(
            &Limits::default(),
            state,
            &recorded(event.clone(), n as i64),
        )
        .0;
    }
    state
}

#[test]
fn what_policies_remember() {
    frozen(
        &remembered::<Inventory>(&[placed()]),
        r#"{"items":[{"sku":"A","lines":[{"line":2,"quantity":2}]},{"sku":"B","lines":[{"line":1,"quantity":1},{"line":3,"quantity":3}]}]}"#,
    );
    frozen(
        &remembered::<Inventory>(&[placed(), reserved(2), expired()]),
        r#"{"items":[]}"#,
    );
    // What was given back before it was heard of where it is.
    frozen(
        &remembered::<Inventory>(&[placed(), expired()]),
        r#"{"items":[{"sku":"A","lines":[{"line":2,"quantity":2}]},{"sku":"B","lines":[{"line":1,"quantity":1},{"line":3,"quantity":3}]}],"released":"expired"}"#,
    );
    frozen(
        &remembered::<PaymentPolicy>(&[placed()]),
        r#"{"amount":{"amount":600,"currency":"EUR"},"payment_method":"tok"}"#,
    );
    // What came later is left out where it says nothing.
    let not_taken = PaymentCaptureFailed {
        order_id: order_id(1),
        shipment_id: Some(shipment_id()),
        authorization_id: "auth".into(),
        amount: Some(eur(600)),
        attempt: 1,
        attempts_left: 3,
        code: "limit".into(),
    };
    frozen(
        &remembered::<PaymentPolicy>(&[Event::Payment(not_taken.into())]),
        r#"{"amount":null,"payment_method":"","not_taken":["2eb05378-24f6-5006-963f-d2c50249137a"]}"#,
    );
    let refused = sent(DispatchRefused {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        attempt: 1,
        code: "address".into(),
    });
    frozen(
        &remembered::<Shipping>(&[refused]),
        r#"{"refused":["2eb05378-24f6-5006-963f-d2c50249137a"]}"#,
    );
    frozen(
        &remembered::<OrderPolicy>(&[held(), authorized(), cancelling()]),
        r#"{"holds":1,"authorized":true,"cancelling":true,"released":false,"voided":false}"#,
    );
}

#[test]
fn what_is_waited_for_and_where() {
    let east = || Location::parse("east").unwrap();
    frozen(
        &InventoryState {
            items: vec![],
            places: vec![east(), Location::default()],
            ..InventoryState::default()
        },
        r#"{"items":[],"places":["east","main"]}"#,
    );
    let waits = ShippingState {
        backorder: Backorder {
            waiting: [(sku("A"), 2)].into(),
            kept: true,
        },
        place: Some(east()),
        ..ShippingState::default()
    };
    frozen(
        &waits,
        r#"{"refused":[],"backorder":{"waiting":{"A":2},"kept":true},"place":"east"}"#,
    );
    let asked = ShippingState {
        asked: [(shipment_id(), 2)].into(),
        ..ShippingState::default()
    };
    frozen(
        &asked,
        r#"{"refused":[],"asked":{"2eb05378-24f6-5006-963f-d2c50249137a":2}}"#,
    );
    let give_up = ReservationCommand {
        order_id: order_id(1),
        epoch: 1,
        location: east(),
        further: vec![],
        items: vec![ReservationItem {
            sku: sku("A"),
            lines: vec![],
        }],
        step: ReservationStep::GiveUp,
    };
    frozen(
        &Task::Execute(Command::Reservation(give_up.clone())),
        r#"{"execute":{"Reservation":{"order_id":"01920000-0001-7000-8000-000000000001","epoch":1,"location":"east","items":[{"sku":"A","lines":[]}],"step":"give_up"}}}"#,
    );
    let anywhere = ReservationCommand {
        further: vec![Location::default()],
        ..give_up
    };
    frozen(
        &Task::Execute(Command::Reservation(anywhere)),
        r#"{"execute":{"Reservation":{"order_id":"01920000-0001-7000-8000-000000000001","epoch":1,"location":"east","further":["main"],"items":[{"sku":"A","lines":[]}],"step":"give_up"}}}"#,
    );
}

#[test]
fn what_timers_and_calls_do() {
    frozen(
        &Task::Execute(Command::Order(
            order_id(1),
            OrderCommand::Expire(ExpireOrder),
        )),
        r#"{"execute":{"Order":["01920000-0001-7000-8000-000000000001",{"Expire":null}]}}"#,
    );
    let expire = ExpireAmendment {
        amendment_id: uuid(10, 1),
    };
    frozen(
        &Task::Execute(Command::Order(
            order_id(1),
            OrderCommand::ExpireAmendment(expire),
        )),
        r#"{"execute":{"Order":["01920000-0001-7000-8000-000000000001",{"ExpireAmendment":{"amendment_id":"01920000-000a-7000-8000-000000000001"}}]}}"#,
    );
    let order_id = order_id(1);
    let authorize = Call::Authorize {
        order_id,
        attempt: 1,
        amount: eur(600),
        payment_method: "tok".into(),
        idempotency_key: "k".into(),
    };
    frozen(
        &Task::Call(authorize),
        r#"{"call":{"authorize":{"order_id":"01920000-0001-7000-8000-000000000001","attempt":1,"amount":{"amount":600,"currency":"EUR"},"payment_method":"tok","idempotency_key":"k"}}}"#,
    );
    let inquire = Call::Inquire {
        order_id,
        attempt: 1,
        idempotency_key: "k".into(),
        inquiries: 4,
        last: true,
    };
    frozen(
        &Task::Call(inquire),
        r#"{"call":{"inquire":{"order_id":"01920000-0001-7000-8000-000000000001","attempt":1,"idempotency_key":"k","inquiries":4,"last":true}}}"#,
    );
    let void = Call::Void {
        order_id,
        authorization_id: "auth".into(),
        idempotency_key: "v".into(),
        rest: false,
    };
    frozen(
        &Task::Call(void),
        r#"{"call":{"void":{"order_id":"01920000-0001-7000-8000-000000000001","authorization_id":"auth","idempotency_key":"v"}}}"#,
    );
    let capture = Call::Capture {
        order_id,
        shipment_id: None,
        authorization_id: "auth".into(),
        amount: eur(600),
        attempt: 0,
        idempotency_key: "c".into(),
        more: false,
    };
    frozen(
        &Task::Call(capture),
        r#"{"call":{"capture":{"order_id":"01920000-0001-7000-8000-000000000001","authorization_id":"auth","amount":{"amount":600,"currency":"EUR"},"idempotency_key":"c"}}}"#,
    );
}

#[test]
fn what_timers_and_calls_about_shipments_do() {
    let (order_id, shipment_id) = (order_id(1), shipment_id());
    let capture = Call::Capture {
        order_id,
        shipment_id: Some(shipment_id),
        authorization_id: "auth".into(),
        amount: eur(600),
        attempt: 2,
        idempotency_key: "c".into(),
        more: false,
    };
    frozen(
        &Task::Call(capture),
        r#"{"call":{"capture":{"order_id":"01920000-0001-7000-8000-000000000001","shipment_id":"2eb05378-24f6-5006-963f-d2c50249137a","authorization_id":"auth","amount":{"amount":600,"currency":"EUR"},"attempt":2,"idempotency_key":"c"}}}"#,
    );
    let refund = Call::Refund {
        order_id,
        authorization_id: "auth".into(),
        refund: 1,
        amount: eur(600),
        idempotency_key: "r".into(),
    };
    frozen(
        &Task::Call(refund),
        r#"{"call":{"refund":{"order_id":"01920000-0001-7000-8000-000000000001","authorization_id":"auth","refund":1,"amount":{"amount":600,"currency":"EUR"},"idempotency_key":"r"}}}"#,
    );
    let dispatch = Call::Dispatch {
        order_id,
        shipment_id,
        attempt: 1,
        idempotency_key: "d".into(),
    };
    frozen(
        &Task::Call(dispatch),
        r#"{"call":{"dispatch":{"order_id":"01920000-0001-7000-8000-000000000001","shipment_id":"2eb05378-24f6-5006-963f-d2c50249137a","attempt":1,"idempotency_key":"d"}}}"#,
    );
    let track = Call::Track {
        order_id,
        shipment_id,
        tracking_number: "PX-1".into(),
        inquiries: 3,
    };
    frozen(
        &Task::Call(track),
        r#"{"call":{"track":{"order_id":"01920000-0001-7000-8000-000000000001","shipment_id":"2eb05378-24f6-5006-963f-d2c50249137a","tracking_number":"PX-1","inquiries":3}}}"#,
    );
    let cancel = OrderCommand::RequestCancellation(RequestCancellation {
        reason: "refused".into(),
    });
    frozen(
        &Task::Execute(Command::Order(order_id, cancel)),
        r#"{"execute":{"Order":["01920000-0001-7000-8000-000000000001",{"RequestCancellation":{"reason":"refused"}}]}}"#,
    );
    let again = PaymentCommand::RequestCapture(RequestCapture {
        order_id,
        shipment_id,
        amount: eur(600),
        attempt: 2,
        max_attempts: 4,
        idempotency_key: "c".into(),
        more: false,
    });
    frozen(
        &Task::Execute(Command::Payment(order_id, again)),
        r#"{"execute":{"Payment":["01920000-0001-7000-8000-000000000001",{"RequestCapture":{"order_id":"01920000-0001-7000-8000-000000000001","shipment_id":"2eb05378-24f6-5006-963f-d2c50249137a","amount":{"amount":600,"currency":"EUR"},"attempt":2,"max_attempts":4,"idempotency_key":"c"}}]}}"#,
    );
}

#[test]
fn names_that_are_kept() {
    assert_eq!(
        [
            Inventory::NAME,
            PaymentPolicy::NAME,
            OrderPolicy::NAME,
            Shipping::NAME
        ],
        ["inventory", "payment", "order", "shipping"]
    );
    let (shipment, of) = (shipment_id(), crate::ReturnId::new(uuid(8, 1)));
    for (name, kind, text) in [
        (TimerName::Reservation, "reservation", "reservation".into()),
        (TimerName::Inquiry, "inquiry", "inquiry".into()),
        (TimerName::Amendment, "amendment", "amendment".into()),
        (
            TimerName::Capture(shipment),
            "capture",
            format!("capture:{shipment}"),
        ),
        (
            TimerName::Shipping(shipment),
            "shipping",
            format!("shipping:{shipment}"),
        ),
        (
            TimerName::Tracking(shipment),
            "tracking",
            format!("tracking:{shipment}"),
        ),
        (TimerName::Return(of), "return", format!("return:{of}")),
        (TimerName::Backorder, "backorder", "backorder".into()),
    ] {
        assert_eq!((name.kind(), name.to_string()), (kind, text.clone()));
        frozen(&name, &format!("{text:?}"));
    }
    for text in [
        "",
        "Inquiry",
        "tracking",
        "tracking:",
        "tracking:1",
        "return",
        "return:1",
        "inquiry:1",
        "backorder:1",
    ] {
        assert!(text.parse::<TimerName>().is_err(), "{text:?}");
    }
    let long = "é".repeat(100_000).parse::<TimerName>().unwrap_err();
    assert!(long.to_string().len() < 1_000);
}
