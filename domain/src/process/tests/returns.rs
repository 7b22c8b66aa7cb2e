//! What is expected of what comes back, step by step.

use super::*;
use crate::{
    ReturnId,
    returns::{
        ReturnApproved, ReturnBookedIn, ReturnCancelled, ReturnClosed, ReturnDeclined, ReturnEvent,
        ReturnInTransit, ReturnInspected, ReturnReceived, ReturnRequested,
    },
};

fn return_id() -> ReturnId {
    ReturnId::new(Uuid::from_u128(7))
}

fn back(story: &mut Story, event: impl Into<ReturnEvent>) {
    story.take(Event::Return(event.into()));
}

fn approve(story: &mut Story) {
    let approved = ReturnApproved {
        order_id: order_id(),
        return_id: return_id(),
        location: Location::default(),
    };
    back(story, approved);
}

fn receive(story: &mut Story) {
    let received = ReturnReceived {
        order_id: order_id(),
        return_id: return_id(),
        receipt_id: Uuid::from_u128(1),
        lines: vec![],
        all: true,
    };
    back(story, received);
}

fn completed() -> Story {
    let mut story = Story::confirmed();
    story.created();
    story.order(OrderCompleted { order: brief() });
    // How it got there other tests show.
    if let Some(process) = &mut story.process {
        process.expected.clear();
    }
    story.is(Stage::Ended, &[]);
    story
}

#[test]
fn what_comes_back_is_expected_until_it_is_booked_in_and_paid_back() {
    use {What as E, Who::*};
    let (order_id, return_id) = (order_id(), return_id());
    let day = 24 * 60;
    let mut story = completed();
    back(&mut story, requested_back());
    story.is(Stage::Settling, &[(E::Approval, Operator, Some(3 * day))]);
    approve(&mut story);
    story.is(Stage::Settling, &[(E::Arrival, Customer, Some(30 * day))]);
    back(
        &mut story,
        ReturnInTransit {
            order_id,
            return_id,
            tracking_number: None,
        },
    );
    story.is(Stage::Settling, &[(E::Arrival, Carrier, Some(30 * day))]);
    receive(&mut story);
    story.is(
        Stage::Settling,
        &[(E::Inspection, Warehouse, Some(3 * day))],
    );
    back(
        &mut story,
        ReturnInspected {
            order_id,
            return_id,
            location: Location::default(),
            lines: vec![],
            skus: vec![Sku::parse("A").unwrap()],
            refund: euros(),
        },
    );
    let expected = [
        (E::Restocking, Platform, Some(5)),
        (E::Refund, Platform, Some(5)),
    ];
    story.is(Stage::Settling, &expected);
    story.payment(PaymentRefundRequested {
        order_id,
        shipment_id: None,
        return_id: Some(return_id),
        authorization_id: "auth".into(),
        refund: 1,
        amount: euros(),
        idempotency_key: "key".into(),
        reason: "it was returned".into(),
    });
    let expected = [
        (E::Restocking, Platform, Some(4)),
        (E::Refund, Provider, Some(day)),
    ];
    story.is(Stage::Settling, &expected);
    back(
        &mut story,
        ReturnBookedIn {
            order_id,
            return_id,
            location: Location::default(),
        },
    );
    story.is(Stage::Settling, &[(E::Refund, Provider, Some(day - 1))]);
    story.payment(PaymentRefunded {
        order_id,
        shipment_id: None,
        return_id: Some(return_id),
        authorization_id: "auth".into(),
        refund: 1,
        amount: euros(),
    });
    story.is(Stage::Ended, &[]);
}

fn requested_back() -> ReturnRequested {
    ReturnRequested {
        order_id: order_id(),
        return_id: return_id(),
        lines: vec![],
        amount: euros(),
        reason: "too small".into(),
    }
}

#[test]
fn nothing_is_expected_of_a_return_that_does_not_come() {
    let (order_id, return_id) = (order_id(), return_id());
    let reason = || "no more".to_owned();
    let ends: [ReturnEvent; 3] = [
        ReturnDeclined {
            order_id,
            return_id,
            reason: reason(),
        }
        .into(),
        ReturnCancelled {
            order_id,
            return_id,
            reason: reason(),
        }
        .into(),
        ReturnClosed {
            order_id,
            return_id,
        }
        .into(),
    ];
    for end in ends {
        let mut story = completed();
        back(&mut story, requested_back());
        back(&mut story, end);
        story.is(Stage::Ended, &[]);
    }
}

/// Whatever this view would say, and whatever the settings are when it is folded anew.
#[test]
fn whoever_gives_a_return_up_has_said_when() {
    use {What as E, Who::*};
    let mut story = completed();
    back(&mut story, requested_back());
    approve(&mut story);
    let deadline = |story: &Story, what, of: String, minutes| DeadlineSet {
        order_id: order_id(),
        what,
        of,
        until: story.now() + Duration::minutes(minutes),
    };
    let of = return_id().to_string();
    let other = deadline(&story, Awaited::Dispatch, of.clone(), 7);
    story.order(other);
    let other = deadline(&story, Awaited::Arrival, "other".into(), 7);
    story.order(other);
    let until = story.now() + Duration::minutes(90);
    story.order(deadline(&story, Awaited::Arrival, of.clone(), 90));
    assert_eq!(story.process().due_at(), Some(until));
    let task = story.given_up("give_up_return", Some(of), false);
    story.is(Stage::Settling, &[(E::Arrival, Operator, None)]);
    story.done_again(task);
    story.is(Stage::Settling, &[(E::Arrival, Platform, Some(5))]);
    receive(&mut story);
    // Nothing waits for it any more.
    let late = deadline(&story, Awaited::Arrival, return_id().to_string(), 90);
    story.order(late);
    story.is(
        Stage::Settling,
        &[(E::Inspection, Warehouse, Some(3 * 24 * 60 - 1))],
    );
}

#[test]
fn a_refund_that_is_given_up_waits_for_an_operator_until_it_is_given_back() {
    use {What as E, Who::*};
    let (order_id, return_id) = (order_id(), return_id());
    let day = 24 * 60;
    let mut story = completed();
    back(&mut story, requested_back());
    approve(&mut story);
    receive(&mut story);
    back(
        &mut story,
        ReturnInspected {
            order_id,
            return_id,
            location: Location::default(),
            lines: vec![],
            skus: vec![],
            refund: euros(),
        },
    );
    story.is(Stage::Settling, &[(E::Refund, Platform, Some(5))]);
    story.payment(PaymentRefundRequested {
        order_id,
        shipment_id: None,
        return_id: Some(return_id),
        authorization_id: "auth".into(),
        refund: 1,
        amount: euros(),
        idempotency_key: "key".into(),
        reason: "it was returned".into(),
    });
    let task = story.given_up("refund", Some("1".into()), false);
    story.is(Stage::Settling, &[(E::Refund, Operator, None)]);
    assert_eq!(story.process().parked(), Some("refund: it was refused"));
    story.done_again(task);
    story.is(Stage::Settling, &[(E::Refund, Provider, Some(day))]);
    story.given_up("refund", Some("1".into()), false);
    // What a policy could not put is settled by an operator alone.
    let command = story.given_up("book_in_return", None, false);
    story.payment(PaymentRefunded {
        order_id,
        shipment_id: None,
        return_id: Some(return_id),
        authorization_id: "auth".into(),
        refund: 1,
        amount: euros(),
    });
    back(
        &mut story,
        ReturnClosed {
            order_id,
            return_id,
        },
    );
    assert_eq!(
        story.process().parked(),
        Some("book_in_return: it was refused")
    );
    story.done_again(command);
    story.is(Stage::Ended, &[]);
}
