//! The payment provider, as the sagas see it.

mod http;

pub use crate::participant::{CallError, CircuitState, GuardOptions, InvalidParticipant};
pub use http::HttpPaymentProvider;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{Money, OrderId};
use std::time::Duration;

/// Asks for an authorization.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorizeRequest {
    /// Our reference: the order.
    pub order_id: OrderId,
    /// How much.
    pub amount: Money,
    /// A token of the provider.
    pub payment_method: String,
    /// What makes the provider do it once.
    pub idempotency_key: String,
}

/// What became of an authorization.
#[derive(Debug, Clone, PartialEq)]
pub enum Authorization {
    /// The amount is set aside.
    Authorized {
        /// What the provider calls it.
        authorization_id: String,
        /// How much was set aside.
        amount: Money,
        /// Until when it can be taken, if the provider says so.
        expires_at: Option<DateTime<Utc>>,
    },
    /// Nothing is set aside before who pays has done something.
    ActionRequired {
        /// What the provider calls what may come of it.
        authorization_id: String,
        /// Where it is done.
        url: String,
        /// Until when, if the provider says so.
        until: Option<DateTime<Utc>>,
    },
    /// The provider declined.
    Declined {
        /// The provider's reason.
        code: String,
    },
}

/// The payment provider. Every call is bounded in time, and may be put again under the same key: the
/// provider does it once.
#[async_trait]
pub trait PaymentProvider: Send + Sync + 'static {
    /// Whether it is called, or left alone for a while as it did not answer.
    fn circuit(&self) -> CircuitState {
        CircuitState::Closed
    }

    /// For how long calls have come to nothing, if it is away: then its circuit is not closed.
    fn away(&self) -> Option<Duration> {
        None
    }

    /// Sets an amount aside.
    async fn authorize(&self, request: &AuthorizeRequest) -> Result<Authorization, CallError>;

    /// What became of the authorization that was asked for under `idempotency_key`.
    async fn inquire(&self, idempotency_key: &str) -> Result<Authorization, CallError>;

    /// Gives an authorization back.
    async fn void(&self, authorization_id: &str, idempotency_key: &str) -> Result<(), CallError>;

    /// Takes what is set aside.
    async fn capture(
        &self,
        authorization_id: &str,
        amount: Money,
        idempotency_key: &str,
    ) -> Result<(), CallError>;

    /// Takes what is set aside, and has the provider let go of the rest: no more will be taken of it.
    async fn capture_last(
        &self,
        authorization_id: &str,
        amount: Money,
        idempotency_key: &str,
    ) -> Result<(), CallError>;

    /// Gives back what is left of an authorization of which some was taken: no more will be.
    async fn release(&self, authorization_id: &str, idempotency_key: &str)
    -> Result<(), CallError>;

    /// Gives back what was taken.
    async fn refund(
        &self,
        authorization_id: &str,
        amount: Money,
        idempotency_key: &str,
    ) -> Result<(), CallError>;
}
