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
        &remembered::<Inventory>(&[placed(), expired()]),
        r#"{"items":[]}"#,
    );
    frozen(
        &remembered::<PaymentPolicy>(&[placed()]),
        r#"{"amount":{"amount":600,"currency":"EUR"},"payment_method":"tok"}"#,
    );
    frozen(
        &remembered::<OrderPolicy>(&[held(), authorized(), cancelling()]),
        r#"{"holds":1,"authorized":true,"cancelling":true,"released":false,"voided":false}"#,
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
    };
    frozen(
        &Task::Call(void),
        r#"{"call":{"void":{"order_id":"01920000-0001-7000-8000-000000000001","authorization_id":"auth","idempotency_key":"v"}}}"#,
    );
    let capture = Call::Capture {
        order_id,
        authorization_id: "auth".into(),
        amount: eur(600),
        idempotency_key: "c".into(),
    };
    frozen(
        &Task::Call(capture),
        r#"{"call":{"capture":{"order_id":"01920000-0001-7000-8000-000000000001","authorization_id":"auth","amount":{"amount":600,"currency":"EUR"},"idempotency_key":"c"}}}"#,
    );
}

#[test]
fn names_that_are_kept() {
    assert_eq!(
        [Inventory::NAME, PaymentPolicy::NAME, OrderPolicy::NAME],
        ["inventory", "payment", "order"]
    );
    for name in [TimerName::Reservation, TimerName::Inquiry] {
        frozen(&name, &format!("{:?}", name.as_str()));
    }
}
