//! `GET /v1/shipments/{shipment_id}`

use super::{Named, ShipmentPath};
use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    read_your_writes::ReadYourWrites,
    shipments::{ShipmentBody, get},
};
use axum::{extract::State, response::Response};
use chassis::{
    Problem,
    extract::{NoQuery, StrictQuery},
    problem::ProblemDetails,
};
use std::sync::Arc;

/// Get a shipment.
#[utoipa::path(
    get,
    path = "/v1/shipments/{shipment_id}",
    tag = "shipments",
    params(
        ("shipment_id" = uuid::Uuid, Path, description = "The shipment."),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "The shipment.", body = ShipmentBody,
            headers(("ETag" = String, description = "Its version, for `If-Match`."))),
        (status = 404, description = "There is no such shipment.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn get_shipment(
    State(api): State<Arc<Api>>,
    Named(shipment_id): ShipmentPath,
    writes: ReadYourWrites,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<Response, Problem> {
    get(&api, shipment_id, &writes, |shipment, folded| {
        answer::versioned(shipment.version, folded, shipment)
    })
    .await
}
