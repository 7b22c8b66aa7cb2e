//! `POST /v1/returns`

use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
    returns::{self, ReturnChanged, ReturnLineBody},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::OrderId;
use serde::Deserialize;
use utoipa::ToSchema;

/// A return to be asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestReturnBody {
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    order_id: OrderId,
    /// What: 1 to 1,000 lines of the order, each once.
    lines: Vec<ReturnLineBody>,
    /// Why, for people; 1 to 500 characters.
    #[schema(example = "too small")]
    reason: String,
}

/// Ask for a return.
///
/// Of what an order's customer has, no more than that over all its returns. Answers 201 with the
/// return, which somebody approves or declines.
#[utoipa::path(
    post,
    path = "/v1/returns",
    tag = "returns",
    params(
        WriteHeaders,
    ),
    request_body = RequestReturnBody,
    responses(
        (status = 201, description = "It is asked for.", body = ReturnChanged),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn request_return(
    State(api): State<CommandApi>,
    Write { request, body, .. }: Write<RequestReturnBody>,
) -> Result<Response, Problem> {
    let RequestReturnBody {
        order_id,
        lines,
        reason,
    } = body;
    let lines = lines.into_iter().map(Into::into).collect();
    let changed = returns::request_return(&api, request, order_id, lines, reason).await?;
    changed.answer(&api, StatusCode::CREATED)
}
