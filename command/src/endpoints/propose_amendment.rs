//! `POST /v1/orders/{order_id}/amendments`

use super::OrderPath;
use crate::{
    CommandApi,
    amendments::{AmendmentBody, propose},
    answers::WriteProblems,
    request::{VersionHeaders, Write},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::order::LineQuantity;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to be wanted of an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposeAmendmentBody {
    /// How many of these: 1 to 1,000 lines of the order, each once. Of the others as many as now.
    lines: Vec<WantedLineBody>,
    /// Why, for people; 1 to 500 characters.
    #[schema(example = "one more of the second, none of the first")]
    reason: String,
}

/// So many of a line are to be wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedLineBody {
    /// The order's line, from 1.
    line: u32,
    /// How many in all; 0 for none.
    #[schema(example = 2)]
    quantity: i64,
}

/// What an order would be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProposeAmendmentAnswer {
    /// The order.
    order_id: Uuid,
    /// Its version.
    version: i64,
    /// What it would be.
    amendment: AmendmentBody,
    /// What may be asked of it now.
    allowed_commands: Vec<&'static str>,
}

/// Say what an order would be.
///
/// With more or less of its lines, until it is packed: the answer says what each line and all of it would
/// come to, what more or less would be kept of each SKU, and what of the money that is set aside would be let
/// go. Nothing is changed until the amendment is applied; one is open at a time, and it expires. More is had
/// at the price that was placed, and the order may never come to more than is set aside for it. An order that
/// leaves in several parcels is not amended.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/amendments",
    tag = "orders",
    params(
        ("order_id" = Uuid, Path, description = "The order."),
        VersionHeaders,
    ),
    request_body = ProposeAmendmentBody,
    responses(
        (status = 200, description = "It would be so.", body = ProposeAmendmentAnswer),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn propose_amendment(
    State(api): State<CommandApi>,
    OrderPath(order_id): OrderPath,
    Write { request, body, .. }: Write<ProposeAmendmentBody>,
) -> Result<Response, Problem> {
    let lines = body.lines.into_iter().map(|line| LineQuantity {
        line: line.line,
        quantity: line.quantity,
    });
    let proposed = propose(&api, request, order_id, lines.collect(), body.reason).await?;
    let answer = ProposeAmendmentAnswer {
        order_id: order_id.uuid(),
        version: proposed.done.version(),
        amendment: proposed.proposal()?,
        allowed_commands: proposed.order()?.allowed_commands(),
    };
    proposed.done.answer(&api, StatusCode::OK, None, &answer)
}
