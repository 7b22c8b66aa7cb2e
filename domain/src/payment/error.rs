//! Why a command to a payment may be refused.

use super::PaymentStatus;
use crate::{Money, Refusal, RefusalKind};

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
    #[error("the amount is not what was asked for")]
    OtherAmount,
    /// More would be taken than is set aside.
    #[error("of {authorized} that were authorized, {taken} are taken already: not {amount} more")]
    MoreThanAuthorized {
        /// How much is set aside.
        authorized: Money,
        /// How much is taken of it, or is being taken.
        taken: Money,
        /// How much more was asked for.
        amount: Money,
    },
    /// More would be given back than was taken.
    #[error("of {captured} that were taken, {refunded} are given back already: not {amount} more")]
    MoreThanCaptured {
        /// How much was taken.
        captured: Money,
        /// How much of it is given back, or is being given back.
        refunded: Money,
        /// How much more was asked for.
        amount: Money,
    },
    /// Too many captures, or refunds.
    #[error(
        "a payment has at most {max} captures, and a refund for each of them and of its returns"
    )]
    TooMany {
        /// How many there may be.
        max: usize,
    },
    /// The provider speaks of a refund that was not asked for.
    #[error("there is no refund {refund}")]
    NoRefund {
        /// The refund that was named.
        refund: u32,
    },
    /// What has failed or come back was asked for again, under another number.
    #[error("refund {refund} was asked for again: what became of that counts")]
    RefundAskedAgain {
        /// The refund that was named.
        refund: u32,
    },
    /// The provider speaks of a call that nobody made.
    #[error("nothing was asked for under the key {idempotency_key:?}")]
    UnknownCall {
        /// The key that was named.
        idempotency_key: String,
    },
    /// The provider contradicts what it said of a dispute.
    #[error("the dispute {dispute_id:?} {problem}")]
    Dispute {
        /// What the provider calls it.
        dispute_id: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The provider speaks of more than a payment can have.
    #[error("a payment has at most {max} {what}")]
    TooManyNotices {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
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
            E::MoreThanAuthorized { .. } => (State, "MORE_THAN_AUTHORIZED"),
            E::MoreThanCaptured { .. } => (State, "MORE_THAN_CAPTURED"),
            E::TooMany { .. } => (State, "TOO_MANY_CAPTURES"),
            E::UnknownCall { .. } => (State, "UNKNOWN_CALL"),
            E::Dispute { .. } => (State, "DISPUTE_CONTRADICTED"),
            E::TooManyNotices { .. } => (State, "TOO_MANY_NOTICES"),
            E::NoRefund { .. } => (State, "NO_REFUND"),
            E::RefundAskedAgain { .. } => (State, "REFUND_ASKED_AGAIN"),
            E::Amount => (Meaning, "NEGATIVE_AMOUNT"),
        };
        Self::new(kind, code, error.to_string())
    }
}
