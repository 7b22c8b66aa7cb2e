//! `POST /v1/projections/{name}/rebuild`

use crate::{
    api::{
        ProjectorApi,
        problem::{self, CommonProblems, WriteProblems},
        request::{NoBody, projection},
    },
    rebuild::RebuildStatus,
};
use axum::{Json, extract::State, http::StatusCode};
use chassis::{
    Problem,
    extract::{NoQuery, StrictJson, StrictPath, StrictQuery},
    problem::ProblemDetails,
};

/// Build a read model anew from all events: it stays readable meanwhile, and is exchanged as a whole.
///
/// It goes on in this process after the answer; `GET /v1/projections` says how far it is. To ask while it is under
/// way, wherever that is, is answered 409, and changes nothing: so no `Idempotency-Key` is needed, and none is read.
#[utoipa::path(
    post,
    path = "/v1/projections/{name}/rebuild",
    tag = "projections",
    params(("name" = String, Path, description = "The projection.", example = "order_summary")),
    request_body = NoBody,
    responses(
        (status = 202, description = "It is being built.", body = RebuildStatus),
        (status = 409, description = "It is being built already, or verified.", body = ProblemDetails, content_type = "application/problem+json"),
        CommonProblems,
        WriteProblems,
    )
)]
pub(crate) async fn rebuild_projection(
    State(api): State<ProjectorApi>,
    StrictPath(name): StrictPath<String>,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
    StrictJson {
        value: NoBody {}, ..
    }: StrictJson<NoBody>,
) -> Result<(StatusCode, Json<RebuildStatus>), Problem> {
    let started = api.rebuilds.start(projection(&name)?).await;
    let status = started.map_err(problem::not_rebuilt)?;
    Ok((StatusCode::ACCEPTED, Json(status)))
}
