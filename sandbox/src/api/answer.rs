//! What the provider says about an operation, and about an authorization as it stands.

use std::sync::Arc;

use axum::{
    Json,
    http::HeaderName,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    card::DeclineCode,
    ledger::{Authorization, AuthorizationId, Booking, Currency, Kind, Operation},
};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How an operation went, or how an authorization stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Authorized,
    Declined,
    Captured,
    Voided,
    Expired,
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
    Void {},
}

impl<'a> From<&'a Operation> for Answer<'a> {
    fn from(operation: &'a Operation) -> Self {
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
            } => (
                Status::Captured,
                amount,
                Details::Capture { captured_amount },
            ),
            Kind::Void { amount } => (Status::Voided, amount, Details::Void {}),
        };
        Self {
            authorization_id: operation.authorization_id,
            reference: &operation.reference,
            status,
            amount,
            currency: operation.currency,
            details,
        }
    }
}

impl IntoResponse for Booking {
    fn into_response(self) -> Response {
        let body = Json(Answer::from(&*self.operation));
        if self.replayed {
            ([(REPLAYED, "true")], body).into_response()
        } else {
            body.into_response()
        }
    }
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
            Kind::Capture { .. } | Kind::Void { .. } => return None,
        };
        Some(Self {
            authorization_id: operation.authorization_id,
            reference: Arc::clone(&operation.reference),
            status,
            decline_code,
            amount,
            captured_amount: *captured,
            currency: operation.currency,
            payment_method: payment_method.clone(),
            idempotency_key: Arc::clone(&operation.idempotency_key),
            created_at: operation.at,
            expires_at,
        })
    }
}
