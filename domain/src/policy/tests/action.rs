//! What follows from that who pays is to do something.

use super::*;
use crate::payment::PaymentActionRequired;

fn required() -> Event {
    let event = PaymentActionRequired {
        order_id: order_id(1),
        attempt: 1,
        authorization_id: "auth".into(),
        url: "https://provider.test/prove".into(),
        until: None,
    };
    Event::Payment(event.into())
}

#[test]
fn payment_asks_the_provider_later_whether_it_is_done() {
    let due = at(1 + 30);
    let look = Reaction::Schedule(Timer {
        name: TimerName::Inquiry,
        due,
        task: Task::Call(Call::Inquire {
            order_id: order_id(1),
            attempt: 1,
            idempotency_key: format!("main:{}:authorize:1", order_id(1)),
            inquiries: 0,
            last: false,
        }),
    });
    assert_eq!(after_all::<PaymentPolicy>(&[placed(), required()]), [look]);
    let limits = Limits {
        inquiries: vec![],
        ..Limits::default()
    };
    let (_, reactions) = PaymentPolicy::react(
        &limits,
        PaymentPolicyState::default(),
        &recorded(required(), 1),
    );
    assert_eq!(reactions, [Reaction::Unschedule(TimerName::Inquiry)]);
}

#[test]
fn payment_remembers_how_it_is_paid_until_it_is_done() {
    // It was declined: it is tried once more.
    let again = after_all::<PaymentPolicy>(&[placed(), required(), declined(1, 2)]);
    assert_eq!(again.len(), 2, "{again:?}");
}
