//! Given a book, when this is ordered, then that is booked.

use chrono::{TimeDelta, TimeZone};
use uuid::Uuid;

use super::*;
use crate::ledger::Summary;

const DAY: TimeDelta = TimeDelta::days(1);

/// A book, and one function to order something with: time stands still, ids count up.
struct Till {
    book: Book,
    now: DateTime<Utc>,
    ids: u128,
    strikes: Strikes,
}

impl Till {
    fn new(limit: usize) -> Self {
        let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
        Self {
            book: Book::new(limit),
            now,
            ids: 0,
            strikes: Strikes::default(),
        }
    }

    /// The operation, and whether it was booked just now.
    fn order(&mut self, key: &str, request: Request) -> Result<(Arc<Operation>, bool), Refusal> {
        self.ids += 1;
        let order = Order {
            key: key.into(),
            request,
            now: self.now,
            new_id: AuthorizationId::new(Uuid::from_u128(self.ids)),
            new_dispute: DisputeId::new(Uuid::from_u128(self.ids)),
            expires_at: self.now + DAY,
            strikes: self.strikes,
        };
        match decide(&self.book, order)? {
            Decision::Already(operation) => Ok((operation, false)),
            Decision::Book(operation) => Ok((self.book.apply(operation), true)),
        }
    }

    fn authorize(&mut self, key: &str, reference: &str, card: &str) -> AuthorizationId {
        let (operation, booked) = self.order(key, authorize(reference, card)).unwrap();
        assert!(booked);
        operation.authorization_id
    }

    fn summary(&self) -> Summary {
        self.book.summary()
    }
}

fn eur() -> Currency {
    "EUR".parse().unwrap()
}

fn authorize(reference: &str, card: &str) -> Request {
    Request::Authorize {
        reference: reference.into(),
        amount: 100,
        currency: eur(),
        payment_method: card.into(),
    }
}

fn capture(authorization_id: AuthorizationId, amount: u64) -> Request {
    Request::Capture {
        last: false,
        authorization_id,
        amount,
        currency: eur(),
    }
}

fn refund(authorization_id: AuthorizationId, amount: u64) -> Request {
    Request::Refund {
        authorization_id,
        amount,
        currency: eur(),
    }
}

#[test]
fn partial_captures_end_at_the_authorized_amount() {
    let mut till = Till::new(100);
    let id = till.authorize("a", "r", "tok_approve");
    till.order("c1", capture(id, 60)).unwrap();
    assert_eq!(
        till.order("c2", capture(id, 41)),
        Err(Refusal::AmountTooHigh { available: 40 })
    );
    till.order("c2", capture(id, 40)).unwrap();
    assert_eq!(
        till.order("c3", capture(id, 1)),
        Err(Refusal::AmountTooHigh { available: 0 })
    );
    assert_eq!(till.summary().currencies[&eur()].captured, 100);
}

#[test]
fn void_and_capture_exclude_each_other() {
    let mut till = Till::new(100);
    let taken = till.authorize("a1", "r1", "tok_approve");
    till.order("c1", capture(taken, 30)).unwrap();
    let void = |authorization_id| Request::Void { authorization_id };
    assert_eq!(
        till.order("v1", void(taken)),
        Err(Refusal::AlreadyCaptured {
            captured_amount: 30
        })
    );

    let released = till.authorize("a2", "r2", "tok_approve");
    let (first, booked) = till.order("v2", void(released)).unwrap();
    assert!(booked);
    assert_eq!(till.order("v3", void(released)).unwrap(), (first, false));
    assert_eq!(
        till.order("c2", capture(released, 1)),
        Err(Refusal::AlreadyVoided)
    );

    let declined = till.authorize("a3", "r3", "tok_decline");
    assert_eq!(
        till.order("v4", void(declined)),
        Err(Refusal::NotAuthorized)
    );
    assert_eq!(
        till.order("c3", capture(declined, 1)),
        Err(Refusal::NotAuthorized)
    );
}

#[test]
fn partial_refunds_end_at_what_was_captured() {
    let mut till = Till::new(100);
    let id = till.authorize("a", "r", "tok_approve");
    assert_eq!(till.order("r0", refund(id, 1)), Err(Refusal::NotCaptured));
    till.order("c1", capture(id, 60)).unwrap();
    till.order("r1", refund(id, 25)).unwrap();
    assert_eq!(
        till.order("r2", refund(id, 36)),
        Err(Refusal::RefundTooHigh { available: 35 })
    );
    // What is captured later can be given back as well, and what was given back is not free again.
    till.order("c2", capture(id, 40)).unwrap();
    let (operation, booked) = till.order("r2", refund(id, 75)).unwrap();
    assert!(booked);
    assert_eq!(
        operation.kind,
        Kind::Refund {
            amount: 75,
            captured_amount: 100,
            refunded_amount: 100
        }
    );
    assert_eq!(
        till.order("r2", refund(id, 75)).unwrap(),
        (operation, false)
    );
    assert_eq!(
        till.order("r3", refund(id, 1)),
        Err(Refusal::RefundTooHigh { available: 0 })
    );
    let summary = till.summary();
    assert_eq!(
        (summary.counts.refunded, summary.currencies[&eur()].refunded),
        (2, 100)
    );
    assert_eq!(summary.references.refunded, 1);
    let listed = &summary.references.refunds[0];
    assert_eq!((&*listed.reference, listed.refunds), ("r", 2));
    assert_eq!(listed.refunded, [(eur(), 100)].into());
}

#[test]
fn only_what_was_captured_is_given_back_and_in_its_currency() {
    let mut till = Till::new(100);
    let declined = till.authorize("a1", "r1", "tok_decline");
    assert_eq!(
        till.order("r1", refund(declined, 1)),
        Err(Refusal::NotAuthorized)
    );
    let released = till.authorize("a2", "r2", "tok_approve");
    let void = Request::Void {
        authorization_id: released,
    };
    till.order("v2", void).unwrap();
    assert_eq!(
        till.order("r2", refund(released, 1)),
        Err(Refusal::AlreadyVoided)
    );
    let taken = till.authorize("a3", "r3", "tok_approve");
    till.order("c3", capture(taken, 1)).unwrap();
    let pounds = Request::Refund {
        authorization_id: taken,
        amount: 1,
        currency: "GBP".parse().unwrap(),
    };
    let authorized = eur();
    assert_eq!(
        till.order("r3", pounds),
        Err(Refusal::CurrencyMismatch { authorized })
    );
    // An authorization that has expired since does not keep what it gave.
    till.now += DAY * 2;
    till.order("r3", refund(taken, 1)).unwrap();
}

#[test]
fn a_capture_that_is_declined_is_so_for_good() {
    let mut till = Till::new(100);
    let declined = |outcome: Result<(Arc<Operation>, bool), Refusal>| {
        let (operation, booked) = outcome.unwrap();
        (
            matches!(operation.kind, Kind::CaptureDecline { .. }),
            booked,
        )
    };
    let always = till.authorize("a1", "r1", "tok_capture_fails");
    for key in ["c1", "c2"] {
        assert_eq!(declined(till.order(key, capture(always, 1))), (true, true));
        assert_eq!(declined(till.order(key, capture(always, 1))), (true, false));
    }
    let once = till.authorize("a2", "r2", "tok_capture_fails_once");
    // What makes no sense is refused first, and is no capture.
    assert!(till.order("c3", capture(once, 101)).is_err());
    assert_eq!(declined(till.order("c3", capture(once, 100))), (true, true));
    assert_eq!(
        declined(till.order("c4", capture(once, 100))),
        (false, true)
    );
    assert_eq!(
        declined(till.order("c3", capture(once, 100))),
        (true, false)
    );

    let struck = till.authorize("a3", "r3", "tok_approve");
    till.strikes.capture_decline = true;
    assert_eq!(declined(till.order("c5", capture(struck, 1))), (true, true));
    till.strikes.capture_decline = false;
    assert_eq!(
        declined(till.order("c5", capture(struck, 1))),
        (true, false)
    );
    assert_eq!(
        declined(till.order("c6", capture(struck, 1))),
        (false, true)
    );

    let summary = till.summary();
    let counts = summary.counts;
    assert_eq!((counts.captures_declined, counts.captured), (4, 2));
    assert_eq!(summary.currencies[&eur()].captured, 101);
}

#[test]
fn a_wrong_amount_strikes_what_is_granted() {
    let mut till = Till::new(100);
    till.strikes.wrong_amount = true;
    let id = till.authorize("a", "r", "tok_approve");
    till.strikes.wrong_amount = false;
    assert!(!till.order("a", authorize("r", "tok_approve")).unwrap().1);
    till.order("c", capture(id, 101)).unwrap();
    assert_eq!(till.summary().currencies[&eur()].authorized, 101);
}

#[test]
fn what_has_expired_can_be_released_but_not_captured() {
    let mut till = Till::new(100);
    let id = till.authorize("a", "r", "tok_approve");
    let expires_at = till.now + DAY;
    till.now = expires_at;
    assert_eq!(
        till.order("c", capture(id, 1)),
        Err(Refusal::Expired { expires_at })
    );
    till.order(
        "v",
        Request::Void {
            authorization_id: id,
        },
    )
    .unwrap();
}

#[test]
fn a_key_belongs_to_one_request() {
    let mut till = Till::new(100);
    let id = till.authorize("a", "r", "tok_approve");
    assert!(!till.order("a", authorize("r", "tok_approve")).unwrap().1);
    for other in [
        authorize("r2", "tok_approve"),
        authorize("r", "tok_decline"),
        capture(id, 100),
        refund(id, 100),
        Request::Void {
            authorization_id: id,
        },
    ] {
        assert_eq!(till.order("a", other), Err(Refusal::KeyReused));
    }
    assert_eq!(till.summary().counts.operations, 1);
}

#[test]
fn the_oldest_operations_go_when_the_bound_is_reached() {
    let mut till = Till::new(3);
    let first = till.authorize("a1", "r", "tok_approve");
    let second = till.authorize("a2", "r", "tok_approve");
    till.order(
        "v2",
        Request::Void {
            authorization_id: second,
        },
    )
    .unwrap();
    assert_eq!(till.summary().references.authorized_repeatedly, 1);
    till.order("c1", capture(first, 10)).unwrap();

    // The first authorization is forgotten with its key; its capture is kept.
    assert_eq!(
        till.order("c2", capture(first, 10)),
        Err(Refusal::UnknownAuthorization)
    );
    assert!(!till.order("c1", capture(first, 10)).unwrap().1);
    let sequences = |till: &Till| {
        till.book
            .operations(0, 9)
            .iter()
            .map(|o| o.sequence)
            .collect::<Vec<_>>()
    };
    assert_eq!(sequences(&till), [2, 3, 4]);
    assert_eq!(till.book.operations(3, 9).len(), 1);
    assert_eq!(till.book.operations(2, 1)[0].sequence, 3);
    let summary = till.summary();
    assert_eq!(
        (summary.dropped_operations, summary.counts.operations),
        (1, 4)
    );
    assert_eq!(summary.currencies[&eur()].authorized, 200);
    assert_eq!(summary.references.by_authorizations, [(1, 1)].into());

    for n in 0..5 {
        till.authorize(&format!("b{n}"), &format!("s{n}"), "tok_decline");
    }
    let summary = till.summary();
    assert_eq!(
        (summary.references.count, summary.dropped_operations),
        (3, 6)
    );
    assert_eq!(summary.references.by_authorizations, [(0, 3)].into());
}

#[test]
fn refunds_are_forgotten_with_their_authorization() {
    let mut till = Till::new(3);
    let id = till.authorize("a", "r", "tok_approve");
    till.order("c", capture(id, 50)).unwrap();
    till.order("r", refund(id, 20)).unwrap();
    assert_eq!(till.summary().references.refunded, 1);
    till.authorize("b", "s", "tok_approve");
    let summary = till.summary();
    assert_eq!(summary.references.refunded, 0);
    assert!(summary.references.refunds.is_empty());
    assert_eq!(summary.currencies[&eur()].refunded, 20);
    assert!(!till.order("r", refund(id, 20)).unwrap().1);
}
