//! `GET /v1/webhooks/{webhook_id}`

use crate::api::{
    NotifierApi,
    answer::Answer,
    body::Webhook,
    documentation::ReadProblems,
    request::{Named, Read},
    webhooks,
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{
    Problem,
    extract::{NoQuery, StrictQuery},
    problem::ProblemDetails,
};

/// Get a webhook.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{webhook_id}",
    tag = "webhooks",
    params(("webhook_id" = uuid::Uuid, Path, description = "The webhook.")),
    responses(
        (status = 200, description = "The webhook.", body = Webhook,
            headers(("ETag" = String, description = "Its version, for `If-Match`."))),
        (status = 404, description = "There is no such webhook.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn get_webhook(
    State(api): State<NotifierApi>,
    Named(id): Named,
    _: Read,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<Response, Problem> {
    let webhook = webhooks::get(&api, id).await?;
    Answer::new(StatusCode::OK, Some(webhook.version), &webhook)?.respond(false)
}
