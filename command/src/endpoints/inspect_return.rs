//! `POST /v1/returns/{return_id}/inspect`

use super::ReturnPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
    returns::{ReturnChanged, inspect},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::returns::{InspectedLine, ReturnStatus};
use serde::Deserialize;
use utoipa::ToSchema;

/// What a return is like.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InspectReturnBody {
    /// All that has come, each line once.
    lines: Vec<InspectedLineBody>,
}

/// What that is like which has come of a line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InspectedLineBody {
    /// The order's line, from 1.
    line: u32,
    /// How many can be sold again.
    #[serde(default)]
    #[schema(required = false, example = 1)]
    restocked: i64,
    /// How many are accepted, but cannot be sold as they are.
    #[serde(default)]
    #[schema(required = false)]
    quarantined: i64,
    /// How many are not accepted.
    #[serde(default)]
    #[schema(required = false)]
    refused: i64,
    /// Why some are not restocked; required then. 1 to 500 characters.
    reason: Option<String>,
}

/// Record what a return is like that has come.
///
/// What is restocked and what is quarantined is accepted: it goes into the stock, and is paid back. What
/// is refused stays the customer's. What has not come by now is not returned. Answers 202 until all of
/// that is done, and 200 where nothing is accepted.
#[utoipa::path(
    post,
    path = "/v1/returns/{return_id}/inspect",
    tag = "returns",
    params(
        ("return_id" = uuid::Uuid, Path, description = "The return."),
        WriteHeaders,
    ),
    request_body = InspectReturnBody,
    responses(
        (status = 200, description = "Nothing is accepted, or all of that is done.", body = ReturnChanged),
        (status = 202, description = "It is being booked in and paid back.", body = ReturnChanged),
        (status = 404, description = "There is no such return.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn inspect_return(
    State(api): State<CommandApi>,
    ReturnPath(id): ReturnPath,
    Write { request, body, .. }: Write<InspectReturnBody>,
) -> Result<Response, Problem> {
    let line = |line: InspectedLineBody| InspectedLine {
        line: line.line,
        restocked: line.restocked,
        quarantined: line.quarantined,
        refused: line.refused,
        reason: line.reason,
    };
    let lines = body.lines.into_iter().map(line).collect();
    let changed = inspect(&api, request, id, lines).await?;
    let status = match changed.status {
        ReturnStatus::Inspected => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    changed.answer(&api, status)
}
