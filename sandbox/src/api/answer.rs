//! What the provider says about an operation, and about an authorization as it stands.

use std::sync::Arc;

use axum::{
    Json,
    http::{HeaderName, HeaderValue},
    response::{IntoResponse, Response},
};
use chassis::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    card::DeclineCode,
    ledger::{Acted, Authorization, Booking, Kind, Operation, action_url},
    value::{AuthorizationId, Currency, DisputeId},
};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How an operation went, or how an authorization stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Authorized,
    RequiresAction,
    Declined,
    Captured,
    Refunded,
    Reversed,
    Voided,
    Released,
    Expired,
    Open,
    Won,
    Lost,
}

/// The answer to a POST. A function of the booked operation alone, so that a replay gets the very
/// same one.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    authorization_id: AuthorizationId,
    reference: &'a str,
    status: Status,
    amount: u64,
    currency: Currency,
    #[serde(flatten)]
    details: Details,
}

/// The part that differs by operation.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Details {
    Authorize {
        decline_code: Option<DeclineCode>,
        expires_at: Option<DateTime<Utc>>,
    },
    Action {
        action: Action,
    },
    Capture {
        captured_amount: u64,
    },
    Refund {
        captured_amount: u64,
        refunded_amount: u64,
    },
    Void {},
    Dispute {
        dispute_id: DisputeId,
    },
}

/// What who pays is to do.
#[derive(Debug, Serialize)]
struct Action {
    url: String,
    until: DateTime<Utc>,
}

impl<'a> Answer<'a> {
    /// What is said about it; nothing about a capture or a refund that was declined, which is a problem.
    fn about(operation: &'a Operation) -> Option<Self> {
        let (status, amount, details) = match operation.kind {
            Kind::Authorize {
                amount, expires_at, ..
            } => (
                Status::Authorized,
                amount,
                Details::Authorize {
                    decline_code: None,
                    expires_at: Some(expires_at),
                },
            ),
            Kind::Decline {
                amount,
                decline_code,
                ..
            } => (
                Status::Declined,
                amount,
                Details::Authorize {
                    decline_code: Some(decline_code),
                    expires_at: None,
                },
            ),
            Kind::Action { amount, until, .. } => {
                let url = action_url(operation);
                let action = Action { url, until };
                (Status::RequiresAction, amount, Details::Action { action })
            }
            Kind::ActionDone { amount, expires_at } => (
                Status::Authorized,
                amount,
                Details::Authorize {
                    decline_code: None,
                    expires_at: Some(expires_at),
                },
            ),
            Kind::ActionRefused { amount } => (
                Status::Declined,
                amount,
                Details::Authorize {
                    decline_code: Some(DeclineCode::ActionRefused),
                    expires_at: None,
                },
            ),
            Kind::Capture {
                amount,
                captured_amount,
                ..
            } => (
                Status::Captured,
                amount,
                Details::Capture { captured_amount },
            ),
            Kind::CaptureDecline { .. } | Kind::RefundDecline { .. } => return None,
            Kind::RefundReversal {
                amount,
                captured_amount,
                refunded_amount,
                ..
            } => (
                Status::Reversed,
                amount,
                Details::Refund {
                    captured_amount,
                    refunded_amount,
                },
            ),
            Kind::Refund {
                amount,
                captured_amount,
                refunded_amount,
            } => (
                Status::Refunded,
                amount,
                Details::Refund {
                    captured_amount,
                    refunded_amount,
                },
            ),
            Kind::Void { amount } => (Status::Voided, amount, Details::Void {}),
            Kind::Release { amount } => (Status::Released, amount, Details::Void {}),
            Kind::Dispute {
                dispute_id, amount, ..
            } => (Status::Open, amount, Details::Dispute { dispute_id }),
            Kind::DisputeEnd {
                dispute_id,
                amount,
                won,
            } => {
                let status = if won { Status::Won } else { Status::Lost };
                (status, amount, Details::Dispute { dispute_id })
            }
        };
        Some(Self {
            authorization_id: operation.authorization_id,
            reference: &operation.reference,
            status,
            amount,
            currency: operation.currency,
            details,
        })
    }
}

impl IntoResponse for Booking {
    fn into_response(self) -> Response {
        match Answer::about(&self.operation) {
            Some(answer) => said(self.replayed, Json(answer)),
            None => said_no(self.replayed, declined(&self.operation)),
        }
    }
}

/// What the issuer would not do.
fn declined(operation: &Operation) -> Problem {
    match operation.kind {
        Kind::RefundDecline { .. } => {
            Problem::unprocessable("REFUND_DECLINED", "The issuer declined the refund.")
        }
        _ => Problem::unprocessable("CAPTURE_DECLINED", "The issuer declined the capture."),
    }
}

/// The answer, and whether it was given before.
pub(super) fn said(replayed: bool, answer: impl IntoResponse) -> Response {
    match replayed {
        true => ([(REPLAYED, "true")], answer).into_response(),
        false => answer.into_response(),
    }
}

/// The same of a refusal.
pub(super) fn said_no(replayed: bool, mut problem: Problem) -> Response {
    if replayed {
        let yes = HeaderValue::from_static("true");
        problem.headers_mut().insert(REPLAYED, yes);
    }
    problem.into_response()
}

/// An authorization as it stands.
#[derive(Debug, Serialize)]
pub(super) struct AuthorizationView {
    authorization_id: AuthorizationId,
    reference: Arc<str>,
    status: Status,
    decline_code: Option<DeclineCode>,
    /// The authorized amount, or the one that was declined.
    amount: u64,
    captured_amount: u64,
    refunded_amount: u64,
    currency: Currency,
    payment_method: Box<str>,
    idempotency_key: Arc<str>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    /// What who pays is to do yet, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Action>,
}

impl AuthorizationView {
    /// `None` for an operation that is no authorization; the ledger hands out none as such.
    pub(super) fn at(authorization: &Authorization, now: DateTime<Utc>) -> Option<Self> {
        let Authorization {
            operation,
            captured,
            refunded,
            voided,
            acted,
        } = authorization;
        let mut action = None;
        let stands = |expires_at: DateTime<Utc>| match (*voided, *captured) {
            (true, _) => Status::Voided,
            (false, 1..) => Status::Captured,
            (false, 0) if now >= expires_at => Status::Expired,
            (false, 0) => Status::Authorized,
        };
        let (status, payment_method, decline_code, amount, expires_at) = match &operation.kind {
            Kind::Authorize {
                payment_method,
                amount,
                expires_at,
                ..
            } => {
                let (status, ends) = (stands(*expires_at), Some(*expires_at));
                (status, payment_method, None, *amount, ends)
            }
            Kind::Action {
                payment_method,
                amount,
                until,
                ..
            } => match acted {
                Some(Acted::Done { amount, expires_at }) => {
                    let (status, ends) = (stands(*expires_at), Some(*expires_at));
                    (status, payment_method, None, *amount, ends)
                }
                Some(Acted::Refused) => {
                    let code = Some(DeclineCode::ActionRefused);
                    (Status::Declined, payment_method, code, *amount, None)
                }
                None => {
                    let status = match (*voided, now >= *until) {
                        (true, _) => Status::Voided,
                        (false, true) => Status::Expired,
                        (false, false) => Status::RequiresAction,
                    };
                    if status == Status::RequiresAction {
                        let url = action_url(operation);
                        action = Some(Action { url, until: *until });
                    }
                    (status, payment_method, None, *amount, None)
                }
            },
            Kind::Decline {
                payment_method,
                amount,
                decline_code,
            } => (
                Status::Declined,
                payment_method,
                Some(*decline_code),
                *amount,
                None,
            ),
            Kind::ActionDone { .. }
            | Kind::ActionRefused { .. }
            | Kind::Capture { .. }
            | Kind::CaptureDecline { .. }
            | Kind::RefundDecline { .. }
            | Kind::RefundReversal { .. }
            | Kind::Refund { .. }
            | Kind::Void { .. }
            | Kind::Release { .. }
            | Kind::Dispute { .. }
            | Kind::DisputeEnd { .. } => return None,
        };
        Some(Self {
            authorization_id: operation.authorization_id,
            reference: Arc::clone(&operation.reference),
            status,
            decline_code,
            amount,
            captured_amount: *captured,
            refunded_amount: *refunded,
            currency: operation.currency,
            payment_method: payment_method.clone(),
            idempotency_key: Arc::clone(&operation.idempotency_key),
            created_at: operation.at,
            expires_at,
            action,
        })
    }
}
