//! Calls to participants: what they ask, and whether anybody still waits for the answer.

use crate::{
    Money, OrderId,
    payment::{Authorization, Payment, PaymentStatus},
};
use serde::{Deserialize, Serialize};

/// Something that is done outside of the platform, and whose outcome comes back as a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Ask the payment provider to set an amount aside.
    Authorize {
        /// The order that is paid.
        order_id: OrderId,
        /// Which attempt.
        attempt: u32,
        /// How much.
        amount: Money,
        /// A token of the provider.
        payment_method: String,
        /// What makes the provider do it once.
        idempotency_key: String,
    },
    /// Ask the payment provider what became of an authorization.
    Inquire {
        /// The order that is paid.
        order_id: OrderId,
        /// Which attempt.
        attempt: u32,
        /// The key of the call whose outcome is unknown.
        idempotency_key: String,
        /// How often it was asked, this time included.
        inquiries: u32,
        /// Whether this is the last time.
        last: bool,
    },
    /// Ask the payment provider to give an authorization back.
    Void {
        /// The order.
        order_id: OrderId,
        /// What the provider calls the authorization.
        authorization_id: String,
        /// What makes the provider do it once.
        idempotency_key: String,
    },
    /// Ask the payment provider to take what is set aside.
    Capture {
        /// The order.
        order_id: OrderId,
        /// What the provider calls the authorization.
        authorization_id: String,
        /// How much.
        amount: Money,
        /// What makes the provider do it once.
        idempotency_key: String,
    },
}

impl Call {
    /// The order that it is about.
    pub const fn order_id(&self) -> OrderId {
        match self {
            Self::Authorize { order_id, .. }
            | Self::Inquire { order_id, .. }
            | Self::Void { order_id, .. }
            | Self::Capture { order_id, .. } => *order_id,
        }
    }

    /// Whether `payment` still waits for what comes of it. If not, its outcome is recorded, or it is
    /// of a time that has passed: then it is not to be made.
    ///
    /// An authorization that is to be given back as soon as it is known is waited for too: an earlier
    /// try may have set something aside, and only the provider can tell.
    pub fn is_awaited_by(&self, payment: &Payment) -> bool {
        let is_due = |attempt: &u32| {
            let request = payment.request.as_ref();
            request.is_some_and(|request| request.attempt == *attempt)
        };
        let is_of = |authorization_id: &String| {
            let known = payment.authorization.as_ref();
            known.is_some_and(|known: &Authorization| known.authorization_id == *authorization_id)
        };
        match self {
            Self::Authorize { attempt, .. } => {
                payment.status == PaymentStatus::Authorizing && is_due(attempt)
            }
            Self::Inquire {
                attempt, inquiries, ..
            } => {
                let is_next = payment.parked || payment.inquiries < *inquiries;
                payment.status == PaymentStatus::OutcomeUnknown && is_due(attempt) && is_next
            }
            Self::Void {
                authorization_id, ..
            } => payment.status == PaymentStatus::Voiding && is_of(authorization_id),
            Self::Capture {
                authorization_id, ..
            } => payment.status == PaymentStatus::Capturing && is_of(authorization_id),
        }
    }
}
