//! `POST /v1/projections/{name}/rollback`

use crate::{
    api::{
        ProjectorApi,
        problem::{self, CommonProblems, WriteProblems},
        request::{NoBody, projection},
    },
    rebuild::RolledBack,
};
use axum::{Json, extract::State};
use chassis::{
    Problem,
    extract::{NoQuery, StrictJson, StrictPath, StrictQuery},
    problem::ProblemDetails,
};
use serde::Serialize;
use utoipa::ToSchema;

/// What a read model was rolled back to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProjectionRolledBack)]
pub(crate) struct Answer {
    /// The projection.
    name: &'static str,
    /// The version of the fold that made its rows.
    version: i32,
    /// Up to where they are folded: what came since is folded next.
    position: i64,
    /// Up to where those were folded that are gone now.
    from_position: i64,
}

/// Put the table that the last rebuild replaced back into its place, in one transaction; it goes on from where it
/// was. The rows that the rebuild made are removed.
///
/// What is kept is told by `GET /v1/projections` as `replaced`. Once it is rolled back nothing is kept, so that to ask
/// again is answered 409, and changes nothing: no `Idempotency-Key` is needed, and none is read.
#[utoipa::path(
    post,
    path = "/v1/projections/{name}/rollback",
    tag = "projections",
    params(("name" = String, Path, description = "The projection.", example = "order_summary")),
    request_body = NoBody,
    responses(
        (status = 200, description = "It is rolled back.", body = Answer),
        (status = 409, description = "Nothing is kept, or what is kept does not fit: `code` says which.", body = ProblemDetails, content_type = "application/problem+json"),
        CommonProblems,
        WriteProblems,
    )
)]
pub(crate) async fn roll_back_projection(
    State(api): State<ProjectorApi>,
    StrictPath(name): StrictPath<String>,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
    StrictJson {
        value: NoBody {}, ..
    }: StrictJson<NoBody>,
) -> Result<Json<Answer>, Problem> {
    let name = projection(&name)?;
    let rolled_back = api.rebuilds.roll_back(name).await;
    let RolledBack {
        version,
        position,
        from,
    } = rolled_back.map_err(problem::not_rolled_back)?;
    Ok(Json(Answer {
        name,
        version,
        position: position.get(),
        from_position: from.get(),
    }))
}
