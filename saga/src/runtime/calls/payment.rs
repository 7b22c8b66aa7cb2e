//! What the payment provider's answers become.

use super::{CallOutcome, again};
use crate::{participant::CallError, provider::Authorization};
use domain::{
    Command, Money, OrderId, State,
    payment::{
        PaymentCommand, RecordActionRequired, RecordAuthorized, RecordCaptureFailed,
        RecordCaptured, RecordDeclined, RecordOutcomeUnknown, RecordReauthorizationFailed,
        RecordReauthorized, RecordRefundFailed, RecordRefunded,
    },
};
use std::time::Duration;

/// How long it is waited until the provider is asked once more whether who pays has done what it waits for.
const UNTIL_DONE: Duration = Duration::from_secs(30);

/// Which question the provider was asked about an authorization.
pub(super) struct Question {
    pub attempt: u32,
    pub inquiries: u32,
    pub last: bool,
    pub of_an_operator: bool,
}

/// What becomes of an authorization; of one that was not taken, while somebody is `patient`, nothing
/// yet.
pub(super) fn authorized(
    order_id: OrderId,
    attempt: u32,
    patient: bool,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    match answer {
        Ok(authorization) => outcome(order_id, attempt, authorization),
        Err(CallError::Refused(code)) => record(order_id, declined(attempt, code)),
        Err(error @ (CallError::Deferred { .. } | CallError::Unreached(_))) => again(error),
        Err(error @ CallError::Later(_)) if patient => again(error),
        Err(error) => record(order_id, unknown(attempt, 0, false, &error)),
    }
}

/// What becomes of an authorization that is not wanted any more, and was perhaps never asked for: the
/// provider tells. What it does not know of, after some `patient` waiting for a call that a crash may
/// have left on its way, was not set aside; were it to be after all, our books would refuse it, and
/// people would see to it.
pub(super) fn looked_up(
    order_id: OrderId,
    attempt: u32,
    patient: bool,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    match answer {
        Err(error @ CallError::NotFound) if patient => again(error),
        Err(error @ CallError::NotFound) => record(order_id, declined(attempt, error.to_string())),
        answer => authorized(order_id, attempt, patient, answer),
    }
}

/// What becomes of what is set aside anew under a former name; nothing is lost while nobody knows, as
/// the former ends by itself.
pub(super) fn reauthorized(
    order_id: OrderId,
    former: &str,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    let former_authorization_id = former.into();
    let command = match answer {
        Ok(Authorization::Authorized {
            authorization_id,
            amount,
            expires_at,
        }) => PaymentCommand::RecordReauthorized(RecordReauthorized {
            former_authorization_id,
            authorization_id,
            amount,
            expires_at,
        }),
        Ok(Authorization::Declined { code }) | Err(CallError::Refused(code)) => {
            PaymentCommand::RecordReauthorizationFailed(RecordReauthorizationFailed {
                former_authorization_id,
                code,
            })
        }
        // Nobody is there to do anything any more.
        Ok(Authorization::ActionRequired { .. }) => {
            PaymentCommand::RecordReauthorizationFailed(RecordReauthorizationFailed {
                former_authorization_id,
                code: "action_required".into(),
            })
        }
        Err(error) => return again(error),
    };
    record(order_id, command)
}

/// The same of what is not wanted any more, and was perhaps never asked for: the provider tells.
pub(super) fn looked_up_anew(
    order_id: OrderId,
    former: &str,
    patient: bool,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    match answer {
        Err(CallError::NotFound) if !patient => {
            let code = CallError::NotFound.to_string();
            reauthorized(order_id, former, Ok(Authorization::Declined { code }))
        }
        answer => reauthorized(order_id, former, answer),
    }
}

/// What becomes of the question what became of an authorization.
pub(super) fn inquired(
    order_id: OrderId,
    asked: Question,
    patient: bool,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    match answer {
        Ok(authorization) => outcome(order_id, asked.attempt, authorization),
        Err(error @ (CallError::Deferred { .. } | CallError::Unreached(_))) => again(error),
        Err(error @ CallError::Later(_)) if patient => again(error),
        Err(error) if asked.of_an_operator => CallOutcome::GiveUp(error.to_string()),
        // What is not known of an authorization that nobody wants any more may still get there.
        Err(error) => {
            let unknown = unknown(asked.attempt, asked.inquiries, asked.last, &error);
            record(order_id, unknown)
        }
    }
}

/// What becomes of the question whether who pays has done what the provider waits for. While they have
/// not, or that is not known, it is asked again: the order waits for no longer than it is reserved.
pub(super) fn acted(
    order_id: OrderId,
    attempt: u32,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    match answer {
        Ok(Authorization::ActionRequired { .. }) => {
            let waits = "who pays has still to do what the provider waits for";
            CallOutcome::Defer(waits.into(), UNTIL_DONE)
        }
        Ok(known) => outcome(order_id, attempt, known),
        Err(error @ (CallError::Deferred { .. } | CallError::Unreached(_))) => again(error),
        Err(error) => CallOutcome::Defer(error.to_string(), UNTIL_DONE),
    }
}

/// What becomes of an authorization that the provider knew nothing of when it was asked, and that was put
/// once more, under the same key: should the first get there after all, there is still one.
pub(super) fn put_again(
    order_id: OrderId,
    asked: Question,
    patient: bool,
    answer: Result<Authorization, CallError>,
) -> CallOutcome {
    match answer {
        Err(CallError::Refused(code)) => record(order_id, declined(asked.attempt, code)),
        answer => inquired(order_id, asked, patient, answer),
    }
}

/// What becomes of a capture.
pub(super) fn captured(
    order_id: OrderId,
    command: RecordCaptured,
    answer: Result<(), CallError>,
) -> CallOutcome {
    let command = match answer {
        Ok(()) => PaymentCommand::RecordLastCaptured(command),
        Err(CallError::Refused(code)) => PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
            authorization_id: command.authorization_id,
            shipment_id: command.shipment_id,
            attempt: command.attempt,
            code,
        }),
        Err(error) => return again(error),
    };
    record(order_id, command)
}

/// What becomes of money that is given back, as `command` says; if the provider will not, people must.
pub(super) fn given_back(
    order_id: OrderId,
    command: PaymentCommand,
    answer: Result<(), CallError>,
) -> CallOutcome {
    match answer {
        Ok(()) => record(order_id, command),
        Err(error @ CallError::Refused(_)) => CallOutcome::GiveUp(error.to_string()),
        Err(error) => again(error),
    }
}

/// What becomes of a refund; one that the provider refuses is owed, and people must see to it.
pub(super) fn refunded(
    order_id: OrderId,
    command: RecordRefunded,
    answer: Result<(), CallError>,
) -> CallOutcome {
    let command = match answer {
        Ok(()) => PaymentCommand::RecordRefunded(command),
        Err(CallError::Refused(code)) => PaymentCommand::RecordRefundFailed(RecordRefundFailed {
            authorization_id: command.authorization_id,
            refund: command.refund,
            code,
        }),
        Err(error) => return again(error),
    };
    record(order_id, command)
}

/// What disputes have left of a refund that the provider refuses.
#[derive(Debug, PartialEq)]
pub(super) enum Left {
    /// No dispute is known that it could be refused for.
    All,
    /// What will be left is not known yet.
    Unknown,
    /// So much, to be asked for under a key of its own.
    Some(Money, String),
    /// Nothing.
    Nothing,
}

/// What disputes have left of refund `refund`, of the payment in that state.
pub(super) fn left_of(state: &State, refund: u32) -> Left {
    let State::Payment(payment) = state else {
        return Left::All;
    };
    let known = payment.refunds.get(&refund);
    let Some(known) = known.filter(|_| !payment.disputes.is_empty()) else {
        return Left::All;
    };
    match payment.left_for(refund) {
        _ if payment.disputed() > 0 => Left::Unknown,
        None => Left::Unknown,
        Some(left) if left.amount == 0 => Left::Nothing,
        // All of it, too: its own key has been answered, by a refusal.
        Some(left) => Left::Some(left, known.key_of_rest()),
    }
}

fn record(order_id: OrderId, command: PaymentCommand) -> CallOutcome {
    CallOutcome::Record(Box::new(Command::Payment(order_id, command)))
}

fn outcome(order_id: OrderId, attempt: u32, authorization: Authorization) -> CallOutcome {
    let command = match authorization {
        Authorization::Authorized {
            authorization_id,
            amount,
            expires_at,
        } => PaymentCommand::RecordAuthorized(RecordAuthorized {
            attempt,
            authorization_id,
            amount,
            expires_at,
        }),
        Authorization::ActionRequired {
            authorization_id,
            url,
            until,
        } => PaymentCommand::RecordActionRequired(RecordActionRequired {
            attempt,
            authorization_id,
            url,
            until,
        }),
        Authorization::Declined { code } => declined(attempt, code),
    };
    record(order_id, command)
}

fn declined(attempt: u32, code: String) -> PaymentCommand {
    PaymentCommand::RecordDeclined(RecordDeclined { attempt, code })
}

fn unknown(attempt: u32, inquiries: u32, last: bool, error: &CallError) -> PaymentCommand {
    let detail = error.to_string();
    PaymentCommand::RecordOutcomeUnknown(RecordOutcomeUnknown {
        attempt,
        inquiries,
        last,
        detail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        Currency, Decider,
        payment::{
            DisputeLost, DisputeOpened, Payment, PaymentAuthorized, PaymentCaptureRequested,
            PaymentCaptured, PaymentEvent, PaymentRefundRequested, Payments,
        },
    };
    use uuid::Uuid;

    fn order_id() -> OrderId {
        OrderId::new(Uuid::from_u128(1))
    }

    fn eur(amount: i64) -> Money {
        Money::new(amount, Currency::parse("EUR").unwrap())
    }

    /// Ten euros were taken, and refunds of so much are asked for.
    fn refunding(amounts: &[i64]) -> Payment {
        let authorization_id = || "auth".to_owned();
        let mut events: Vec<PaymentEvent> = vec![
            PaymentAuthorized {
                order_id: order_id(),
                attempt: 1,
                authorization_id: authorization_id(),
                amount: eur(1_000),
                expires_at: None,
            }
            .into(),
            PaymentCaptureRequested {
                order_id: order_id(),
                shipment_id: None,
                authorization_id: authorization_id(),
                amount: eur(1_000),
                attempt: 1,
                max_attempts: 1,
                idempotency_key: "c".into(),
                more: false,
            }
            .into(),
            PaymentCaptured {
                order_id: order_id(),
                shipment_id: None,
                authorization_id: authorization_id(),
                amount: eur(1_000),
            }
            .into(),
        ];
        for (refund, amount) in (1..).zip(amounts) {
            let asked = PaymentRefundRequested {
                order_id: order_id(),
                shipment_id: None,
                return_id: None,
                authorization_id: authorization_id(),
                refund,
                amount: eur(*amount),
                idempotency_key: format!("r{refund}"),
                reason: "it came back".into(),
            };
            events.push(asked.into());
        }
        events.iter().fold(Payment::default(), Payments::evolve)
    }

    fn disputed(payment: Payment, amount: i64) -> Payment {
        let opened = DisputeOpened {
            order_id: order_id(),
            dispute_id: "d".into(),
            authorization_id: "auth".into(),
            amount: eur(amount),
            reason: "fraudulent".into(),
        };
        Payments::evolve(payment, &opened.into())
    }

    fn lost(payment: Payment, amount: i64) -> Payment {
        let lost = DisputeLost {
            order_id: order_id(),
            dispute_id: "d".into(),
            amount: eur(amount),
            still_open: 0,
        };
        Payments::evolve(disputed(payment, amount), &lost.into())
    }

    fn left(payment: &Payment, refund: u32) -> Left {
        left_of(&State::Payment(payment.clone()), refund)
    }

    #[test]
    fn it_is_asked_again_until_who_pays_has_done_it() {
        let deferred = |outcome: CallOutcome| matches!(outcome, CallOutcome::Defer(_, wait) if wait >= UNTIL_DONE);
        let waits = Authorization::ActionRequired {
            authorization_id: "auth".into(),
            url: "https://p.test/1".into(),
            until: None,
        };
        assert!(deferred(acted(order_id(), 1, Ok(waits))));
        for error in [
            CallError::NotFound,
            CallError::Refused("no".into()),
            CallError::Unknown("no answer".into()),
            CallError::Later("busy".into()),
        ] {
            assert!(deferred(acted(order_id(), 1, Err(error))));
        }
        let code = || "not proven".to_owned();
        let refused = acted(order_id(), 1, Ok(Authorization::Declined { code: code() }));
        assert_eq!(refused, record(order_id(), declined(1, code())));
    }

    #[test]
    fn what_a_dispute_has_left_of_a_refund_is_given_back() {
        let one = || refunding(&[600]);
        assert_eq!(left(&one(), 1), Left::All);
        assert_eq!(left(&disputed(one(), 1), 1), Left::Unknown);
        let all = Left::Some(eur(600), "r1/rest".into());
        assert_eq!(left(&lost(one(), 400), 1), all);
        let some = Left::Some(eur(300), "r1/rest".into());
        assert_eq!(left(&lost(one(), 700), 1), some);
        assert_eq!(left(&lost(one(), 1_000), 1), Left::Nothing);
        // The last comes first.
        let two = lost(refunding(&[600, 400]), 300);
        assert_eq!(left(&two, 1), Left::Unknown);
        assert_eq!(left(&two, 2), Left::Some(eur(100), "r2/rest".into()));
    }
}
