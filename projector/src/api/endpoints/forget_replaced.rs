//! `DELETE /v1/projections/{name}/replaced`

use crate::api::{
    ProjectorApi,
    problem::{self, CommonProblems},
    request::projection,
};
use axum::{Json, extract::State};
use chassis::{
    Problem,
    extract::{NoQuery, StrictPath, StrictQuery},
    problem::ProblemDetails,
};
use serde::Serialize;
use utoipa::ToSchema;

/// What is kept of a read model now: nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplacedForgotten)]
pub(crate) struct Answer {
    /// The projection.
    name: &'static str,
    /// Whether anything was kept until now.
    forgotten: bool,
}

/// Remove what is kept of a read model for a rollback: its room on the disk is free then.
#[utoipa::path(
    delete,
    path = "/v1/projections/{name}/replaced",
    tag = "projections",
    params(("name" = String, Path, description = "The projection.", example = "order_summary")),
    responses(
        (status = 200, description = "Nothing is kept any more.", body = Answer),
        (status = 409, description = "It is being built anew, or verified.", body = ProblemDetails, content_type = "application/problem+json"),
        CommonProblems,
    )
)]
pub(crate) async fn forget_replaced(
    State(api): State<ProjectorApi>,
    StrictPath(name): StrictPath<String>,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<Json<Answer>, Problem> {
    let name = projection(&name)?;
    let forgotten = api.rebuilds.forget(name).await;
    let forgotten = forgotten.map_err(problem::not_rolled_back)?;
    Ok(Json(Answer { name, forgotten }))
}
