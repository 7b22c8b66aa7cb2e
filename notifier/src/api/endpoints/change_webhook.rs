//! `PATCH /v1/webhooks/{webhook_id}`

use crate::api::{
    NotifierApi,
    body::Webhook,
    documentation::WriteProblems,
    request::{Named, Write, WriteHeaders},
    webhooks,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use serde::Deserialize;
use utoipa::ToSchema;

/// What is to be otherwise; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeWebhookBody {
    /// Where to: deliveries that wait go there as well.
    #[serde(default)]
    pub url: Option<String>,
    /// What people call it; an empty text for nothing.
    #[serde(default)]
    pub description: Option<String>,
    /// What it is told of from now on; everything, if it names nothing.
    #[serde(default)]
    pub events: Option<Vec<String>>,
}

/// Change a webhook.
#[utoipa::path(
    patch,
    path = "/v1/webhooks/{webhook_id}",
    tag = "webhooks",
    params(
        ("webhook_id" = uuid::Uuid, Path, description = "The webhook."),
        WriteHeaders,
    ),
    request_body = ChangeWebhookBody,
    responses(
        (status = 200, description = "The webhook.", body = Webhook,
            headers(("ETag" = String, description = "Its version."))),
        (status = 404, description = "There is no such webhook.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn change_webhook(
    State(api): State<NotifierApi>,
    Named(id): Named,
    write: Write<ChangeWebhookBody>,
) -> Result<Response, Problem> {
    webhooks::change(&api, id, write).await?.respond()
}
