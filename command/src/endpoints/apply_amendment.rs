//! `POST /v1/orders/{order_id}/amendments/{amendment_id}/apply`

use super::AmendmentPath;
use crate::{
    CommandApi,
    amendments::apply,
    answers::WriteProblems,
    body::MoneyBody,
    lines::OpenLine,
    request::{VersionHeaders, Write},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Nothing is to be said of it but which: an empty object, or no body.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplyAmendmentBody {}

/// An order that is as was proposed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApplyAmendmentAnswer {
    /// The order.
    order_id: Uuid,
    /// Its version.
    version: i64,
    /// The amendment.
    amendment_id: Uuid,
    /// What is wanted of it, by line; lines of which nothing is are left out.
    open: Vec<OpenLine>,
    /// What that comes to.
    total: MoneyBody,
    /// What may be asked of it now.
    allowed_commands: Vec<&'static str>,
}

/// Have an order be as was proposed.
///
/// The order, its shipment and the stock where that leaves from are told at once: what more is wanted is kept,
/// all of it or nothing, what is not wanted is given back, and what is to be packed is what is wanted. Where
/// there is not enough of a SKU, or more is wanted while stock is still being allocated or is still to come,
/// the amendment stays open: it may be applied later, with another key.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/amendments/{amendment_id}/apply",
    tag = "orders",
    params(
        ("order_id" = Uuid, Path, description = "The order."),
        ("amendment_id" = Uuid, Path, description = "The amendment."),
        VersionHeaders,
    ),
    request_body = ApplyAmendmentBody,
    responses(
        (status = 200, description = "It is so.", body = ApplyAmendmentAnswer),
        (status = 404, description = "There is no such order, or no such amendment.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn apply_amendment(
    State(api): State<CommandApi>,
    AmendmentPath(order_id, amendment_id): AmendmentPath,
    Write { request, body, .. }: Write<ApplyAmendmentBody>,
) -> Result<Response, Problem> {
    let ApplyAmendmentBody {} = body;
    let applied = apply(&api, request, order_id, amendment_id).await?;
    let order = applied.order()?;
    let open = order.all_open();
    let answer = ApplyAmendmentAnswer {
        order_id: order_id.uuid(),
        version: applied.done.version(),
        amendment_id,
        total: MoneyBody {
            amount: order.worth(&open),
            currency: order.placed.currency,
        },
        open: open.into_iter().map(OpenLine::of).collect(),
        allowed_commands: applied.allowed_commands(&api).await?,
    };
    applied.done.answer(&api, StatusCode::OK, None, &answer)
}
