//! Calls to participants: what they ask, and whether anybody still waits for the answer.

use crate::{
    Money, OrderId, ShipmentId, State, StreamId, TenantId,
    event::is_default,
    payment::{
        Authorization, CaptureProgress, Payment, PaymentStatus, ReauthorizationProgress, Refund,
    },
    shipment::{Parcel, ShipmentStatus},
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
    /// Ask the payment provider to set an amount aside anew, before it ends.
    Reauthorize {
        /// The order.
        order_id: OrderId,
        /// What the provider calls the authorization that ends.
        authorization_id: String,
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
        /// Whether some of it was taken, and only the rest is given back.
        #[serde(default, skip_serializing_if = "is_default")]
        rest: bool,
    },
    /// Ask the payment provider to take some of what is set aside, or all of it.
    Capture {
        /// The order.
        order_id: OrderId,
        /// The shipment that it is taken for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shipment_id: Option<ShipmentId>,
        /// What the provider calls the authorization.
        authorization_id: String,
        /// How much.
        amount: Money,
        /// Which attempt.
        #[serde(default, skip_serializing_if = "is_default")]
        attempt: u32,
        /// What makes the provider do it once.
        idempotency_key: String,
        /// Whether more may be taken after it; else the provider lets go of the rest with it.
        #[serde(default, skip_serializing_if = "is_default")]
        more: bool,
    },
    /// Ask the payment provider to give back what it took.
    Refund {
        /// The order.
        order_id: OrderId,
        /// What the provider calls the authorization.
        authorization_id: String,
        /// Which refund of the payment.
        refund: u32,
        /// How much.
        amount: Money,
        /// What makes the provider do it once.
        idempotency_key: String,
    },
    /// Ask the carrier to take a shipment.
    Dispatch {
        /// The order.
        order_id: OrderId,
        /// The shipment.
        shipment_id: ShipmentId,
        /// Which attempt.
        attempt: u32,
        /// What makes the carrier do it once.
        idempotency_key: String,
    },
    /// Ask the carrier where a shipment is.
    Track {
        /// The order.
        order_id: OrderId,
        /// The shipment.
        shipment_id: ShipmentId,
        /// What the carrier calls it.
        tracking_number: String,
        /// How often it was asked, this time included.
        inquiries: u32,
    },
}

impl Call {
    /// The order that it is about.
    pub const fn order_id(&self) -> OrderId {
        match self {
            Self::Authorize { order_id, .. }
            | Self::Reauthorize { order_id, .. }
            | Self::Inquire { order_id, .. }
            | Self::Void { order_id, .. }
            | Self::Capture { order_id, .. }
            | Self::Refund { order_id, .. }
            | Self::Dispatch { order_id, .. }
            | Self::Track { order_id, .. } => *order_id,
        }
    }

    /// A short name for logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Authorize { .. } => "authorize",
            Self::Reauthorize { .. } => "reauthorize",
            Self::Inquire { .. } => "inquire",
            Self::Void { .. } => "void",
            Self::Capture { .. } => "capture",
            Self::Refund { .. } => "refund",
            Self::Dispatch { .. } => "dispatch",
            Self::Track { .. } => "track",
        }
    }

    /// Of which one it is, where an order may have several: the shipment, the number of the refund, or
    /// what the provider calls the authorization that is given back.
    pub fn of(&self) -> Option<String> {
        match self {
            Self::Authorize { .. } | Self::Reauthorize { .. } | Self::Inquire { .. } => None,
            Self::Void {
                authorization_id, ..
            } => Some(authorization_id.clone()),
            Self::Capture { shipment_id, .. } => shipment_id.map(|shipment| shipment.to_string()),
            Self::Refund { refund, .. } => Some(refund.to_string()),
            Self::Dispatch { shipment_id, .. } | Self::Track { shipment_id, .. } => {
                Some(shipment_id.to_string())
            }
        }
    }

    /// The stream that says whether it is waited for, and that its outcome is recorded in.
    pub fn stream(&self, tenant: &TenantId) -> StreamId {
        match self {
            Self::Authorize { order_id, .. }
            | Self::Reauthorize { order_id, .. }
            | Self::Inquire { order_id, .. }
            | Self::Void { order_id, .. }
            | Self::Capture { order_id, .. }
            | Self::Refund { order_id, .. } => StreamId::payment(tenant, *order_id),
            Self::Dispatch { shipment_id, .. } | Self::Track { shipment_id, .. } => {
                StreamId::shipment(tenant, *shipment_id)
            }
        }
    }

    /// Whether `state`, which is that of its stream, still waits for what comes of it. If not, its
    /// outcome is recorded, or it is of a time that has passed: then it is not to be made.
    ///
    /// An authorization that is to be given back as soon as it is known is waited for too: an earlier
    /// try may have set something aside, and only the provider can tell. It is then
    /// [asked, and nothing is set aside](Self::only_asks).
    pub fn is_awaited_by(&self, state: &State) -> bool {
        match state {
            State::Payment(payment) => self.is_awaited_by_payment(payment),
            State::Shipment(shipment) => {
                let parcel = shipment.created();
                parcel.is_some_and(|parcel| self.is_awaited_by_parcel(parcel))
            }
            State::Order(_)
            | State::Stock(_)
            | State::Return(_)
            | State::Customer(_)
            | State::Product(_) => false,
        }
    }

    /// Whether `state` only wants to know what became of it: nobody is to set anything aside that would
    /// be given back at once.
    pub const fn only_asks(&self, state: &State) -> bool {
        match (self, state) {
            (Self::Authorize { .. }, State::Payment(payment)) => payment.is_to_be_given_back(),
            (Self::Reauthorize { .. }, State::Payment(payment)) => !matches!(
                payment.status,
                PaymentStatus::Authorized | PaymentStatus::AuthorizationExpired
            ),
            _ => false,
        }
    }

    fn is_awaited_by_payment(&self, payment: &Payment) -> bool {
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
            Self::Reauthorize {
                idempotency_key, ..
            } => {
                let asked = payment.reauthorization.as_ref();
                asked.is_some_and(|asked| {
                    asked.progress == ReauthorizationProgress::Requested
                        && asked.idempotency_key == *idempotency_key
                })
            }
            Self::Inquire {
                attempt, inquiries, ..
            } => {
                let is_next = payment.parked || payment.inquiries < *inquiries;
                let waits = match payment.status {
                    PaymentStatus::OutcomeUnknown => is_next,
                    // Its word that it is done may get lost.
                    PaymentStatus::ActionRequired => true,
                    _ => false,
                };
                waits && is_due(attempt)
            }
            Self::Void {
                authorization_id,
                rest: true,
                ..
            } => payment.lets_go && is_of(authorization_id),
            Self::Void {
                authorization_id, ..
            } => match payment.strays.get(authorization_id) {
                Some(stray) => !stray.done,
                None => {
                    payment.status == PaymentStatus::Voiding
                        && (is_of(authorization_id) || payment.has_given_up(authorization_id))
                }
            },
            Self::Capture {
                shipment_id,
                authorization_id,
                attempt,
                ..
            } => {
                let known = payment.captures.get(shipment_id);
                let waits = known.is_some_and(|known| {
                    known.progress == CaptureProgress::Requested && known.attempt == *attempt
                });
                waits && is_of(authorization_id)
            }
            Self::Refund {
                authorization_id,
                refund,
                ..
            } => {
                let known = payment.refunds.get(refund);
                known.is_some_and(Refund::is_awaited) && is_of(authorization_id)
            }
            Self::Dispatch { .. } | Self::Track { .. } => false,
        }
    }

    fn is_awaited_by_parcel(&self, parcel: &Parcel) -> bool {
        match self {
            Self::Dispatch { attempt, .. } => {
                parcel.status == ShipmentStatus::Dispatching && parcel.attempt == *attempt
            }
            Self::Track { inquiries, .. } => {
                parcel.status.is_under_way() && parcel.inquiries < *inquiries
            }
            Self::Authorize { .. }
            | Self::Reauthorize { .. }
            | Self::Inquire { .. }
            | Self::Void { .. }
            | Self::Capture { .. }
            | Self::Refund { .. } => false,
        }
    }
}
