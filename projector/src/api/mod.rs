//! What the projections are doing, what is parked, and what people do about that; rebuilds and rollbacks.

mod endpoints;
mod problem;
mod request;

use crate::{PostgresReadModels, Rebuilds, status::Board};
use axum::Router;
use chassis::problem::ProblemDetails;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the endpoints work with.
#[derive(Clone)]
pub(crate) struct ProjectorApi {
    pub(crate) board: Board,
    pub(crate) models: PostgresReadModels,
    pub(crate) rebuilds: Rebuilds,
}

/// The administration of read models.
#[derive(OpenApi)]
#[openapi(
    info(title = "Orders: read models", description = "See how far read models are, and to what is parked of them; build them anew, and roll them back."),
    components(schemas(ProblemDetails)),
    tags((name = "projections", description = "Read models, and what is parked of them"))
)]
struct Document;

fn routes() -> OpenApiRouter<ProjectorApi> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(endpoints::list_projections::list_projections))
        .routes(routes!(endpoints::list_parked::list_parked))
        .routes(routes!(endpoints::get_parked::get_parked))
        .routes(routes!(endpoints::retry_parked::retry_parked))
        .routes(routes!(endpoints::skip_parked::skip_parked))
        .routes(routes!(endpoints::list_skipped::list_skipped))
        .routes(routes!(endpoints::rebuild_projection::rebuild_projection))
        .routes(routes!(
            endpoints::roll_back_projection::roll_back_projection
        ))
        .routes(routes!(endpoints::forget_replaced::forget_replaced))
}

/// The routes of the administration, and `GET /projections`, which says the same as
/// `GET /v1/projections`.
pub fn router(board: Board, models: PostgresReadModels, rebuilds: Rebuilds) -> Router {
    let unversioned = axum::routing::get(endpoints::list_projections::list_projections);
    routes()
        .split_for_parts()
        .0
        .route("/projections", unversioned)
        .with_state(ProjectorApi {
            board,
            models,
            rebuilds,
        })
}

/// The OpenAPI document of the administration.
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().split_for_parts().1
}
