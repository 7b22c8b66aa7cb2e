//! What may be asked of a payment.

use crate::{Money, OrderId, ReturnId, ShipmentId, event::is_default};
use chrono::{DateTime, Utc};
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
    /// The provider does not before who pays has done something.
    RecordActionRequired(RecordActionRequired),
    /// Nobody knows whether the provider did.
    RecordOutcomeUnknown(RecordOutcomeUnknown),
    /// Give back what is set aside, now or as soon as it is known.
    RequestVoid(RequestVoid),
    /// The provider gave it back.
    RecordVoided(RecordVoided),
    /// Take what a shipment is worth of what is set aside.
    RequestCapture(RequestCapture),
    /// The provider took it.
    RecordCaptured(RecordCaptured),
    /// The provider captured, and lets go of the rest: no more will be captured.
    RecordLastCaptured(RecordCaptured),
    /// Have the provider let go of what is set aside beyond what was taken: no more will be.
    ReleaseRest(ReleaseRest),
    /// The provider did not take it.
    RecordCaptureFailed(RecordCaptureFailed),
    /// Give back what was taken for a shipment.
    RequestRefund(RequestRefund),
    /// Give back what was accepted of a return.
    RefundReturn(RefundReturn),
    /// The provider gave it back.
    RecordRefunded(RecordRefunded),
    /// The provider will not.
    RecordRefundFailed(RecordRefundFailed),
    /// Give back once more what the provider would not, or what has come back.
    RetryRefund(RetryRefund),
    /// People have given that back in another way.
    SettleRefund(SettleRefund),
    /// Ask the provider to set the amount aside anew, as its time ends.
    RequestReauthorization(RequestReauthorization),
    /// The provider did.
    RecordReauthorized(RecordReauthorized),
    /// The provider did not.
    RecordReauthorizationFailed(RecordReauthorizationFailed),
    /// The time of what was set aside has passed.
    RecordAuthorizationExpired(RecordAuthorizationExpired),
    /// The provider speaks by itself, of what it was asked for or of what nobody asked for.
    Hear(HearProvider),
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
    /// Until when it can be taken, if the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// The provider declined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordDeclined {
    /// Which attempt.
    pub attempt: u32,
    /// The provider's reason.
    pub code: String,
}

/// The provider sets nothing aside before who pays has done what it asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordActionRequired {
    /// Which attempt.
    pub attempt: u32,
    /// What the provider calls the authorization that may come of it.
    pub authorization_id: String,
    /// Where who pays does it: an address that begins with `https://` or `http://`.
    pub url: String,
    /// Until when, if the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
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

/// Wants back what is set aside, and what was taken of it.
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

/// Wants what a shipment is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestCapture {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// How much.
    pub amount: Money,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How many attempts there may be.
    pub max_attempts: u32,
    /// What makes the provider do it once; minted before the call.
    pub idempotency_key: String,
    /// Whether more may be taken after it, for other shipments of the order.
    #[serde(default, skip_serializing_if = "is_default")]
    pub more: bool,
}

/// Has the provider let go of what is set aside beyond what was taken for all parcels of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseRest {
    /// The order.
    pub order_id: OrderId,
    /// What makes the provider do it once; minted before the call.
    pub idempotency_key: String,
}

/// The provider captured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordCaptured {
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// The shipment that it was taken for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// Which attempt.
    #[serde(default)]
    pub attempt: u32,
    /// How much the provider took.
    pub amount: Money,
}

/// The provider did not capture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordCaptureFailed {
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// The shipment that it was to be taken for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// Which attempt.
    #[serde(default)]
    pub attempt: u32,
    /// The provider's reason.
    pub code: String,
}

/// Wants back what was taken for a shipment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestRefund {
    /// The order.
    pub order_id: OrderId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// How much.
    pub amount: Money,
    /// What makes the provider do it once; minted before the call.
    pub idempotency_key: String,
    /// Why, for people; there is one refund for each reason.
    pub reason: String,
}

/// Wants back what was accepted of a return.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefundReturn {
    /// The order.
    pub order_id: OrderId,
    /// The return: there is one refund for each.
    pub return_id: ReturnId,
    /// How much.
    pub amount: Money,
    /// What makes the provider do it once; minted before the call.
    pub idempotency_key: String,
}

/// The provider gave back what was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordRefunded {
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// Which refund of the payment, from 1.
    pub refund: u32,
    /// How much the provider gave back.
    pub amount: Money,
}

/// The provider does not give back what was taken, and would not if it were asked again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordRefundFailed {
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// Which refund of the payment, from 1.
    pub refund: u32,
    /// The provider's reason.
    pub code: String,
}

/// Wants given back once more what the provider would not give back, or what has come back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetryRefund {
    /// The order.
    pub order_id: OrderId,
    /// Which refund of the payment has failed or has come back.
    pub refund: u32,
    /// What makes the provider do it once; minted before the call.
    pub idempotency_key: String,
}

/// People have given back in another way what the provider would not give back, or what has come back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettleRefund {
    /// Which refund of the payment has failed or has come back.
    pub refund: u32,
}

/// Wants the amount set aside anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestReauthorization {
    /// What the provider calls the authorization that ends.
    pub authorization_id: String,
    /// A token of the provider.
    pub payment_method: String,
    /// What makes the provider do it once; minted before the call.
    pub idempotency_key: String,
}

/// The provider set the amount aside anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordReauthorized {
    /// What the provider calls the authorization that ends.
    pub former_authorization_id: String,
    /// What it calls the new one.
    pub authorization_id: String,
    /// How much.
    pub amount: Money,
    /// Until when it can be taken, if the provider says so.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The provider did not set the amount aside anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordReauthorizationFailed {
    /// What the provider calls the authorization that ends.
    pub former_authorization_id: String,
    /// The provider's reason.
    pub code: String,
}

/// The time of what was set aside has passed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordAuthorizationExpired {
    /// What the provider calls the authorization.
    pub authorization_id: String,
}

/// The provider speaks by itself: perhaps before the answer to our call, twice, late, or out of order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HearProvider {
    /// The key of the call that it is about: of what was asked for, or, where nobody asked, of the
    /// authorization.
    pub idempotency_key: String,
    /// What it says.
    pub notice: Notice,
}

/// What a provider may say by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Notice {
    /// It has set an amount aside.
    Authorized {
        /// What it calls the authorization.
        authorization_id: String,
        /// How much.
        amount: Money,
        /// Until when it can be taken, if the provider says so.
        expires_at: Option<DateTime<Utc>>,
    },
    /// It has not.
    Declined {
        /// Its reason.
        code: String,
    },
    /// It does not before who pays has done something.
    ActionRequired {
        /// What it calls the authorization that may come of it.
        authorization_id: String,
        /// Where who pays does it.
        url: String,
        /// Until when, if it says so.
        until: Option<DateTime<Utc>>,
    },
    /// Nothing is set aside any more.
    Voided {
        /// What it calls the authorization.
        authorization_id: String,
    },
    /// Nothing is set aside any more, as its time has passed.
    Expired {
        /// What it calls the authorization.
        authorization_id: String,
    },
    /// It has taken an amount.
    Captured {
        /// What it calls the authorization.
        authorization_id: String,
        /// How much.
        amount: Money,
    },
    /// It has not.
    CaptureFailed {
        /// What it calls the authorization.
        authorization_id: String,
        /// Its reason.
        code: String,
    },
    /// It has given an amount back.
    Refunded {
        /// What it calls the authorization.
        authorization_id: String,
        /// How much.
        amount: Money,
    },
    /// It does not give an amount back.
    RefundFailed {
        /// What it calls the authorization.
        authorization_id: String,
        /// Its reason.
        code: String,
    },
    /// What it had given back has come back.
    RefundReversed {
        /// What it calls the authorization.
        authorization_id: String,
        /// How much.
        amount: Money,
        /// Its reason.
        code: String,
    },
    /// The cardholder wants an amount back.
    DisputeOpened(DisputeNotice),
    /// The shop has it.
    DisputeWon(DisputeNotice),
    /// The cardholder has it.
    DisputeLost(DisputeNotice),
}

/// What a provider says of a dispute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DisputeNotice {
    /// What it calls the dispute.
    pub dispute_id: String,
    /// What it calls the authorization.
    pub authorization_id: String,
    /// How much.
    pub amount: Money,
    /// Why the cardholder wants it back.
    pub reason: String,
}
