//! `POST /v1/returns/{return_id}/decline`

use super::ReturnPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
    returns::{ReturnChanged, decline},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use serde::Deserialize;
use utoipa::ToSchema;

/// A return that may not be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeclineReturnBody {
    /// Why, for people; 1 to 500 characters.
    #[schema(example = "it was worn")]
    reason: String,
}

/// Decline a return.
///
/// Only one that was not approved. What it was to bring may be asked for again. Again is no error.
#[utoipa::path(
    post,
    path = "/v1/returns/{return_id}/decline",
    tag = "returns",
    params(
        ("return_id" = uuid::Uuid, Path, description = "The return."),
        WriteHeaders,
    ),
    request_body = DeclineReturnBody,
    responses(
        (status = 200, description = "It is declined.", body = ReturnChanged),
        (status = 404, description = "There is no such return.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn decline_return(
    State(api): State<CommandApi>,
    ReturnPath(id): ReturnPath,
    Write { request, body, .. }: Write<DeclineReturnBody>,
) -> Result<Response, Problem> {
    let changed = decline(&api, request, id, body.reason).await?;
    changed.answer(&api, StatusCode::OK)
}
