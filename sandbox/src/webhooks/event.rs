//! What the merchant is told.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    card::DeclineCode,
    ledger::{Kind, Operation, action_url},
    value::{AuthorizationId, Currency, DisputeId},
};

/// An event, as Standard Webhooks has it: what has happened, when, and to what.
#[derive(Debug, Serialize)]
pub(super) struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: DateTime<Utc>,
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    /// The merchant's key of the call that it is about.
    idempotency_key: &'a str,
    authorization_id: AuthorizationId,
    reference: &'a str,
    amount: u64,
    currency: Currency,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// Where who pays does what is asked of them, and until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dispute_id: Option<DisputeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// What is said of an operation, to whoever knows the call under `idempotency_key`.
    pub(super) fn about(operation: &'a Operation, idempotency_key: &'a str) -> Self {
        let (mut ends, mut code, mut dispute, mut why) = (None, None, None, None);
        let (mut url, mut action_ends) = (None, None);
        let (kind, amount) = match &operation.kind {
            Kind::Authorize {
                amount, expires_at, ..
            } => {
                ends = Some(*expires_at);
                ("authorization.authorized", *amount)
            }
            Kind::Decline {
                amount,
                decline_code,
                ..
            } => {
                code = Some(decline_code.as_str());
                ("authorization.declined", *amount)
            }
            Kind::Action { amount, until, .. } => {
                (url, action_ends) = (Some(action_url(operation)), Some(*until));
                ("authorization.action_required", *amount)
            }
            Kind::ActionDone { amount, expires_at } => {
                ends = Some(*expires_at);
                ("authorization.authorized", *amount)
            }
            Kind::ActionRefused { amount } => {
                code = Some(DeclineCode::ActionRefused.as_str());
                ("authorization.declined", *amount)
            }
            Kind::Capture { amount, .. } => ("capture.captured", *amount),
            Kind::CaptureDecline { amount } => ("capture.declined", *amount),
            Kind::Refund { amount, .. } => ("refund.refunded", *amount),
            Kind::RefundDecline { amount } => {
                code = Some("refund_declined");
                ("refund.failed", *amount)
            }
            Kind::RefundReversal { amount, .. } => {
                code = Some("account_closed");
                ("refund.reversed", *amount)
            }
            Kind::Void { amount } | Kind::Release { amount } => ("authorization.voided", *amount),
            Kind::Dispute {
                dispute_id,
                amount,
                reason,
            } => {
                (dispute, why) = (Some(*dispute_id), Some(&**reason));
                ("dispute.opened", *amount)
            }
            Kind::DisputeEnd {
                dispute_id,
                amount,
                won,
            } => {
                dispute = Some(*dispute_id);
                let kind = if *won { "dispute.won" } else { "dispute.lost" };
                (kind, *amount)
            }
        };
        Self {
            kind,
            timestamp: operation.at,
            data: Data {
                idempotency_key,
                authorization_id: operation.authorization_id,
                reference: &operation.reference,
                amount,
                currency: operation.currency,
                expires_at: ends,
                code,
                url,
                until: action_ends,
                dispute_id: dispute,
                reason: why,
            },
        }
    }

    /// The same of the end of what it authorized.
    pub(super) fn about_end(operation: &'a Operation, idempotency_key: &'a str) -> Self {
        Self {
            kind: "authorization.expired",
            ..Self::about(operation, idempotency_key)
        }
    }
}

/// What an operation's event is called: the same in every attempt to send it, and never again.
pub(super) fn id(operation: &Operation) -> String {
    format!("evt_{}_{}", operation.authorization_id, operation.sequence)
}
