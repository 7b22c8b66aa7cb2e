//! What decisions about a payment stand on.

use crate::{Money, OrderId};
use serde::{Deserialize, Serialize};

/// Where a payment is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Nothing was asked of the provider.
    #[default]
    Pending,
    /// The provider was asked to authorize.
    Authorizing,
    /// The amount is set aside.
    Authorized,
    /// The provider declined.
    Declined,
    /// Nobody knows what the provider did.
    OutcomeUnknown,
    /// The provider was asked to give it back.
    Voiding,
    /// Nothing is set aside any more.
    Voided,
    /// The provider was asked to take the amount.
    Capturing,
    /// The amount was taken.
    Captured,
}

impl PaymentStatus {
    /// The status as it is written in JSON and read models.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Authorizing => "authorizing",
            Self::Authorized => "authorized",
            Self::Declined => "declined",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Voiding => "voiding",
            Self::Voided => "voided",
            Self::Capturing => "capturing",
            Self::Captured => "captured",
        }
    }
}

/// What was asked of the provider last.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The order that is paid.
    pub order_id: OrderId,
    /// How much.
    pub amount: Money,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How many attempts there may be.
    pub max_attempts: u32,
    /// What makes the provider do it once.
    pub idempotency_key: String,
}

/// What the provider set aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Authorization {
    /// What the provider calls it.
    pub authorization_id: String,
    /// How much.
    pub amount: Money,
}

/// A payment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Payment {
    /// Where it is.
    pub status: PaymentStatus,
    /// What was asked of the provider last.
    pub request: Option<Request>,
    /// What the provider set aside.
    pub authorization: Option<Authorization>,
    /// How often the provider was asked for an unknown outcome.
    pub inquiries: u32,
    /// The key and reason of a void that waits for the outcome.
    pub(super) deferred_void: Option<(String, String)>,
    /// Whether the authorization came after the payment was to be given back.
    pub(super) late: bool,
    /// Whether an operator must look.
    pub parked: bool,
}
