//! What is booked: one line of the ledger, of the journal, and the answer to a replay.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    card::DeclineCode,
    kept::Numbered,
    value::{AuthorizationId, Currency, DisputeId},
};

/// One booked operation. Never changed once booked: the answer to its idempotency key is read
/// from it, however much later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Place in the ledger, from 1 without gaps.
    pub sequence: u64,
    /// When it was booked.
    pub at: DateTime<Utc>,
    /// The client's key for it.
    pub idempotency_key: Arc<str>,
    /// The authorization that it made or acts on.
    pub authorization_id: AuthorizationId,
    /// The merchant's reference of the payment.
    pub reference: Arc<str>,
    /// Currency of every amount in it.
    pub currency: Currency,
    /// What was done.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What an operation did. Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Kind {
    /// An amount was set aside on the card.
    Authorize {
        /// The test card.
        payment_method: Box<str>,
        /// The amount that the client asked for.
        requested_amount: u64,
        /// The amount that was authorized.
        amount: u64,
        /// From when on nothing more can be captured.
        expires_at: DateTime<Utc>,
    },
    /// The issuer refused to set the amount aside.
    Decline {
        /// The test card.
        payment_method: Box<str>,
        /// The amount that the client asked for.
        amount: u64,
        /// Why.
        decline_code: DeclineCode,
    },
    /// Nothing is set aside before who pays has done something.
    Action {
        /// The test card.
        payment_method: Box<str>,
        /// The amount that the client asked for.
        requested_amount: u64,
        /// The amount that is authorized once it is done.
        amount: u64,
        /// Until when it can be done.
        until: DateTime<Utc>,
    },
    /// Who pays has done it: the amount is set aside.
    ActionDone {
        /// The amount that was authorized.
        amount: u64,
        /// From when on nothing more can be captured.
        expires_at: DateTime<Utc>,
    },
    /// Who pays has not done it: nothing is set aside.
    ActionRefused {
        /// The amount that was not authorized.
        amount: u64,
    },
    /// Money was taken from an authorization.
    Capture {
        /// The amount that was taken.
        amount: u64,
        /// The sum of the authorization's captures, this one included.
        captured_amount: u64,
        /// What was let go with it, if it was the last.
        #[serde(default, skip_serializing_if = "is_zero")]
        released_amount: u64,
    },
    /// The issuer refused to hand the money over.
    CaptureDecline {
        /// The amount that the client asked for.
        amount: u64,
    },
    /// Money that was taken was given back.
    Refund {
        /// The amount that was given back.
        amount: u64,
        /// The sum of the authorization's captures.
        captured_amount: u64,
        /// The sum of its refunds, this one included.
        refunded_amount: u64,
    },
    /// The card's bank refused to take money back.
    RefundDecline {
        /// The amount that the client asked for.
        amount: u64,
    },
    /// What was given back has come back: the cardholder does not have it.
    RefundReversal {
        /// The key of the refund.
        refund_key: Arc<str>,
        /// Its amount.
        amount: u64,
        /// The sum of the authorization's captures.
        captured_amount: u64,
        /// The sum of its refunds, without this one.
        refunded_amount: u64,
    },
    /// An authorization was released.
    Void {
        /// The amount that was released.
        amount: u64,
    },
    /// Of an authorization of which some was taken, the rest was let go.
    Release {
        /// The amount that was let go.
        amount: u64,
    },
    /// The cardholder wants back what was taken; until that is settled, nobody has it.
    Dispute {
        /// Names the dispute.
        dispute_id: DisputeId,
        /// The amount that is wanted back.
        amount: u64,
        /// Why.
        reason: Box<str>,
    },
    /// It is settled who has what was disputed.
    DisputeEnd {
        /// Names the dispute.
        dispute_id: DisputeId,
        /// The amount.
        amount: u64,
        /// Whether the merchant has it.
        won: bool,
    },
}

/// What a client asks for, valid in form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    Authorize {
        reference: Arc<str>,
        amount: u64,
        currency: Currency,
        payment_method: Box<str>,
    },
    /// Who pays does what they were to do, or will not.
    Act {
        authorization_id: AuthorizationId,
        done: bool,
    },
    Capture {
        authorization_id: AuthorizationId,
        amount: u64,
        currency: Currency,
        last: bool,
    },
    Refund {
        authorization_id: AuthorizationId,
        amount: u64,
        currency: Currency,
    },
    /// The refund under this key comes back.
    ReverseRefund {
        refund_key: Arc<str>,
    },
    Void {
        authorization_id: AuthorizationId,
    },
    Release {
        authorization_id: AuthorizationId,
    },
    Dispute {
        authorization_id: AuthorizationId,
        amount: u64,
        currency: Currency,
        reason: Box<str>,
    },
    EndDispute {
        dispute_id: DisputeId,
        won: bool,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
const fn is_zero(amount: &u64) -> bool {
    *amount == 0
}

impl Numbered for Operation {
    fn sequence(&self) -> u64 {
        self.sequence
    }
}

impl Operation {
    /// Whether this is what became of `request`: the test of "same key, same body".
    pub(crate) fn answers(&self, request: &Request) -> bool {
        match (&self.kind, request) {
            (
                Kind::Authorize {
                    payment_method,
                    requested_amount: booked,
                    ..
                }
                | Kind::Action {
                    payment_method,
                    requested_amount: booked,
                    ..
                }
                | Kind::Decline {
                    payment_method,
                    amount: booked,
                    ..
                },
                Request::Authorize {
                    reference,
                    amount,
                    currency,
                    payment_method: token,
                },
            ) => {
                self.reference == *reference
                    && booked == amount
                    && self.currency == *currency
                    && payment_method == token
            }
            (
                Kind::Capture { amount: booked, .. } | Kind::CaptureDecline { amount: booked },
                Request::Capture {
                    authorization_id,
                    amount,
                    currency,
                    ..
                },
            )
            | (
                Kind::Refund { amount: booked, .. } | Kind::RefundDecline { amount: booked },
                Request::Refund {
                    authorization_id,
                    amount,
                    currency,
                },
            ) => {
                self.authorization_id == *authorization_id
                    && booked == amount
                    && self.currency == *currency
            }
            (
                Kind::ActionDone { .. } | Kind::ActionRefused { .. },
                Request::Act {
                    authorization_id,
                    done,
                },
            ) => {
                self.authorization_id == *authorization_id
                    && matches!(self.kind, Kind::ActionDone { .. }) == *done
            }
            (
                Kind::RefundReversal {
                    refund_key: booked, ..
                },
                Request::ReverseRefund { refund_key },
            ) => booked == refund_key,
            (Kind::Void { .. }, Request::Void { authorization_id })
            | (Kind::Release { .. }, Request::Release { authorization_id }) => {
                self.authorization_id == *authorization_id
            }
            (
                Kind::Dispute {
                    amount: booked,
                    reason: said,
                    ..
                },
                Request::Dispute {
                    authorization_id,
                    amount,
                    currency,
                    reason,
                },
            ) => {
                self.authorization_id == *authorization_id
                    && booked == amount
                    && self.currency == *currency
                    && said == reason
            }
            (
                Kind::DisputeEnd {
                    dispute_id: ended,
                    won: booked,
                    ..
                },
                Request::EndDispute { dispute_id, won },
            ) => ended == dispute_id && booked == won,
            _ => false,
        }
    }
}
