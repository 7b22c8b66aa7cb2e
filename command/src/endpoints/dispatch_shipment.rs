//! `POST /v1/shipments/{shipment_id}/dispatch`

use super::ShipmentPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
    shipments::{ShipmentChanged, dispatch},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::shipment::ShipmentStatus;
use serde::Deserialize;
use utoipa::ToSchema;

/// Nothing is to be said of a dispatch: an empty object, or no body.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DispatchShipmentBody {}

/// Have the carrier take a shipment.
///
/// One that is ready is dispatched without any request, and so is one that a hold kept, or that the
/// carrier refused, as soon as the last hold on its order is released. This is for one that the carrier
/// refused and that no hold keeps. Nothing leaves while a hold is on its order, or after that was
/// cancelled. Answers 202 until the carrier has said whether it takes it.
#[utoipa::path(
    post,
    path = "/v1/shipments/{shipment_id}/dispatch",
    tag = "shipments",
    params(
        ("shipment_id" = uuid::Uuid, Path, description = "The shipment."),
        WriteHeaders,
    ),
    request_body = DispatchShipmentBody,
    responses(
        (status = 200, description = "It has left already.", body = ShipmentChanged),
        (status = 202, description = "The carrier is being asked.", body = ShipmentChanged),
        (status = 404, description = "There is no such shipment.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn dispatch_shipment(
    State(api): State<CommandApi>,
    ShipmentPath(shipment): ShipmentPath,
    Write { request, body, .. }: Write<DispatchShipmentBody>,
) -> Result<Response, Problem> {
    let DispatchShipmentBody {} = body;
    let changed = dispatch(&api, request, shipment).await?;
    let status = match changed.status {
        ShipmentStatus::Dispatching => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    changed.answer(&api, status)
}
