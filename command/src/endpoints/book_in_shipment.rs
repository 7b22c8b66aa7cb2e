//! `POST /v1/shipments/{shipment_id}/book-in`

use super::ShipmentPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
    shipments::{ShipmentChanged, book_in},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::shipment::FoundLine;
use serde::Deserialize;
use utoipa::ToSchema;

/// What came back of a shipment that did not arrive.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BookInShipmentBody {
    /// How much of each line; what is not named did not come back.
    lines: Vec<FoundLineBody>,
    /// What is to be said of it, for people; 1 to 500 characters.
    #[schema(example = "the box was wet")]
    reason: Option<String>,
}

/// What came back of a line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FoundLine)]
pub(crate) struct FoundLineBody {
    /// The order's line.
    line: u32,
    /// How many can be sold again; 0, if it is left out.
    #[serde(default)]
    restocked: i64,
    /// How many cannot be sold as they are; 0, if it is left out. At least one of both.
    #[serde(default)]
    quarantined: i64,
}

impl From<FoundLineBody> for FoundLine {
    fn from(line: FoundLineBody) -> Self {
        Self {
            line: line.line,
            restocked: line.restocked,
            quarantined: line.quarantined,
        }
    }
}

/// Book in what came back of a shipment.
///
/// Of one that the carrier has brought back, or lost and found again. It is on hand again, or in quarantine.
/// It is done once, for all that came back. What was paid was given back already.
#[utoipa::path(
    post,
    path = "/v1/shipments/{shipment_id}/book-in",
    tag = "shipments",
    params(
        ("shipment_id" = uuid::Uuid, Path, description = "The shipment."),
        WriteHeaders,
    ),
    request_body = BookInShipmentBody,
    responses(
        (status = 200, description = "It is booked in.", body = ShipmentChanged),
        (status = 404, description = "There is no such shipment.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn book_in_shipment(
    State(api): State<CommandApi>,
    ShipmentPath(shipment): ShipmentPath,
    Write { request, body, .. }: Write<BookInShipmentBody>,
) -> Result<Response, Problem> {
    let lines = body.lines.into_iter().map(Into::into).collect();
    let changed = book_in(&api, request, shipment, lines, body.reason).await?;
    changed.answer(&api, StatusCode::OK)
}
