//! `GET /v1/projections/{name}/parked`

use crate::{
    api::{
        ProjectorApi,
        problem::{self, CommonProblems},
        request::{Limit, projection},
    },
    parking::ParkedSequence,
};
use axum::{Json, extract::State};
use chassis::{
    Problem,
    extract::{StrictPath, StrictQuery},
};
use serde::Serialize;
use utoipa::ToSchema;

/// What is parked of a read model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ParkedSequences {
    /// The sequences, by the position at which they stop.
    items: Vec<ParkedSequence>,
    /// Whether there are more than are listed.
    has_more: bool,
}

/// List what is parked of a read model: sequences that wait behind an event that cannot be read or folded.
#[utoipa::path(
    get,
    path = "/v1/projections/{name}/parked",
    tag = "projections",
    params(("name" = String, Path, description = "The projection.", example = "order_summary"), Limit),
    responses(
        (status = 200, description = "What is parked.", body = ParkedSequences),
        CommonProblems,
    )
)]
pub(crate) async fn list_parked(
    State(api): State<ProjectorApi>,
    StrictPath(name): StrictPath<String>,
    StrictQuery(limit): StrictQuery<Limit>,
) -> Result<Json<ParkedSequences>, Problem> {
    let name = projection(&name)?;
    let limit = limit.checked()?;
    let parked = api.models.parked(Some(name), i64::from(limit) + 1).await;
    let mut items: Vec<_> = parked
        .map_err(problem::failed)?
        .into_iter()
        .map(|parked| parked.sequence)
        .collect();
    let has_more = items.len() > limit as usize;
    items.truncate(limit as usize);
    Ok(Json(ParkedSequences { items, has_more }))
}
