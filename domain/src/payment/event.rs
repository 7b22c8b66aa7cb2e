//! What may happen to a payment. These shapes are frozen: a new shape is a new version.
//!
//! A *Requested* event is written before the provider is called, with the key that makes the call
//! happen once.

use super::upcast;
use crate::{
    Money, OrderId, ReturnId, ShipmentId,
    event::{events, is_default},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

events! {
    /// Anything that may happen to a payment.
    PaymentEvent {
        /// The provider is to be asked to set the amount aside.
        PaymentAuthorizationRequested = 1,
        /// The amount is set aside.
        PaymentAuthorized = 2 [1 => upcast::authorized_v1],
        /// The provider declined.
        PaymentDeclined = 1,
        /// The provider sets nothing aside before who pays has done what it asks for.
        PaymentActionRequired = 1,
        /// Nobody knows what the provider did; it will be asked.
        PaymentOutcomeUnknown = 1,
        /// Asking did not help: an operator must look.
        PaymentParked = 1,
        /// The provider set something else aside than was asked for.
        PaymentIntegrityMismatch = 1,
        /// The payment is to be given back, but what the provider did is not known yet.
        PaymentVoidDeferred = 1,
        /// The provider is to be asked to give the amount back.
        PaymentVoidRequested = 1,
        /// Nothing is set aside any more.
        PaymentVoided = 1,
        /// A success that came after the order had ended was given back.
        LatePaymentReversed = 1,
        /// The provider is to be asked to take the amount.
        PaymentCaptureRequested = 2 [1 => upcast::capture_requested_v1],
        /// The amount was taken.
        PaymentCaptured = 1,
        /// The provider is to be asked to let go of what is set aside beyond what was taken.
        PaymentRestReleaseRequested = 1,
        /// The provider lets go of what is set aside beyond what was taken: no more will be.
        PaymentRestReleased = 1,
        /// The provider did not take the amount.
        PaymentCaptureFailed = 1,
        /// The provider is to be asked to give back what it took.
        PaymentRefundRequested = 1,
        /// What was taken was given back.
        PaymentRefunded = 1,
        /// The provider does not give back what was taken: an operator must look.
        PaymentRefundFailed = 1,
        /// What was given back has come back: an operator must look.
        PaymentRefundReversed = 1,
        /// What is to be given back waits for the end of a dispute.
        PaymentRefundDeferred = 1,
        /// The provider holds what nobody waits for: it is to be given back.
        StrayAuthorizationFound = 1,
        /// The cardholder wants back what was taken, and the provider keeps it until that is settled.
        DisputeOpened = 1,
        /// What was disputed is the shop's.
        DisputeWon = 1,
        /// What was disputed is the cardholder's.
        DisputeLost = 1,
        /// What is set aside ends soon: the provider is to be asked to set it aside anew.
        PaymentReauthorizationRequested = 1,
        /// It is set aside anew, under another name.
        PaymentReauthorized = 1,
        /// It is not: it ends.
        PaymentReauthorizationFailed = 1,
        /// What was set aside before, under its former name, was given back.
        FormerAuthorizationVoided = 1,
        /// Nothing is set aside any more, as its time has passed.
        PaymentAuthorizationExpired = 1,
    }
}

/// The provider is to be asked to set the amount aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentAuthorizationRequested {
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
    /// What makes the provider do it once.
    pub idempotency_key: String,
}

/// The amount is set aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentAuthorized {
    /// The order that is paid.
    pub order_id: OrderId,
    /// Which attempt.
    pub attempt: u32,
    /// What the provider calls it.
    pub authorization_id: String,
    /// How much.
    pub amount: Money,
    /// Until when it can be taken, if the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// The provider declined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentDeclined {
    /// The order that is paid.
    pub order_id: OrderId,
    /// Which attempt.
    pub attempt: u32,
    /// How many attempts are left.
    pub attempts_left: u32,
    /// The provider's reason.
    pub code: String,
}

/// The provider sets nothing aside before who pays has done what it asks for, such as to prove who they
/// are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentActionRequired {
    /// The order that is paid.
    pub order_id: OrderId,
    /// Which attempt.
    pub attempt: u32,
    /// What the provider calls the authorization that may come of it.
    pub authorization_id: String,
    /// Where who pays does it.
    pub url: String,
    /// Until when, if the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// Nobody knows what the provider did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentOutcomeUnknown {
    /// The order that is paid.
    pub order_id: OrderId,
    /// Which attempt.
    pub attempt: u32,
    /// The key of the call whose outcome is unknown.
    pub idempotency_key: String,
    /// How often the provider was asked since.
    pub inquiries: u32,
    /// What happened, for people.
    pub detail: String,
}

/// An operator must look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentParked {
    /// The order that is paid.
    pub order_id: OrderId,
    /// Which attempt.
    pub attempt: u32,
    /// What happened, for people.
    pub detail: String,
}

/// The provider set something else aside than was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentIntegrityMismatch {
    /// The order that is paid.
    pub order_id: OrderId,
    /// Which attempt.
    pub attempt: u32,
    /// What the provider calls it.
    pub authorization_id: String,
    /// What was asked for.
    pub expected: Money,
    /// What was set aside.
    pub actual: Money,
}

/// The payment is to be given back as soon as the outcome is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentVoidDeferred {
    /// The order.
    pub order_id: OrderId,
    /// The key for the call, should there be something to give back.
    pub idempotency_key: String,
    /// Why, for people.
    pub reason: String,
}

/// The provider is to be asked to give the amount back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentVoidRequested {
    /// The order.
    pub order_id: OrderId,
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// What makes the provider do it once.
    pub idempotency_key: String,
    /// Why, for people.
    pub reason: String,
}

/// Nothing is set aside any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentVoided {
    /// The order.
    pub order_id: OrderId,
    /// What the provider called the authorization; none if nothing had been authorized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_id: Option<String>,
}

/// A success that came after the order had ended was given back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatePaymentReversed {
    /// The order.
    pub order_id: OrderId,
    /// What the provider called the authorization.
    pub authorization_id: String,
    /// How much.
    pub amount: Money,
}

/// The provider is to be asked to take the amount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentCaptureRequested {
    /// The order.
    pub order_id: OrderId,
    /// The shipment that it is taken for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// How much.
    pub amount: Money,
    /// Which attempt, from 1.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attempt: u32,
    /// How many attempts there may be.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_attempts: u32,
    /// What makes the provider do it once.
    pub idempotency_key: String,
    /// Whether more may be taken after it, for other shipments: else the provider lets go of the rest with it.
    /// Since version 2.
    #[serde(default, skip_serializing_if = "is_default")]
    pub more: bool,
}

/// The amount was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentCaptured {
    /// The order.
    pub order_id: OrderId,
    /// The shipment that it was taken for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// How much.
    pub amount: Money,
}

/// The provider did not take the amount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentCaptureFailed {
    /// The order.
    pub order_id: OrderId,
    /// The shipment that it was to be taken for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// How much was to be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Which attempt, from 1.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attempt: u32,
    /// How many attempts are left.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attempts_left: u32,
    /// The provider's reason.
    pub code: String,
}

/// The provider is to be asked to give back what it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentRefundRequested {
    /// The order.
    pub order_id: OrderId,
    /// The shipment that it had been taken for; none if it is for a return, or if all is given back
    /// that was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// The return that it is given back for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_id: Option<ReturnId>,
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// Which refund of the payment, from 1.
    pub refund: u32,
    /// How much.
    pub amount: Money,
    /// What makes the provider do it once.
    pub idempotency_key: String,
    /// Why, for people.
    pub reason: String,
}

/// What was taken was given back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentRefunded {
    /// The order.
    pub order_id: OrderId,
    /// The shipment that it had been taken for; none if it is for a return, or if all was given back
    /// that was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// The return that it is given back for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_id: Option<ReturnId>,
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// Which refund of the payment, from 1.
    pub refund: u32,
    /// How much.
    pub amount: Money,
}

impl PaymentRefunded {
    /// Whether all was given back that was taken: not only what a shipment or a return is worth.
    pub const fn is_of_all(&self) -> bool {
        self.shipment_id.is_none() && self.return_id.is_none()
    }
}

/// The provider is to be asked to let go of what is set aside beyond what was taken: of an order that left in
/// several parcels, nothing more is to be taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentRestReleaseRequested {
    /// The order.
    pub order_id: OrderId,
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// How much it is to let go of.
    pub amount: Money,
    /// What makes the provider do it once.
    pub idempotency_key: String,
}

/// The provider does not give back what was taken, for good: it is owed until an operator sees to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentRefundFailed {
    /// The order.
    pub order_id: OrderId,
    /// The shipment that it had been taken for; none if it is for a return, or if all is to be given back
    /// that was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// The return that it is to be given back for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_id: Option<ReturnId>,
    /// Which refund of the payment, from 1.
    pub refund: u32,
    /// How much.
    pub amount: Money,
    /// Why it was to be given back, for people.
    pub reason: String,
    /// The provider's reason.
    pub code: String,
}

/// What was given back has come back, such as from an account that is closed: it is owed again until an
/// operator sees to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentRefundReversed {
    /// The order.
    pub order_id: OrderId,
    /// The shipment that it had been taken for; none if it is for a return, or if all was given back that
    /// was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// The return that it was given back for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_id: Option<ReturnId>,
    /// Which refund of the payment, from 1.
    pub refund: u32,
    /// How much.
    pub amount: Money,
    /// Why it was given back, for people.
    pub reason: String,
    /// The provider's reason.
    pub code: String,
}

/// The provider lets go of what is set aside beyond what was taken, since no more will be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentRestReleased {
    /// The order.
    pub order_id: OrderId,
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// How much it lets go of.
    pub amount: Money,
}

/// What is to be given back waits for the end of a dispute: nobody is paid back twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentRefundDeferred {
    /// The order.
    pub order_id: OrderId,
    /// The shipment that it had been taken for; none if it is for a return, or if all is given back
    /// that was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// The return that it is given back for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_id: Option<ReturnId>,
    /// How much, at most: what a lost dispute takes is not given back once more.
    pub amount: Money,
    /// What makes the provider do it once.
    pub idempotency_key: String,
    /// Why, for people.
    pub reason: String,
}

/// The provider holds what nobody waits for: it came after the payment was given up, or beside
/// another authorization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrayAuthorizationFound {
    /// The order.
    pub order_id: OrderId,
    /// The attempt that it is of.
    pub attempt: u32,
    /// What the provider calls it.
    pub authorization_id: String,
    /// How much.
    pub amount: Money,
    /// What makes the provider give it back once.
    pub idempotency_key: String,
    /// Why nobody waits for it, for people.
    pub reason: String,
}

/// The cardholder wants back what was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DisputeOpened {
    /// The order.
    pub order_id: OrderId,
    /// What the provider calls it.
    pub dispute_id: String,
    /// What the provider calls the authorization.
    pub authorization_id: String,
    /// How much.
    pub amount: Money,
    /// Why, as the provider says.
    pub reason: String,
}

/// What was disputed is the shop's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DisputeWon {
    /// The order.
    pub order_id: OrderId,
    /// What the provider calls it.
    pub dispute_id: String,
    /// How much.
    pub amount: Money,
    /// How many other disputes of the payment are open.
    pub still_open: u32,
}

/// What was disputed is the cardholder's: it is gone, as what is refunded is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DisputeLost {
    /// The order.
    pub order_id: OrderId,
    /// What the provider calls it.
    pub dispute_id: String,
    /// How much.
    pub amount: Money,
    /// How many other disputes of the payment are open.
    pub still_open: u32,
}

/// The provider is to be asked to set the amount aside anew, as its time ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentReauthorizationRequested {
    /// The order.
    pub order_id: OrderId,
    /// What the provider calls the authorization that ends.
    pub former_authorization_id: String,
    /// How much.
    pub amount: Money,
    /// A token of the provider.
    pub payment_method: String,
    /// What makes the provider do it once.
    pub idempotency_key: String,
}

/// The amount is set aside anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentReauthorized {
    /// The order.
    pub order_id: OrderId,
    /// What the provider called the authorization until now.
    pub former_authorization_id: String,
    /// What the provider calls it from now on.
    pub authorization_id: String,
    /// How much.
    pub amount: Money,
    /// Until when it can be taken, if the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// What makes the provider give the former back once.
    pub void_key: String,
}

/// The amount is not set aside anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentReauthorizationFailed {
    /// The order.
    pub order_id: OrderId,
    /// What the provider calls the authorization that ends.
    pub authorization_id: String,
    /// Until when it can be taken, if the provider has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it is needed yet: neither taken nor given back.
    pub needed: bool,
    /// Why.
    pub code: String,
}

/// What was set aside under a former name was given back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FormerAuthorizationVoided {
    /// The order.
    pub order_id: OrderId,
    /// What the provider called it.
    pub authorization_id: String,
}

/// Nothing is set aside any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentAuthorizationExpired {
    /// The order.
    pub order_id: OrderId,
    /// What the provider called it.
    pub authorization_id: String,
}
