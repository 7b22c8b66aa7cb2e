//! `GET /v1/projections/{name}/skipped`

use crate::{
    api::{
        ProjectorApi,
        problem::{self, CommonProblems},
        request::{Limit, projection},
    },
    storage::SkippedEvent,
};
use axum::{Json, extract::State};
use chassis::{
    Problem,
    extract::{StrictPath, StrictQuery},
};
use serde::Serialize;
use utoipa::ToSchema;

/// Events that were left out of a read model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkippedEvents {
    /// The events, the latest position first.
    items: Vec<SkippedEvent>,
    /// Whether there are more than are listed.
    has_more: bool,
}

/// List the events that people have had left out of a read model: which, why, and who said so.
#[utoipa::path(
    get,
    path = "/v1/projections/{name}/skipped",
    tag = "projections",
    params(("name" = String, Path, description = "The projection.", example = "order_summary"), Limit),
    responses(
        (status = 200, description = "What was skipped.", body = SkippedEvents),
        CommonProblems,
    )
)]
pub(crate) async fn list_skipped(
    State(api): State<ProjectorApi>,
    StrictPath(name): StrictPath<String>,
    StrictQuery(limit): StrictQuery<Limit>,
) -> Result<Json<SkippedEvents>, Problem> {
    let name = projection(&name)?;
    let limit = limit.checked()?;
    let skipped = api.models.skipped(name, i64::from(limit) + 1).await;
    let mut items = skipped.map_err(problem::failed)?;
    let has_more = items.len() > limit as usize;
    items.truncate(limit as usize);
    Ok(Json(SkippedEvents { items, has_more }))
}
