//! The rules: what a request leads to, given the book as it stands.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    book::{Book, Progress},
    operation::{Kind, Operation, Request},
    value::{AuthorizationId, Currency},
};
use crate::card::{Card, DeclineCode, Verdict};

/// A request with what the edge adds to it.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub key: Arc<str>,
    pub request: Request,
    pub now: DateTime<Utc>,
    /// Id of the authorization, if this makes one.
    pub new_id: AuthorizationId,
    /// End of the authorization, if this makes one.
    pub expires_at: DateTime<Utc>,
    /// Whether a fault declines it, if it is an authorization.
    pub decline: bool,
}

/// What to do about an order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is booked already.
    Already(Arc<Operation>),
    /// Book this.
    Book(Operation),
}

/// Why nothing is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("this idempotency key was used for another request")]
    KeyReused,
    #[error("there is no such authorization")]
    UnknownAuthorization,
    #[error("the authorization was declined")]
    NotAuthorized,
    #[error("the authorization has been voided")]
    AlreadyVoided,
    #[error("of the authorization {captured_amount} minor units have been captured")]
    AlreadyCaptured { captured_amount: u64 },
    #[error("the authorization expired at {expires_at}")]
    Expired { expires_at: DateTime<Utc> },
    #[error("the amount is above the {available} minor units that can still be captured")]
    AmountTooHigh { available: u64 },
    #[error("the authorization is in {authorized}")]
    CurrencyMismatch { authorized: Currency },
}

/// What an order leads to. Changes nothing.
pub(crate) fn decide(book: &Book, order: Order) -> Result<Decision, Refusal> {
    if let Some(operation) = book.booked(&order.key, &order.request)? {
        return Ok(Decision::Already(operation));
    }
    let sequence = book.last_sequence() + 1;
    let follow_up = |authorization: &Operation, kind| {
        Decision::Book(Operation {
            sequence,
            at: order.now,
            idempotency_key: Arc::clone(&order.key),
            authorization_id: authorization.authorization_id,
            reference: Arc::clone(&authorization.reference),
            currency: authorization.currency,
            kind,
        })
    };
    match order.request {
        Request::Authorize {
            reference,
            amount,
            currency,
            payment_method,
        } => {
            let verdict =
                Card::from_token(&payment_method).verdict(amount, book.attempts(&reference));
            let kind = match verdict {
                Verdict::Declined(decline_code) => Kind::Decline {
                    payment_method,
                    amount,
                    decline_code,
                },
                Verdict::Authorized(_) if order.decline => Kind::Decline {
                    payment_method,
                    amount,
                    decline_code: DeclineCode::DoNotHonor,
                },
                Verdict::Authorized(authorized) => Kind::Authorize {
                    payment_method,
                    requested_amount: amount,
                    amount: authorized,
                    expires_at: order.expires_at,
                },
            };
            Ok(Decision::Book(Operation {
                sequence,
                at: order.now,
                idempotency_key: order.key,
                authorization_id: order.new_id,
                reference,
                currency,
                kind,
            }))
        }
        Request::Capture {
            authorization_id,
            amount,
            currency,
        } => {
            let (authorization, progress) = book.find(authorization_id)?;
            let captured_amount = capture(authorization, progress, amount, currency, order.now)?;
            Ok(follow_up(
                authorization,
                Kind::Capture {
                    amount,
                    captured_amount,
                },
            ))
        }
        Request::Void { authorization_id } => {
            let (authorization, progress) = book.find(authorization_id)?;
            // Another key for what is done already: the same answer, and nothing is booked.
            if let Some(void) = progress
                .voided_by
                .and_then(|sequence| book.operation(sequence))
            {
                return Ok(Decision::Already(Arc::clone(void)));
            }
            let amount = void(authorization, progress)?;
            Ok(follow_up(authorization, Kind::Void { amount }))
        }
    }
}

/// The sum of captures once this one is done.
fn capture(
    authorization: &Operation,
    progress: &Progress,
    amount: u64,
    currency: Currency,
    now: DateTime<Utc>,
) -> Result<u64, Refusal> {
    let Kind::Authorize {
        amount: authorized,
        expires_at,
        ..
    } = authorization.kind
    else {
        return Err(Refusal::NotAuthorized);
    };
    if progress.voided_by.is_some() {
        return Err(Refusal::AlreadyVoided);
    }
    if now >= expires_at {
        return Err(Refusal::Expired { expires_at });
    }
    if currency != authorization.currency {
        return Err(Refusal::CurrencyMismatch {
            authorized: authorization.currency,
        });
    }
    let available = authorized - progress.captured;
    if amount > available {
        return Err(Refusal::AmountTooHigh { available });
    }
    Ok(progress.captured + amount)
}

/// The amount that a void releases: all of it, expired or not.
fn void(authorization: &Operation, progress: &Progress) -> Result<u64, Refusal> {
    let Kind::Authorize { amount, .. } = authorization.kind else {
        return Err(Refusal::NotAuthorized);
    };
    if progress.captured > 0 {
        return Err(Refusal::AlreadyCaptured {
            captured_amount: progress.captured,
        });
    }
    Ok(amount)
}

#[cfg(test)]
mod tests {
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
    }

    impl Till {
        fn new(limit: usize) -> Self {
            let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
            Self {
                book: Book::new(limit),
                now,
                ids: 0,
            }
        }

        /// The operation, and whether it was booked just now.
        fn order(
            &mut self,
            key: &str,
            request: Request,
        ) -> Result<(Arc<Operation>, bool), Refusal> {
            self.ids += 1;
            let order = Order {
                key: key.into(),
                request,
                now: self.now,
                new_id: AuthorizationId::new(Uuid::from_u128(self.ids)),
                expires_at: self.now + DAY,
                decline: false,
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
}
