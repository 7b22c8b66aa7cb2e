//! `POST /v1/webhooks/{webhook_id}/enable`

use crate::api::{
    NotifierApi,
    body::Webhook,
    documentation::WriteProblems,
    request::{Named, NoBody, Write, WriteHeaders},
    webhooks::{self, Switch},
};
use axum::{extract::State, response::Response};
use chassis::{Problem, problem::ProblemDetails};

/// Enable a webhook.
///
/// What waited is sent. What was skipped meanwhile is not, unless it is asked for: see `redeliver`.
/// Again is no error.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{webhook_id}/enable",
    tag = "webhooks",
    params(
        ("webhook_id" = uuid::Uuid, Path, description = "The webhook."),
        WriteHeaders,
    ),
    responses(
        (status = 200, description = "It is enabled.", body = Webhook,
            headers(("ETag" = String, description = "Its version."))),
        (status = 404, description = "There is no such webhook.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn enable_webhook(
    State(api): State<NotifierApi>,
    Named(id): Named,
    write: Write<NoBody>,
) -> Result<Response, Problem> {
    webhooks::switch(&api, id, Switch::On, write)
        .await?
        .respond()
}
