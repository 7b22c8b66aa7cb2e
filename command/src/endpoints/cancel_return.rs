//! `POST /v1/returns/{return_id}/cancel`

use super::ReturnPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
    returns::{ReturnChanged, cancel},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use serde::Deserialize;
use utoipa::ToSchema;

/// A return that is given up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelReturnBody {
    /// Why, for people; 1 to 500 characters.
    #[schema(example = "it was worn")]
    reason: String,
}

/// Cancel a return.
///
/// Only before anything of it has come. What it was to bring may be asked for again. Again is no error.
#[utoipa::path(
    post,
    path = "/v1/returns/{return_id}/cancel",
    tag = "returns",
    params(
        ("return_id" = uuid::Uuid, Path, description = "The return."),
        WriteHeaders,
    ),
    request_body = CancelReturnBody,
    responses(
        (status = 200, description = "It is cancelled.", body = ReturnChanged),
        (status = 404, description = "There is no such return.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn cancel_return(
    State(api): State<CommandApi>,
    ReturnPath(id): ReturnPath,
    Write { request, body, .. }: Write<CancelReturnBody>,
) -> Result<Response, Problem> {
    let changed = cancel(&api, request, id, body.reason).await?;
    changed.answer(&api, StatusCode::OK)
}
