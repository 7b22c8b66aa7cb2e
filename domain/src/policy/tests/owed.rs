//! What follows from that something could not be given back, or has come back.

use super::*;
use crate::payment::{
    PaymentRefundDeferred, PaymentRefundFailed, PaymentRefundReversed, RetryRefund,
};

fn failed() -> Event {
    let event = PaymentRefundFailed {
        order_id: order_id(1),
        shipment_id: Some(shipment_id()),
        return_id: None,
        refund: 3,
        amount: eur(600),
        reason: "lost".into(),
        code: "closed".into(),
    };
    Event::Payment(event.into())
}

fn reversed() -> Event {
    let event = PaymentRefundReversed {
        order_id: order_id(1),
        shipment_id: Some(shipment_id()),
        return_id: None,
        refund: 3,
        amount: eur(600),
        reason: "lost".into(),
        code: "closed".into(),
    };
    Event::Payment(event.into())
}

fn asked(refund: u32, reason: &str) -> Event {
    let event = PaymentRefundRequested {
        order_id: order_id(1),
        shipment_id: Some(shipment_id()),
        return_id: None,
        authorization_id: "auth".into(),
        refund,
        amount: eur(600),
        idempotency_key: "r".into(),
        reason: reason.into(),
    };
    Event::Payment(event.into())
}

fn deferred() -> Event {
    let event = PaymentRefundDeferred {
        order_id: order_id(1),
        shipment_id: Some(shipment_id()),
        return_id: None,
        amount: eur(600),
        idempotency_key: "r".into(),
        reason: "lost".into(),
    };
    Event::Payment(event.into())
}

fn refunded(refund: u32) -> Event {
    let event = PaymentRefunded {
        order_id: order_id(1),
        shipment_id: Some(shipment_id()),
        return_id: None,
        authorization_id: "auth".into(),
        refund,
        amount: eur(600),
    };
    Event::Payment(event.into())
}

const SEEN_TO: Reaction = Reaction::Unschedule(TimerName::Refund(3));

fn park(problem: &str) -> Reaction {
    let again = PaymentCommand::RetryRefund(RetryRefund {
        order_id: order_id(1),
        refund: 3,
        idempotency_key: format!("main:{}:refund_again:3", order_id(1)),
    });
    let timer = Timer {
        name: TimerName::Refund(3),
        due: at(0),
        task: Task::Execute(Command::Payment(order_id(1), again)),
    };
    Reaction::Park(timer, problem.into())
}

#[test]
fn payment_leaves_it_to_an_operator() {
    assert_eq!(
        after_all::<PaymentPolicy>(&[failed()]),
        [park("the provider does not give back 6.00 EUR: closed")]
    );
    assert_eq!(
        after_all::<PaymentPolicy>(&[reversed()]),
        [park("6.00 EUR that were given back have come back: closed")]
    );
}

#[test]
fn payment_lets_it_be_once_it_is_seen_to() {
    for owed in [failed(), reversed()] {
        let then = |event: Event| after_all::<PaymentPolicy>(&[owed.clone(), event]);
        // In another way, or after all.
        assert_eq!(then(refunded(3)), [SEEN_TO]);
        assert_eq!(then(refunded(2)), []);
        let again = then(asked(4, "lost"));
        assert_eq!((again.len(), &again[0]), (2, &SEEN_TO));
        assert_eq!(then(asked(4, "returned")).len(), 1);
        assert_eq!(then(deferred()), [SEEN_TO]);
        // It is owed when the order has ended, too.
        let ended = [owed, expired(), refunded(3)];
        assert_eq!(after_all::<PaymentPolicy>(&ended), [SEEN_TO]);
    }
}

#[test]
fn what_is_owed_is_remembered_in_a_form_that_is_kept() {
    let (state, reactions) = PaymentPolicy::react(
        &Limits::default(),
        PaymentPolicyState::default(),
        &recorded(failed(), 0),
    );
    let json = r#"{"amount":null,"payment_method":"","owed":[{"refund":3,"shipment_id":"2eb05378-24f6-5006-963f-d2c50249137a","reason":"lost"}]}"#;
    assert_eq!(serde_json::to_string(&state).unwrap(), json);
    assert_eq!(
        serde_json::from_str::<PaymentPolicyState>(json).unwrap(),
        state
    );
    let Some(Reaction::Park(timer, _)) = reactions.into_iter().next() else {
        panic!("it is parked");
    };
    let json = format!(
        r#"{{"execute":{{"Payment":["{0}",{{"RetryRefund":{{"order_id":"{0}","refund":3,"idempotency_key":"main:{0}:refund_again:3"}}}}]}}}}"#,
        order_id(1)
    );
    assert_eq!(serde_json::to_string(&timer.task).unwrap(), json);
    assert_eq!(serde_json::from_str::<Task>(&json).unwrap(), timer.task);
}

#[test]
fn the_name_of_what_waits_says_which_refund() {
    let name = TimerName::Refund(3);
    assert_eq!(name.to_string(), "refund:3");
    assert_eq!("refund:3".parse(), Ok(name));
    assert!("refund:x".parse::<TimerName>().is_err());
}
