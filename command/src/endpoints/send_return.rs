//! `POST /v1/returns/{return_id}/in-transit`

use super::ReturnPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
    returns::{ReturnChanged, mark_in_transit},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use serde::Deserialize;
use utoipa::ToSchema;

/// A return that is under way.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendReturnBody {
    /// What the carrier calls it, if that is known; 1 to 255 characters.
    tracking_number: Option<String>,
}

/// Record that the customer has sent a return.
///
/// Its time to arrive begins anew. Again is no error.
#[utoipa::path(
    post,
    path = "/v1/returns/{return_id}/in-transit",
    tag = "returns",
    params(
        ("return_id" = uuid::Uuid, Path, description = "The return."),
        WriteHeaders,
    ),
    request_body = SendReturnBody,
    responses(
        (status = 200, description = "It is under way.", body = ReturnChanged),
        (status = 404, description = "There is no such return.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn send_return(
    State(api): State<CommandApi>,
    ReturnPath(id): ReturnPath,
    Write { request, body, .. }: Write<SendReturnBody>,
) -> Result<Response, Problem> {
    let changed = mark_in_transit(&api, request, id, body.tracking_number).await?;
    changed.answer(&api, StatusCode::OK)
}
