//! `POST /v1/returns/{return_id}/receive`

use super::ReturnPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
    returns::{ReturnChanged, ReturnLineBody, receive},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use serde::Deserialize;
use utoipa::ToSchema;

/// What has come of a return.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiveReturnBody {
    /// What, each line once; all that had not come, if it is left out.
    #[serde(default)]
    #[schema(required = false)]
    lines: Vec<ReturnLineBody>,
}

/// Record that a return has come, or some of it.
///
/// It may come in parts, each a request of its own.
#[utoipa::path(
    post,
    path = "/v1/returns/{return_id}/receive",
    tag = "returns",
    params(
        ("return_id" = uuid::Uuid, Path, description = "The return."),
        WriteHeaders,
    ),
    request_body = ReceiveReturnBody,
    responses(
        (status = 200, description = "It is recorded.", body = ReturnChanged),
        (status = 404, description = "There is no such return.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn receive_return(
    State(api): State<CommandApi>,
    ReturnPath(id): ReturnPath,
    Write { request, body, .. }: Write<ReceiveReturnBody>,
) -> Result<Response, Problem> {
    let lines = body.lines.into_iter().map(Into::into).collect();
    let changed = receive(&api, request, id, lines).await?;
    changed.answer(&api, StatusCode::OK)
}
