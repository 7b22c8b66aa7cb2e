//! `GET /v1/returns/{return_id}`

use super::{Named, ReturnPath};
use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    read_your_writes::ReadYourWrites,
    returns::{ReturnBody, get},
};
use axum::{extract::State, response::Response};
use chassis::{
    Problem,
    extract::{NoQuery, StrictQuery},
    problem::ProblemDetails,
};
use std::sync::Arc;

/// Get a return.
#[utoipa::path(
    get,
    path = "/v1/returns/{return_id}",
    tag = "returns",
    params(
        ("return_id" = uuid::Uuid, Path, description = "The return."),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "The return.", body = ReturnBody,
            headers(("ETag" = String, description = "Its version, for `If-Match`."))),
        (status = 404, description = "There is no such return.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn get_return(
    State(api): State<Arc<Api>>,
    Named(return_id): ReturnPath,
    writes: ReadYourWrites,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<Response, Problem> {
    get(&api, return_id, &writes, |returned| {
        answer::versioned(returned.version, false, returned)
    })
    .await
}
