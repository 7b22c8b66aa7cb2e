//! `GET /v1/projections`

use crate::{
    api::{ProjectorApi, problem::CommonProblems},
    status::ProjectionStatus,
};
use axum::{Json, extract::State};
use chassis::extract::{NoQuery, StrictQuery};
use serde::Serialize;
use utoipa::ToSchema;

/// All read models.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Projections {
    projections: Vec<ProjectionStatus>,
}

/// Say what each read model is doing, and how far it is behind the event store.
#[utoipa::path(
    get,
    path = "/v1/projections",
    tag = "projections",
    responses(
        (status = 200, description = "All read models, by name.", body = Projections),
        CommonProblems,
    )
)]
pub(crate) async fn list_projections(
    State(api): State<ProjectorApi>,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Json<Projections> {
    Json(Projections {
        projections: api.board.statuses(),
    })
}
