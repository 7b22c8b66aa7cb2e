//! `GET /shipments/{tracking_number}`

use axum::{
    Json,
    extract::{Path, State},
};
use chassis::{Problem, clock::now};

use super::view::ShipmentView;
use crate::{
    carrier::{Refusal, Shipment},
    sandbox::Sandbox,
    value::TrackingNumber,
};

pub(super) async fn get(
    State(sandbox): State<Sandbox>,
    Path(number): Path<String>,
) -> Result<Json<ShipmentView>, Problem> {
    view(&sandbox.depot().shipment(tracking_number(&number)?, now())?)
}

/// What has not the form of a number is the number of nothing.
pub(super) fn tracking_number(text: &str) -> Result<TrackingNumber, Problem> {
    text.parse().map_err(|_| Refusal::UnknownShipment.into())
}

pub(super) fn view(shipment: &Shipment) -> Result<Json<ShipmentView>, Problem> {
    ShipmentView::of(shipment)
        .map(Json)
        .ok_or_else(|| Refusal::UnknownShipment.into())
}
