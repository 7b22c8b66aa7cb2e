//! Calls to participants, and the commands that their outcomes become.

mod payment;
mod shipment;

use super::books::Subject;
use crate::{
    carrier::Carrier,
    participant::{CallError, SOON},
    provider::{AuthorizeRequest, PaymentProvider},
    telemetry,
};
use domain::{
    Command, State,
    payment::{PaymentCommand, RecordCaptured, RecordRefunded, RecordVoided},
    policy::Call,
};
use payment::{Left, Question};
use shipment::Dispatch;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use vault::Vault;

/// How often a call that was not taken is put again before its outcome counts as unknown: over
/// some minutes, with the waits of the task runner. A provider that is down for as long as it takes
/// to start again so costs no order its place.
const TAKEN_IN_VAIN: u32 = 4;

/// How long a refund waits that the provider refuses while a dispute may take what it is of: those take
/// weeks.
const UNTIL_SETTLED: Duration = Duration::from_secs(600);

/// Who is called.
#[derive(Clone)]
pub struct Participants {
    /// Who is asked for payments.
    pub provider: Arc<dyn PaymentProvider>,
    /// Who brings shipments to where they go.
    pub carrier: Arc<dyn Carrier>,
    /// What opens the addresses that the carrier is told.
    pub vault: Vault,
}

/// What a call came to.
#[derive(Debug, PartialEq)]
pub(super) enum CallOutcome {
    /// Something to be recorded.
    Record(Box<Command>),
    /// Nothing yet: call again later, under the same key.
    Again(String),
    /// Nobody was called: it is of no use before so long.
    Defer(String, Duration),
    /// Nothing, and calling again will not help.
    GiveUp(String),
}

/// Calls a participant about `subject`. `attempts` is how often the same was called in vain before.
pub(super) async fn call(
    participants: &Participants,
    call: &Call,
    attempts: u32,
    subject: &Subject,
) -> CallOutcome {
    let (provider, carrier) = (&participants.provider, &participants.carrier);
    let patient = attempts < TAKEN_IN_VAIN;
    let name = call.name();
    match call {
        Call::Authorize {
            order_id,
            attempt,
            idempotency_key,
            ..
        } if call.only_asks(&subject.state) => {
            let answer = timed("inquire", provider.inquire(idempotency_key)).await;
            payment::looked_up(*order_id, *attempt, patient, answer)
        }
        Call::Authorize {
            order_id,
            attempt,
            amount,
            payment_method,
            idempotency_key,
        } => {
            let request = AuthorizeRequest {
                order_id: *order_id,
                amount: *amount,
                payment_method: payment_method.clone(),
                idempotency_key: idempotency_key.clone(),
            };
            let answer = timed(name, provider.authorize(&request)).await;
            payment::authorized(*order_id, *attempt, patient, answer)
        }
        Call::Reauthorize {
            order_id,
            authorization_id,
            idempotency_key,
            ..
        } if call.only_asks(&subject.state) => {
            let answer = timed("inquire", provider.inquire(idempotency_key)).await;
            payment::looked_up_anew(*order_id, authorization_id, patient, answer)
        }
        Call::Reauthorize {
            order_id,
            authorization_id,
            amount,
            payment_method,
            idempotency_key,
        } => {
            let request = AuthorizeRequest {
                order_id: *order_id,
                amount: *amount,
                payment_method: payment_method.clone(),
                idempotency_key: idempotency_key.clone(),
            };
            let answer = timed(name, provider.authorize(&request)).await;
            payment::reauthorized(*order_id, authorization_id, answer)
        }
        Call::Inquire {
            order_id,
            attempt,
            idempotency_key,
            ..
        } if waits_for_who_pays(&subject.state) => {
            let answer = timed(name, provider.inquire(idempotency_key)).await;
            payment::acted(*order_id, *attempt, answer)
        }
        Call::Inquire {
            order_id,
            attempt,
            idempotency_key,
            inquiries,
            last,
        } => {
            let answer = timed(name, provider.inquire(idempotency_key)).await;
            let question = Question {
                attempt: *attempt,
                inquiries: *inquiries,
                last: *last,
                // An operator had it asked once more, and still has to look.
                of_an_operator: is_parked(&subject.state),
            };
            match (&answer, still_wanted(&subject.state, *attempt)) {
                (Err(CallError::NotFound), Some(request)) => {
                    let answer = timed("authorize", provider.authorize(&request)).await;
                    payment::put_again(*order_id, question, patient, answer)
                }
                _ => payment::inquired(*order_id, question, patient, answer),
            }
        }
        Call::Void {
            order_id,
            authorization_id,
            idempotency_key,
            rest,
        } => {
            let answer = match rest {
                true => {
                    timed(
                        "release",
                        provider.release(authorization_id, idempotency_key),
                    )
                    .await
                }
                false => timed(name, provider.void(authorization_id, idempotency_key)).await,
            };
            let authorization_id = authorization_id.clone();
            let command = PaymentCommand::RecordVoided(RecordVoided { authorization_id });
            payment::given_back(*order_id, command, answer)
        }
        Call::Capture {
            order_id,
            shipment_id,
            authorization_id,
            amount,
            attempt,
            idempotency_key,
            more,
        } => {
            let answer = match more {
                true => {
                    let capture = provider.capture(authorization_id, *amount, idempotency_key);
                    timed(name, capture).await
                }
                // All of the order leaves at once: no more is taken of its authorization.
                false => {
                    let last = provider.capture_last(authorization_id, *amount, idempotency_key);
                    timed(name, last).await
                }
            };
            let command = RecordCaptured {
                authorization_id: authorization_id.clone(),
                shipment_id: *shipment_id,
                attempt: *attempt,
                amount: *amount,
            };
            payment::captured(*order_id, command, answer)
        }
        Call::Refund {
            order_id,
            authorization_id,
            refund,
            amount,
            idempotency_key,
        } => {
            let whole = provider.refund(authorization_id, *amount, idempotency_key);
            let (mut answer, mut amount) = (timed(name, whole).await, *amount);
            if let Err(CallError::Refused(code)) = &answer {
                match payment::left_of(&subject.state, *refund) {
                    // The word of a dispute that it is refused for may be on its way.
                    Left::All if patient => return CallOutcome::Again(code.clone()),
                    Left::All => {}
                    Left::Unknown => return CallOutcome::Defer(code.clone(), UNTIL_SETTLED),
                    Left::Nothing => (answer, amount.amount) = (Ok(()), 0),
                    Left::Some(left, key) => {
                        let rest = provider.refund(authorization_id, left, &key);
                        (answer, amount) = (timed(name, rest).await, left);
                    }
                }
            }
            let command = RecordRefunded {
                authorization_id: authorization_id.clone(),
                refund: *refund,
                amount,
            };
            payment::refunded(*order_id, command, answer)
        }
        Call::Dispatch {
            order_id,
            shipment_id,
            attempt,
            idempotency_key,
        } => {
            let of = Dispatch {
                order_id: *order_id,
                shipment_id: *shipment_id,
                idempotency_key,
            };
            match shipment::request(&participants.vault, &of, subject).await {
                Ok(Some(request)) => {
                    let answer = timed(name, carrier.dispatch(&request)).await;
                    shipment::dispatched(*shipment_id, *attempt, answer)
                }
                Ok(None) => {
                    let reference = shipment_id.to_string();
                    let taken = carrier.inquire(idempotency_key, &reference);
                    let answer = timed("inquire_shipment", taken).await;
                    shipment::looked_up(*shipment_id, *attempt, attempts, answer)
                }
                Err(outcome) => outcome,
            }
        }
        Call::Track {
            shipment_id,
            tracking_number,
            inquiries,
            ..
        } => {
            let answer = timed(name, carrier.track(tracking_number)).await;
            shipment::tracked(*shipment_id, *inquiries, answer)
        }
    }
}

/// Whether nobody knows what became of a payment, and an operator must look.
pub(super) fn is_parked(state: &State) -> bool {
    matches!(state, State::Payment(payment) if payment.parked)
}

/// Whether nothing is set aside before who pays has done something.
fn waits_for_who_pays(state: &State) -> bool {
    matches!(state, State::Payment(payment) if payment.action().is_some())
}

/// The authorization that was asked for by that attempt, if it is not to be given back at once.
fn still_wanted(state: &State, attempt: u32) -> Option<AuthorizeRequest> {
    let State::Payment(payment) = state else {
        return None;
    };
    let request = payment.request.as_ref();
    let request = request.filter(|request| request.attempt == attempt);
    let request = request.filter(|_| !payment.is_to_be_given_back())?;
    Some(AuthorizeRequest {
        order_id: request.order_id,
        amount: request.amount,
        payment_method: request.payment_method.clone(),
        idempotency_key: request.idempotency_key.clone(),
    })
}

/// Calls, and tells the metrics how that went.
async fn timed<T>(
    name: &'static str,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    let began = Instant::now();
    let result = call.await;
    let outcome = match &result {
        Ok(_) => "answered",
        Err(CallError::Unknown(_)) => "unknown",
        Err(CallError::Later(_)) => "later",
        Err(CallError::Unreached(_)) => "unreached",
        // Nobody was called, or it told nothing but that nobody is there.
        Err(CallError::Deferred { .. }) => return result,
        Err(CallError::NotFound) => "not_found",
        Err(CallError::Refused(_)) => "refused",
    };
    telemetry::called(name, outcome, began.elapsed());
    result
}

/// What becomes of a call that told nothing: it is put again, under the same key.
fn again(error: CallError) -> CallOutcome {
    match error {
        CallError::Deferred { problem, wait } => CallOutcome::Defer(problem, wait),
        CallError::Unreached(problem) => CallOutcome::Defer(problem, SOON),
        error => CallOutcome::Again(error.to_string()),
    }
}
