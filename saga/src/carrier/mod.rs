//! The carrier, as the sagas see it.

mod http;

pub use crate::participant::{CallError, CircuitState, GuardOptions, InvalidParticipant};
pub use http::HttpCarrier;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{OrderId, order::Address};

/// Asks for a label: that a shipment is taken over.
#[derive(Debug, Clone, PartialEq)]
pub struct DispatchRequest {
    /// The order that it is of.
    pub order_id: OrderId,
    /// Our reference: the shipment.
    pub reference: String,
    /// Where it goes, if the shop said so.
    pub address: Option<Address>,
    /// What makes the carrier do it once.
    pub idempotency_key: String,
}

/// A shipment that the carrier has taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatched {
    /// What the carrier calls itself.
    pub carrier: String,
    /// What it calls the shipment.
    pub tracking_number: String,
}

/// Where a shipment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tracking {
    /// On its way.
    Underway,
    /// It was tried in vain to hand it over; it is under way still.
    DeliveryFailed {
        /// What the carrier says about it.
        reason: String,
    },
    /// Handed over.
    Delivered {
        /// When.
        at: DateTime<Utc>,
    },
    /// The carrier cannot find it any more.
    Lost,
    /// It could not be handed over, and is back where it came from.
    ReturnedToSender,
}

/// The carrier. Every call is bounded in time, and may be put again under the same key: the carrier
/// makes one label.
#[async_trait]
pub trait Carrier: Send + Sync + 'static {
    /// Hands a shipment over. What the carrier refuses, it refuses with a code.
    async fn dispatch(&self, request: &DispatchRequest) -> Result<Dispatched, CallError>;

    /// The shipment that it took under an idempotency key, which is the one that we call `reference`.
    /// `NotFound` if it has taken none: it was never asked, or has refused.
    async fn inquire(
        &self,
        idempotency_key: &str,
        reference: &str,
    ) -> Result<Dispatched, CallError>;

    /// Whether it is called, or left alone for a while as it did not answer.
    fn circuit(&self) -> CircuitState {
        CircuitState::Closed
    }

    /// Where a shipment is.
    async fn track(&self, tracking_number: &str) -> Result<Tracking, CallError>;
}
