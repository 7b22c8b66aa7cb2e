//! `POST /v1/returns/{return_id}/approve`

use super::ReturnPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
    returns::{ReturnChanged, approve},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::Location;
use serde::Deserialize;
use utoipa::ToSchema;

/// Where a return is to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveReturnBody {
    /// Where to; `main`, if it is left out.
    #[serde(default)]
    #[schema(value_type = String, required = false, default = "main")]
    location: Location,
}

/// Let the customer send a return.
///
/// What does not arrive in time is cancelled. Again is no error.
#[utoipa::path(
    post,
    path = "/v1/returns/{return_id}/approve",
    tag = "returns",
    params(
        ("return_id" = uuid::Uuid, Path, description = "The return."),
        WriteHeaders,
    ),
    request_body = ApproveReturnBody,
    responses(
        (status = 200, description = "The customer may send it.", body = ReturnChanged),
        (status = 404, description = "There is no such return.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn approve_return(
    State(api): State<CommandApi>,
    ReturnPath(id): ReturnPath,
    Write { request, body, .. }: Write<ApproveReturnBody>,
) -> Result<Response, Problem> {
    let changed = approve(&api, request, id, body.location).await?;
    changed.answer(&api, StatusCode::OK)
}
