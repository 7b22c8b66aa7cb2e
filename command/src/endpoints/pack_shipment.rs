//! `POST /v1/shipments/{shipment_id}/pack`

use super::ShipmentPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
    shipments::{ShipmentChanged, put},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::shipment::{PackShipment, ShipmentCommand};
use serde::Deserialize;
use utoipa::ToSchema;

/// Nothing is to be said of packing: an empty object, or no body.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PackShipmentBody {}

/// Say that a shipment is packed.
///
/// All of it is: what it is worth is then taken from the customer, and once that is done the carrier
/// takes it, without any further request. Packing it again is no error. Where an order leaves from several
/// locations, each of its shipments is packed by itself.
#[utoipa::path(
    post,
    path = "/v1/shipments/{shipment_id}/pack",
    tag = "shipments",
    params(
        ("shipment_id" = uuid::Uuid, Path, description = "The shipment."),
        WriteHeaders,
    ),
    request_body = PackShipmentBody,
    responses(
        (status = 200, description = "It is packed.", body = ShipmentChanged),
        (status = 404, description = "There is no such shipment.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn pack_shipment(
    State(api): State<CommandApi>,
    ShipmentPath(shipment): ShipmentPath,
    Write { request, body, .. }: Write<PackShipmentBody>,
) -> Result<Response, Problem> {
    let PackShipmentBody {} = body;
    let command = ShipmentCommand::Pack(PackShipment);
    let changed = put(&api, request, shipment, command).await?;
    changed.answer(&api, StatusCode::OK)
}
