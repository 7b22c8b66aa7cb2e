//! `POST /v1/shipments/{shipment_id}/lose`

use super::ShipmentPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
    shipments::{ShipmentChanged, put},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::shipment::{RecordLost, ShipmentCommand};
use serde::Deserialize;
use utoipa::ToSchema;

/// Nothing is to be said of a loss: an empty object, or no body.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoseShipmentBody {}

/// Record that the carrier has lost a shipment.
///
/// What was paid for it is given back, and the order does not wait for it any more. Again is no error.
#[utoipa::path(
    post,
    path = "/v1/shipments/{shipment_id}/lose",
    tag = "shipments",
    params(
        ("shipment_id" = uuid::Uuid, Path, description = "The shipment."),
        WriteHeaders,
    ),
    request_body = LoseShipmentBody,
    responses(
        (status = 200, description = "It is recorded.", body = ShipmentChanged),
        (status = 404, description = "There is no such shipment.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn lose_shipment(
    State(api): State<CommandApi>,
    ShipmentPath(shipment): ShipmentPath,
    Write { request, body, .. }: Write<LoseShipmentBody>,
) -> Result<Response, Problem> {
    let LoseShipmentBody {} = body;
    let command = ShipmentCommand::RecordLost(RecordLost);
    let changed = put(&api, request, shipment, command).await?;
    changed.answer(&api, StatusCode::OK)
}
