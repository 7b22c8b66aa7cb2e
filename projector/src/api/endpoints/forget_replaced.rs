//! `DELETE /v1/projections/{name}/replaced`

use crate::api::{
    ProjectorApi,
    problem::{self, CommonProblems},
    request::{NoQuery, projection},
};
use axum::{extract::State, http::StatusCode};
use chassis::{
    Problem,
    extract::{StrictPath, StrictQuery},
    problem::ProblemDetails,
};

/// Remove what is kept of a read model for a rollback: its room on the disk is free then.
#[utoipa::path(
    delete,
    path = "/v1/projections/{name}/replaced",
    tag = "projections",
    params(("name" = String, Path, description = "The projection.", example = "order_summary")),
    responses(
        (status = 204, description = "Nothing is kept any more."),
        (status = 409, description = "It is being built anew, or verified.", body = ProblemDetails, content_type = "application/problem+json"),
        CommonProblems,
    )
)]
pub(crate) async fn forget_replaced(
    State(api): State<ProjectorApi>,
    StrictPath(name): StrictPath<String>,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<StatusCode, Problem> {
    let forgotten = api.rebuilds.forget(projection(&name)?).await;
    forgotten.map_err(problem::not_rolled_back)?;
    Ok(StatusCode::NO_CONTENT)
}
