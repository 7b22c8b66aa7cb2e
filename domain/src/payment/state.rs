//! What decisions about a payment stand on.

mod refund;

pub use refund::{DeferredRefund, Refund, RefundProgress};

use crate::{Money, OrderId, ShipmentId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// The provider waits for who pays to do something.
    ActionRequired,
    /// Nobody knows what the provider did.
    OutcomeUnknown,
    /// The provider was asked to give it back.
    Voiding,
    /// Nothing is set aside any more.
    Voided,
    /// The provider was asked to take the amount, or some of it.
    Capturing,
    /// The amount was taken.
    Captured,
    /// Some of the amount was taken.
    PartiallyCaptured,
    /// The provider was asked to give back what it took, or some of it.
    Refunding,
    /// All that was taken was given back.
    Refunded,
    /// Some of what was taken was given back.
    PartiallyRefunded,
    /// Nothing is set aside any more, as its time has passed.
    AuthorizationExpired,
}

impl PaymentStatus {
    /// The status as it is written in JSON and read models.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Authorizing => "authorizing",
            Self::Authorized => "authorized",
            Self::Declined => "declined",
            Self::ActionRequired => "action_required",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Voiding => "voiding",
            Self::Voided => "voided",
            Self::Capturing => "capturing",
            Self::Captured => "captured",
            Self::PartiallyCaptured => "partially_captured",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
            Self::PartiallyRefunded => "partially_refunded",
            Self::AuthorizationExpired => "authorization_expired",
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
    /// The provider's token of how it is paid.
    pub payment_method: String,
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
    /// Until when it can be taken, if the provider has said so.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What who pays is to do before the provider sets anything aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// What the provider calls the authorization that may come of it.
    pub authorization_id: String,
    /// Where it is done.
    pub url: String,
    /// Until when, if the provider has said so.
    pub until: Option<DateTime<Utc>>,
}

/// What is set aside anew, once in a payment's life, as its time ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Reauthorization {
    /// What the provider calls the authorization that ends.
    pub former_authorization_id: String,
    /// What makes the provider do it once.
    pub idempotency_key: String,
    /// How far that is.
    pub progress: ReauthorizationProgress,
}

/// How far it is that something is set aside anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReauthorizationProgress {
    /// The provider was asked.
    Requested,
    /// The provider did it.
    Done,
    /// The provider did not, or not once more.
    Failed,
}

/// Which shipment something is taken for; none where that was not said.
pub type CaptureKey = Option<ShipmentId>;

/// What is taken for a shipment.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// How much.
    pub amount: Money,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How many attempts there may be.
    pub max_attempts: u32,
    /// What makes the provider do it once.
    pub idempotency_key: String,
    /// Whether more may be taken after it.
    pub more: bool,
    /// How far that is.
    pub progress: CaptureProgress,
}

/// How far a capture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureProgress {
    /// The provider was asked.
    Requested,
    /// The provider took it.
    Captured,
    /// The provider did not take it: it may be asked again.
    Failed,
}

/// What a cardholder wants back of what was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispute {
    /// How much.
    pub amount: Money,
    /// Why, as the provider says.
    pub reason: String,
    /// How it stands.
    pub progress: DisputeProgress,
}

/// How a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeProgress {
    /// Nobody has decided it: the provider keeps the money.
    Open,
    /// The shop has the money.
    Won,
    /// The cardholder has it.
    Lost,
}

impl DisputeProgress {
    /// The word for it in JSON and read models.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

/// What the provider holds and nobody waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Stray {
    /// How much.
    pub amount: Money,
    /// Whether it was given back.
    pub done: bool,
    /// Whether it is what was set aside before it was set aside anew.
    pub former: bool,
}

/// A payment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Payment {
    /// Where it is.
    pub status: PaymentStatus,
    /// What was asked of the provider last.
    pub request: Option<Request>,
    /// What who pays is to do, or was to do when it was given up.
    pub(super) action: Option<Box<Action>>,
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
    /// What is taken of what is set aside, by shipment.
    pub captures: BTreeMap<CaptureKey, Capture>,
    /// What is given back of it, by the number of the refund.
    pub refunds: BTreeMap<u32, Refund>,
    /// What is to be given back when no dispute is open any more, in the order of its asking.
    pub deferred_refunds: Vec<DeferredRefund>,
    /// What cardholders want back of it, by the provider's name for the dispute.
    pub disputes: BTreeMap<String, Dispute>,
    /// What the provider holds and nobody waits for, by its name for the authorization.
    pub strays: BTreeMap<String, Stray>,
    /// That the amount was to be set aside anew.
    pub reauthorization: Option<Reauthorization>,
    /// Whether the time of what was set aside has passed.
    pub(super) expired: bool,
    /// How much of what was set aside the provider has let go since, as no more is taken; in minor units.
    pub(super) released: i64,
    /// Whether the provider was asked to let go of what is set aside beyond what was taken.
    pub lets_go: bool,
}

impl Payment {
    /// How much was taken, in minor units.
    pub fn captured(&self) -> i64 {
        self.taken(&[CaptureProgress::Captured])
    }

    /// How much was taken or is being taken, in minor units.
    pub(super) fn claimed(&self) -> i64 {
        self.taken(&[CaptureProgress::Captured, CaptureProgress::Requested])
    }

    fn taken(&self, which: &[CaptureProgress]) -> i64 {
        let captures = self.captures.values();
        captures
            .filter(|capture| which.contains(&capture.progress))
            .fold(0, |sum, capture| sum.saturating_add(capture.amount.amount))
    }

    /// How much was given back, in minor units.
    pub fn refunded(&self) -> i64 {
        let refunds = self.refunds.values().filter(|refund| refund.is_done());
        refunds.fold(0, |sum, refund| sum.saturating_add(refund.amount.amount))
    }

    /// How much was given back, is being given back, is owed, or is to be given back once no dispute is
    /// open, in minor units.
    pub(crate) fn reclaimed(&self) -> i64 {
        let refunds = self.refunds.values().filter(|refund| !refund.again);
        let refunds = refunds.map(|refund| refund.amount.amount);
        let deferred = self.deferred_refunds.iter();
        let deferred = deferred.map(|refund| refund.amount.amount);
        refunds.chain(deferred).fold(0, i64::saturating_add)
    }

    /// How much cardholders have got back by disputes, in minor units.
    pub fn lost(&self) -> i64 {
        self.in_dispute(DisputeProgress::Lost)
    }

    /// How much of what was taken the provider keeps until its disputes are settled, in minor units.
    pub fn disputed(&self) -> i64 {
        self.in_dispute(DisputeProgress::Open)
    }

    fn in_dispute(&self, progress: DisputeProgress) -> i64 {
        let disputes = self.disputes.values();
        disputes
            .filter(|dispute| dispute.progress == progress)
            .fold(0, |sum, dispute| sum.saturating_add(dispute.amount.amount))
    }

    /// How much was set aside when the provider said so: what it has let go since was part of that.
    pub(super) fn was_set_aside(&self, known: &Authorization) -> Money {
        let amount = known.amount.amount.saturating_add(self.released);
        Money::new(amount, known.amount.currency)
    }

    /// What of a refund can be given back yet, once lost disputes have taken theirs: all that was taken
    /// without that, and without the other refunds, at most as much as was asked for. None while a later
    /// one is open, as they end from the last to the first: so each knows what is left for it.
    pub fn left_for(&self, refund: u32) -> Option<Money> {
        let asked = self.refunds.get(&refund)?.amount;
        let mut later = self.refunds.range(refund..).skip(1);
        if later.any(|(_, other)| other.is_awaited()) {
            return None;
        }
        let others = self.refunds.iter();
        let others = others.filter(|(number, other)| **number != refund && !other.again);
        let others = others.fold(0, |sum: i64, (_, other)| {
            sum.saturating_add(other.amount.amount)
        });
        let taken = self.captured().saturating_sub(self.lost());
        let left = taken.saturating_sub(others).max(0);
        Some(Money::new(asked.amount.min(left), asked.currency))
    }

    /// What who pays is to do before anything is set aside; none where nobody waits for that.
    pub fn action(&self) -> Option<&Action> {
        let action = self.action.as_deref();
        action.filter(|_| self.status == PaymentStatus::ActionRequired)
    }

    /// Whether the provider named `authorization_id` what who pays was to do something for, and it was given
    /// up before it was known to be authorized: whatever came of it is given back.
    pub fn has_given_up(&self, authorization_id: &str) -> bool {
        let given_up = matches!(self.status, PaymentStatus::Voiding | PaymentStatus::Voided);
        let action = self.action.as_ref();
        let action = action.filter(|_| given_up && self.authorization.is_none());
        action.is_some_and(|action| action.authorization_id == authorization_id)
    }

    /// How much could not be given back, or has come back, and is owed yet; in minor units.
    pub fn owed(&self) -> i64 {
        let refunds = self.refunds.values().filter(|refund| refund.is_owed());
        refunds.fold(0, |sum, refund| sum.saturating_add(refund.amount.amount))
    }

    /// Whether what is set aside is to be given back as soon as that is known.
    pub const fn is_to_be_given_back(&self) -> bool {
        self.deferred_void.is_some()
    }

    /// Whether something is being taken.
    pub(super) fn is_capturing(&self) -> bool {
        let mut captures = self.captures.values();
        captures.any(|capture| capture.progress == CaptureProgress::Requested)
    }

    /// Whether the provider has let go of what is left, of an authorization of which something was taken.
    pub fn has_let_go(&self) -> bool {
        self.released > 0 && self.has_captured()
    }

    /// Whether something was taken, be it nothing because nothing was to pay.
    pub(super) fn has_captured(&self) -> bool {
        let mut captures = self.captures.values();
        captures.any(|capture| capture.progress == CaptureProgress::Captured)
    }

    /// About how many bytes that takes of which there may be many.
    pub(crate) fn size_of_many(&self) -> usize {
        /// A capture or a refund, with its texts.
        const PART: usize = 256;
        let refunds = self.refunds.len() + self.deferred_refunds.len();
        let by_others = self.disputes.len() + self.strays.len();
        (self.captures.len() + refunds + by_others) * PART
    }
}
