//! `GET /v1/projections/{name}/parked/{position}`

use crate::{
    api::{
        ProjectorApi,
        problem::{self, CommonProblems},
        request::{position, projection},
    },
    parking::ParkedSequence,
};
use axum::{Json, extract::State};
use chassis::{
    Problem,
    extract::{NoQuery, StrictPath, StrictQuery},
};

/// Show the sequence of a read model that stops at a position, and why.
#[utoipa::path(
    get,
    path = "/v1/projections/{name}/parked/{position}",
    tag = "projections",
    params(
        ("name" = String, Path, description = "The projection.", example = "order_summary"),
        ("position" = i64, Path, description = "Where the sequence stops."),
    ),
    responses(
        (status = 200, description = "The sequence.", body = ParkedSequence),
        CommonProblems,
    )
)]
pub(crate) async fn get_parked(
    State(api): State<ProjectorApi>,
    StrictPath((name, at)): StrictPath<(String, String)>,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<Json<ParkedSequence>, Problem> {
    find(&api, projection(&name)?, position(&at)?).await
}

/// The sequence that stops there.
pub(super) async fn find(
    api: &ProjectorApi,
    name: &'static str,
    position: i64,
) -> Result<Json<ParkedSequence>, Problem> {
    let found = api.models.find_parked(name, position).await;
    let found = found.map_err(problem::failed)?;
    found
        .map(Json)
        .ok_or_else(|| problem::not_parked(name, position))
}
