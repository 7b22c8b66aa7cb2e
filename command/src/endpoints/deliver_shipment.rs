//! `POST /v1/shipments/{shipment_id}/deliver`

use super::ShipmentPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    body::optional_time,
    request::{Write, WriteHeaders},
    shipments::{ShipmentChanged, deliver},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

/// A delivery to be recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliverShipmentBody {
    /// When it arrived, not before the carrier was asked to take it; now, if it is left out.
    #[serde(default, deserialize_with = "optional_time")]
    delivered_at: Option<DateTime<Utc>>,
}

/// Record that a shipment has arrived.
///
/// The carrier is asked where shipments are, and what it says is recorded without any request; this is
/// for what people know sooner. Once all of an order has arrived it is completed. Again is no error.
#[utoipa::path(
    post,
    path = "/v1/shipments/{shipment_id}/deliver",
    tag = "shipments",
    params(
        ("shipment_id" = uuid::Uuid, Path, description = "The shipment."),
        WriteHeaders,
    ),
    request_body = DeliverShipmentBody,
    responses(
        (status = 200, description = "It has arrived.", body = ShipmentChanged),
        (status = 404, description = "There is no such shipment.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn deliver_shipment(
    State(api): State<CommandApi>,
    ShipmentPath(shipment): ShipmentPath,
    Write { request, body, .. }: Write<DeliverShipmentBody>,
) -> Result<Response, Problem> {
    let changed = deliver(&api, request, shipment, body.delivered_at).await?;
    changed.answer(&api, StatusCode::OK)
}
