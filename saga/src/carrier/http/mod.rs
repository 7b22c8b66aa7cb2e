//! The carrier over HTTP.

mod answer;

use super::{
    CallError, Carrier, CircuitState, DispatchRequest, Dispatched, GuardOptions,
    InvalidParticipant, Tracking,
};
use crate::participant::http::{Dialect, HttpCaller};
use answer::{dispatched, taken, tracked};
use async_trait::async_trait;
use domain::order::Address;
use serde::Serialize;
use std::time::Duration;

/// How the carrier speaks.
static DIALECT: Dialect = Dialect {
    name: "carrier",
    who: "the carrier",
    final_conflicts: &[],
    not_found: "SHIPMENT_NOT_FOUND",
};

/// The carrier over HTTP.
pub struct HttpCarrier {
    http: HttpCaller,
}

#[derive(Serialize)]
struct ShipmentBody<'a> {
    reference: &'a str,
    order_reference: String,
    address: Option<&'a Address>,
}

impl HttpCarrier {
    /// The carrier at `url`; a call that takes longer than `timeout` has an unknown outcome.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, InvalidParticipant> {
        let http = HttpCaller::new(url, timeout, &DIALECT)?;
        Ok(Self { http })
    }

    /// The same, and it is called, or left alone, as `options` say.
    #[must_use]
    pub fn with_guard(self, options: &GuardOptions) -> Self {
        let http = self.http.with_guard(options);
        Self { http }
    }
}

#[async_trait]
impl Carrier for HttpCarrier {
    fn circuit(&self) -> CircuitState {
        self.http.circuit()
    }

    async fn dispatch(&self, request: &DispatchRequest) -> Result<Dispatched, CallError> {
        let body = ShipmentBody {
            reference: &request.reference,
            order_reference: request.order_id.to_string(),
            address: request.address.as_ref(),
        };
        let (path, key) = (["shipments"], &request.idempotency_key);
        let answer = self.http.post(&path, key, &body).await?;
        dispatched(&answer, &request.reference)
    }

    async fn inquire(
        &self,
        idempotency_key: &str,
        reference: &str,
    ) -> Result<Dispatched, CallError> {
        let path = ["shipments", "by-key", idempotency_key];
        taken(&self.http.get(&path).await?, reference)
    }

    async fn track(&self, tracking_number: &str) -> Result<Tracking, CallError> {
        let answer = self.http.get(&["shipments", tracking_number]).await?;
        tracked(&answer, tracking_number)
    }
}
