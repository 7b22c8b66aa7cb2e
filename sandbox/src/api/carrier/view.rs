//! What the carrier says about a label, and about a shipment as it stands.

use std::sync::Arc;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chassis::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    api::answer::{said, said_no},
    carrier::{
        Address, CARRIER, CarrierEntryKind as Kind, NOBODY_HOME, RefusalCode, Shipment,
        ShipmentStatus, Shipped,
    },
    value::TrackingNumber,
};

/// The answer to a POST: the label as it was made, so that a replay gets the very same one.
#[derive(Debug, Serialize)]
struct Label<'a> {
    tracking_number: TrackingNumber,
    carrier: &'static str,
    reference: &'a str,
    status: ShipmentStatus,
}

impl IntoResponse for Shipped {
    fn into_response(self) -> Response {
        match self.entry.kind {
            Kind::Label {
                tracking_number, ..
            } => {
                let label = Json(Label {
                    tracking_number,
                    carrier: CARRIER,
                    reference: &self.entry.reference,
                    status: ShipmentStatus::Accepted,
                });
                said(self.replayed, (StatusCode::CREATED, label))
            }
            Kind::Refusal { code, .. } => said_no(self.replayed, refusal(code)),
            // No request leads to them.
            Kind::End { .. } | Kind::Set { .. } => Problem::internal().into_response(),
        }
    }
}

fn refusal(code: RefusalCode) -> Problem {
    let detail = match code {
        RefusalCode::AddressNotServed => "The carrier does not go there.",
        RefusalCode::AddressIncomplete => "Nobody could find that address.",
    };
    Problem::unprocessable(code.as_str(), detail).with_error("/address", "REFUSED", detail)
}

/// A shipment as it stands.
#[derive(Debug, Serialize)]
pub(super) struct ShipmentView {
    tracking_number: TrackingNumber,
    carrier: &'static str,
    reference: Arc<str>,
    order_reference: Option<Arc<str>>,
    address: Option<Arc<Address>>,
    status: ShipmentStatus,
    /// Why it could not be handed over.
    reason: Option<&'static str>,
    idempotency_key: Arc<str>,
    created_at: DateTime<Utc>,
    /// Since when it is where it is.
    status_at: DateTime<Utc>,
    delivered_at: Option<DateTime<Utc>>,
}

impl ShipmentView {
    /// `None` for an entry that is no label; the books hand out none as such.
    pub(super) fn of(shipment: &Shipment) -> Option<Self> {
        let Shipment {
            label,
            status,
            since,
        } = shipment;
        let Kind::Label {
            tracking_number,
            asked,
            ..
        } = &label.kind
        else {
            return None;
        };
        let is = |wanted| *status == wanted;
        Some(Self {
            tracking_number: *tracking_number,
            carrier: CARRIER,
            reference: Arc::clone(&label.reference),
            order_reference: asked.order_reference.clone(),
            address: asked.address.clone(),
            status: *status,
            reason: is(ShipmentStatus::DeliveryFailed).then_some(NOBODY_HOME),
            idempotency_key: Arc::clone(&asked.idempotency_key),
            created_at: label.at,
            status_at: *since,
            delivered_at: is(ShipmentStatus::Delivered).then_some(*since),
        })
    }
}
