//! `POST /v1/shipments/{shipment_id}/fail`

use super::ShipmentPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
    shipments::{ShipmentChanged, fail},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use serde::Deserialize;
use utoipa::ToSchema;

/// A delivery that was tried in vain.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FailShipmentBody {
    /// Why, for people; 1 to 500 characters.
    #[schema(example = "nobody was at home")]
    reason: String,
}

/// Record that a shipment could not be delivered.
///
/// It is still under way: the carrier tries again. Again is no error, and for another reason it is
/// recorded anew.
#[utoipa::path(
    post,
    path = "/v1/shipments/{shipment_id}/fail",
    tag = "shipments",
    params(
        ("shipment_id" = uuid::Uuid, Path, description = "The shipment."),
        WriteHeaders,
    ),
    request_body = FailShipmentBody,
    responses(
        (status = 200, description = "It is recorded.", body = ShipmentChanged),
        (status = 404, description = "There is no such shipment.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn fail_shipment(
    State(api): State<CommandApi>,
    ShipmentPath(shipment): ShipmentPath,
    Write { request, body, .. }: Write<FailShipmentBody>,
) -> Result<Response, Problem> {
    let changed = fail(&api, request, shipment, body.reason).await?;
    changed.answer(&api, StatusCode::OK)
}
