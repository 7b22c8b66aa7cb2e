//! What follows from a provider's own word.

use super::*;
use crate::payment::{DisputeLost, DisputeOpened, DisputeWon, StrayAuthorizationFound};

fn opened() -> Event {
    let event = DisputeOpened {
        order_id: order_id(1),
        dispute_id: "d".into(),
        authorization_id: "auth".into(),
        amount: eur(600),
        reason: "fraudulent".into(),
    };
    Event::Payment(event.into())
}

fn won(still_open: u32) -> Event {
    let event = DisputeWon {
        order_id: order_id(1),
        dispute_id: "d".into(),
        amount: eur(600),
        still_open,
    };
    Event::Payment(event.into())
}

#[test]
fn goods_stay_while_their_payment_is_disputed() {
    let hold = PlaceHold {
        hold: "disputed".into(),
        reason: "the payment is disputed: fraudulent".into(),
    };
    let hold = order(OrderCommand::PlaceHold(hold));
    assert_eq!(after_all::<PaymentPolicy>(&[opened()]), [hold]);
    let release = ReleaseHold {
        hold: "disputed".into(),
    };
    let release = order(OrderCommand::ReleaseHold(release));
    assert_eq!(after_all::<PaymentPolicy>(&[won(0)]), [release]);
    assert_eq!(after_all::<PaymentPolicy>(&[won(1)]), []);
}

#[test]
fn what_is_lost_is_cancelled() {
    let lost = DisputeLost {
        order_id: order_id(1),
        dispute_id: "d".into(),
        amount: eur(600),
        still_open: 0,
    };
    let cancel = RequestCancellation {
        reason: "a dispute of its payment was lost".into(),
    };
    let cancel = order(OrderCommand::RequestCancellation(cancel));
    let lost = Event::Payment(lost.into());
    assert_eq!(after_all::<PaymentPolicy>(&[lost]), [cancel]);
}

#[test]
fn what_nobody_waits_for_is_given_back() {
    let stray = StrayAuthorizationFound {
        order_id: order_id(1),
        attempt: 1,
        authorization_id: "late".into(),
        amount: eur(600),
        idempotency_key: "k/void:1".into(),
        reason: "late".into(),
    };
    let void = Reaction::Call(Call::Void {
        order_id: order_id(1),
        authorization_id: "late".into(),
        idempotency_key: "k/void:1".into(),
        rest: false,
    });
    let stray = Event::Payment(stray.into());
    assert_eq!(after_all::<PaymentPolicy>(&[stray]), [void]);
}
