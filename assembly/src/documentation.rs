//! What a service says of its API: `/openapi.json`, and a page to try it on at `/docs`.

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

/// The routes of an API's documentation; the page needs nothing from other hosts.
pub fn documentation(api: OpenApi) -> Router {
    SwaggerUi::new("/docs").url("/openapi.json", api).into()
}
