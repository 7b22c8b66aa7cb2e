//! Why a command to a payment may be refused.

use super::PaymentStatus;
use crate::{Refusal, RefusalKind};

/// Why a command to a payment was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// Not allowed where the payment is.
    #[error("the payment is {}, which does not allow to {command}", status.as_str())]
    State {
        /// Where it is.
        status: PaymentStatus,
        /// What was asked.
        command: &'static str,
    },
    /// The attempt is not the one that is due.
    #[error("attempt {attempt} is not the one that is due")]
    Attempt {
        /// The attempt that was named.
        attempt: u32,
    },
    /// The provider speaks of another authorization.
    #[error("the authorization is not the one of this payment")]
    OtherAuthorization,
    /// The provider speaks of another amount.
    #[error("the amount is not what was authorized")]
    OtherAmount,
    /// The amount is negative.
    #[error("the amount must not be negative")]
    Amount,
}

impl From<PaymentError> for Refusal {
    fn from(error: PaymentError) -> Self {
        use PaymentError as E;
        use RefusalKind::{Meaning, State};
        let (kind, code) = match &error {
            E::State { .. } => (State, "PAYMENT_STATE"),
            E::Attempt { .. } => (State, "PAYMENT_ATTEMPT"),
            E::OtherAuthorization => (State, "OTHER_AUTHORIZATION"),
            E::OtherAmount => (State, "OTHER_AMOUNT"),
            E::Amount => (Meaning, "NEGATIVE_AMOUNT"),
        };
        Self::new(kind, code, error.to_string())
    }
}
