//! `POST /v1/orders/{order_id}/lines/cancel`

use super::OrderPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    lines::{LinesChanged, cancel_lines as cancel},
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::order::{LineQuantity, Status};
use serde::Deserialize;
use utoipa::ToSchema;

/// Lines that are not wanted any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelLinesBody {
    /// What: 1 to 1,000 lines of the order, each once.
    lines: Vec<CancelledLineBody>,
    /// Why, for people; 1 to 500 characters.
    #[schema(example = "ordered too many")]
    reason: String,
}

/// So many of a line are not wanted any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelledLineBody {
    /// The order's line, from 1.
    line: u32,
    /// How many; at least 1, and no more than are open.
    #[schema(example = 1)]
    quantity: i64,
}

/// Cancel some of an order.
///
/// Until it is packed: what is cancelled is neither packed nor paid, and its stock is given back. Where
/// nothing is left, all of the order is being cancelled: that is answered by 202, all else by 200. Of an order
/// that leaves in several parcels, until one of them is packed.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/lines/cancel",
    tag = "orders",
    params(
        ("order_id" = uuid::Uuid, Path, description = "The order."),
        WriteHeaders,
    ),
    request_body = CancelLinesBody,
    responses(
        (status = 200, description = "They are cancelled.", body = LinesChanged),
        (status = 202, description = "Nothing is left, and all of it is being cancelled.", body = LinesChanged),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn cancel_lines(
    State(api): State<CommandApi>,
    OrderPath(order_id): OrderPath,
    Write { request, body, .. }: Write<CancelLinesBody>,
) -> Result<Response, Problem> {
    let lines = body.lines.into_iter().map(|line| LineQuantity {
        line: line.line,
        quantity: line.quantity,
    });
    let changed = cancel(&api, request, order_id, lines.collect(), body.reason).await?;
    let code = match changed.status {
        Status::Cancelling => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    let watch = (code == StatusCode::ACCEPTED).then(|| changed.body.watch.clone());
    changed.done.answer(&api, code, watch, &changed.body)
}
