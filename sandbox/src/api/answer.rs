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
    ledger::{Authorization, Booking, Kind, Operation},
    value::{AuthorizationId, Currency, DisputeId},
};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How an operation went, or how an authorization stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Authorized,
    Declined,
    Captured,
    Refunded,
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

impl<'a> Answer<'a> {
    /// What is said about it; nothing about a capture that was declined, which is a problem.
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
            Kind::Capture {
                amount,
                captured_amount,
                ..
            } => (
                Status::Captured,
                amount,
                Details::Capture { captured_amount },
            ),
            Kind::CaptureDecline { .. } => return None,
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
            None => said_no(
                self.replayed,
                Problem::unprocessable("CAPTURE_DECLINED", "The issuer declined the capture."),
            ),
        }
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
}

impl AuthorizationView {
    /// `None` for an operation that is no authorization; the ledger hands out none as such.
    pub(super) fn at(authorization: &Authorization, now: DateTime<Utc>) -> Option<Self> {
        let Authorization {
            operation,
            captured,
            refunded,
            voided,
        } = authorization;
        let (status, payment_method, decline_code, amount, expires_at) = match &operation.kind {
            Kind::Authorize {
                payment_method,
                amount,
                expires_at,
                ..
            } => {
                let status = match (*voided, *captured) {
                    (true, _) => Status::Voided,
                    (false, 1..) => Status::Captured,
                    (false, 0) if now >= *expires_at => Status::Expired,
                    (false, 0) => Status::Authorized,
                };
                (status, payment_method, None, *amount, Some(*expires_at))
            }
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
            Kind::Capture { .. }
            | Kind::CaptureDecline { .. }
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
        })
    }
}
