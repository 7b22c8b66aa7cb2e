//! What may be asked of a payment.

use crate::{Money, OrderId};
use serde::{Deserialize, Serialize};

/// Anything that may be asked of a payment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PaymentCommand {
    /// Ask the provider to set the amount aside.
    RequestAuthorization(RequestAuthorization),
    /// The provider did.
    RecordAuthorized(RecordAuthorized),
    /// The provider did not.
    RecordDeclined(RecordDeclined),
    /// Nobody knows whether the provider did.
    RecordOutcomeUnknown(RecordOutcomeUnknown),
    /// Give back what is set aside, now or as soon as it is known.
    RequestVoid(RequestVoid),
    /// The provider gave it back.
    RecordVoided(RecordVoided),
    /// Take what is set aside.
    RequestCapture(RequestCapture),
    /// The provider took it.
    RecordCaptured(RecordCaptured),
    /// The provider did not take it.
    RecordCaptureFailed(RecordCaptureFailed),
}

/// Asks for an authorization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestAuthorization {
    /// The order that is paid.
    pub order_id: OrderId,
    /// How much.
    pub amount: Money,
    /// A token of the provider.
    pub payment_method: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How many attempts there may be.
    pub max_attempts: u32,
    /// What makes the provider do it once; minted before the call.
    pub idempotency_key: String,
}

/// The provider authorized.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordAuthorized {
    /// Which attempt.
    pub attempt: u32,
    /// What the provider calls it.
    pub authorization_id: String,
    /// How much the provider set aside.
    pub amount: Money,
}

/// The provider declined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordDeclined {
    /// Which attempt.
    pub attempt: u32,
    /// The provider's reason.
    pub code: String,
}

/// The outcome is unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordOutcomeUnknown {
    /// Which attempt.
    pub attempt: u32,
    /// How often the provider was asked since.
    pub inquiries: u32,
    /// Whether that was the last time: from here on an operator must look.
    pub last: bool,
    /// What happened, for people.
    pub detail: String,
}

/// Wants the authorization back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestVoid {
    /// The order.
    pub order_id: OrderId,
    /// What makes the provider do it once; minted before the call.
    pub idempotency_key: String,
    /// Why, for people.
    pub reason: String,
}

/// The provider voided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordVoided {
    /// What the provider calls the authorization.
    pub authorization_id: String,
}

/// Wants the whole authorized amount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestCapture {
    /// What makes the provider do it once; minted before the call.
    pub idempotency_key: String,
}

/// The provider captured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordCaptured {
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// How much the provider took.
    pub amount: Money,
}

/// The provider did not capture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordCaptureFailed {
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// The provider's reason.
    pub code: String,
}
