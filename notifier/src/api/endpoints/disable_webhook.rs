//! `POST /v1/webhooks/{webhook_id}/disable`

use crate::api::{
    NotifierApi,
    body::Webhook,
    documentation::WriteProblems,
    request::{Named, NoBody, Write, WriteHeaders},
    webhooks::{self, Switch},
};
use axum::{extract::State, response::Response};
use chassis::{Problem, problem::ProblemDetails};

/// Disable a webhook.
///
/// What waits stays, and what happens meanwhile is skipped, and can be sent later. Again is no error.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{webhook_id}/disable",
    tag = "webhooks",
    params(
        ("webhook_id" = uuid::Uuid, Path, description = "The webhook."),
        WriteHeaders,
    ),
    responses(
        (status = 200, description = "It is disabled.", body = Webhook,
            headers(("ETag" = String, description = "Its version."))),
        (status = 404, description = "There is no such webhook.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn disable_webhook(
    State(api): State<NotifierApi>,
    Named(id): Named,
    write: Write<NoBody>,
) -> Result<Response, Problem> {
    webhooks::switch(&api, id, Switch::Off, write)
        .await?
        .respond()
}
