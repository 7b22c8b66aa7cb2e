//! What follows from that an authorization ends.

use super::*;
use crate::payment::{
    PaymentAuthorizationExpired, PaymentReauthorizationFailed, PaymentReauthorizationRequested,
    PaymentReauthorized, RecordAuthorizationExpired, RequestReauthorization,
};
use chrono::{DateTime, Utc};

const DAY: i64 = 24 * 3_600;

fn ends(days: i64) -> DateTime<Utc> {
    at(days * DAY)
}

fn authorized(expires_at: Option<DateTime<Utc>>) -> Event {
    let event = PaymentAuthorized {
        order_id: order_id(1),
        attempt: 1,
        authorization_id: "auth".into(),
        amount: eur(600),
        expires_at,
    };
    Event::Payment(event.into())
}

fn anew() -> Event {
    let event = PaymentReauthorized {
        order_id: order_id(1),
        former_authorization_id: "auth".into(),
        authorization_id: "new".into(),
        amount: eur(600),
        expires_at: Some(ends(14)),
        void_key: "r/former".into(),
    };
    Event::Payment(event.into())
}

fn failed(needed: bool) -> Event {
    let event = PaymentReauthorizationFailed {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        expires_at: Some(ends(7)),
        needed,
        code: "no funds".into(),
    };
    Event::Payment(event.into())
}

fn expired() -> Event {
    let event = PaymentAuthorizationExpired {
        order_id: order_id(1),
        authorization_id: "auth".into(),
    };
    Event::Payment(event.into())
}

fn timer(due: DateTime<Utc>, command: PaymentCommand) -> Reaction {
    Reaction::Schedule(Timer {
        name: TimerName::Authorization,
        due,
        task: Task::Execute(Command::Payment(order_id(1), command)),
    })
}

fn ask(authorization_id: &str, due: DateTime<Utc>) -> Reaction {
    let command = RequestReauthorization {
        authorization_id: authorization_id.into(),
        payment_method: "tok".into(),
        idempotency_key: format!("main:{}:reauthorize:1", order_id(1)),
    };
    timer(due, PaymentCommand::RequestReauthorization(command))
}

fn hold(reason: &str) -> Reaction {
    order(OrderCommand::PlaceHold(PlaceHold {
        hold: "authorization-expiring".into(),
        reason: reason.into(),
    }))
}

fn release() -> Reaction {
    order(OrderCommand::ReleaseHold(ReleaseHold {
        hold: "authorization-expiring".into(),
    }))
}

const KNOWN: Reaction = Reaction::Unschedule(TimerName::Inquiry);
const UNWATCHED: Reaction = Reaction::Unschedule(TimerName::Authorization);

#[test]
fn what_ends_is_asked_for_anew_a_day_before() {
    let told = [placed(), authorized(Some(ends(7)))];
    assert_eq!(
        after_all::<PaymentPolicy>(&told),
        [KNOWN, ask("auth", ends(6))]
    );
    // There is no day left.
    let soon = [placed(), authorized(Some(at(60)))];
    assert_eq!(
        after_all::<PaymentPolicy>(&soon),
        [KNOWN, ask("auth", at(1))]
    );
    assert_eq!(
        after_all::<PaymentPolicy>(&[placed(), authorized(None)]),
        [KNOWN]
    );
    // It outlives any order.
    let never = [placed(), authorized(Some(DateTime::<Utc>::MAX_UTC))];
    assert_eq!(after_all::<PaymentPolicy>(&never), [KNOWN]);
    // Its order has ended.
    assert_eq!(
        after_all::<PaymentPolicy>(&[authorized(Some(ends(7)))]),
        [KNOWN]
    );
}

#[test]
fn what_is_asked_for_anew_is_called_for_and_the_former_given_back() {
    let asked = PaymentReauthorizationRequested {
        order_id: order_id(1),
        former_authorization_id: "auth".into(),
        amount: eur(600),
        payment_method: "tok".into(),
        idempotency_key: "r".into(),
    };
    let call = Call::Reauthorize {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        amount: eur(600),
        payment_method: "tok".into(),
        idempotency_key: "r".into(),
    };
    let asked = Event::Payment(asked.into());
    assert_eq!(after_all::<PaymentPolicy>(&[asked]), [Reaction::Call(call)]);
    let void = Call::Void {
        order_id: order_id(1),
        authorization_id: "auth".into(),
        idempotency_key: "r/former".into(),
        rest: false,
    };
    let watched = [placed(), authorized(Some(ends(7)))];
    let told = [&watched[..], &[anew()]].concat();
    let void = Reaction::Call(void);
    let expected = [void.clone(), ask("new", ends(13))];
    assert_eq!(after_all::<PaymentPolicy>(&told), expected);
    let held = [&watched[..], &[expired(), anew()]].concat();
    let expected = [void, ask("new", ends(13)), release()];
    assert_eq!(after_all::<PaymentPolicy>(&held), expected);
}

#[test]
fn what_is_not_authorized_anew_is_on_hold_and_ends() {
    let command = RecordAuthorizationExpired {
        authorization_id: "auth".into(),
    };
    let command = PaymentCommand::RecordAuthorizationExpired(command);
    let reason = "the payment cannot be authorized anew: no funds";
    let expected = [hold(reason), timer(ends(7), command)];
    assert_eq!(after_all::<PaymentPolicy>(&[failed(true)]), expected);
    assert_eq!(after_all::<PaymentPolicy>(&[failed(false)]), []);

    let reason = "the authorization of the payment has expired";
    let cancel = RequestCancellation {
        reason: reason.into(),
    };
    let cancel = Command::Order(order_id(1), OrderCommand::RequestCancellation(cancel));
    let cancel = |n: i64| {
        Reaction::Schedule(Timer {
            name: TimerName::Authorization,
            due: at(n + 72 * 3_600),
            task: Task::Execute(cancel.clone()),
        })
    };
    assert_eq!(
        after_all::<PaymentPolicy>(&[expired()]),
        [hold(reason), cancel(0)]
    );
    // The hold is there.
    assert_eq!(
        after_all::<PaymentPolicy>(&[failed(true), expired()]),
        [cancel(1)]
    );
}

#[test]
fn nobody_waits_for_the_end_of_what_is_taken_or_given_back() {
    let asked = Event::Payment(
        PaymentCaptureRequested {
            order_id: order_id(1),
            shipment_id: Some(shipment_id()),
            authorization_id: "auth".into(),
            amount: eur(600),
            attempt: 1,
            max_attempts: 4,
            idempotency_key: "c".into(),
            more: false,
        }
        .into(),
    );
    let taken = Event::Payment(
        PaymentCaptured {
            order_id: order_id(1),
            shipment_id: Some(shipment_id()),
            authorization_id: "auth".into(),
            amount: eur(600),
        }
        .into(),
    );
    let watched = [placed(), authorized(Some(ends(7))), asked.clone()];
    assert_eq!(after_all::<PaymentPolicy>(&watched)[0], UNWATCHED);
    let held = [placed(), failed(true), asked.clone()];
    assert_eq!(after_all::<PaymentPolicy>(&held)[0], UNWATCHED);
    let paid = [placed(), failed(true), asked.clone(), taken];
    assert_eq!(after_all::<PaymentPolicy>(&paid), [UNWATCHED, release()]);
    let unwatched = [placed(), authorized(None), asked];
    assert!(!after_all::<PaymentPolicy>(&unwatched).contains(&UNWATCHED));
}
