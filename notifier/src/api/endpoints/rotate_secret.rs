//! `POST /v1/webhooks/{webhook_id}/rotate`

use crate::api::{
    NotifierApi,
    body::WebhookWithSecret,
    documentation::WriteProblems,
    request::{Named, Write, WriteHeaders},
    webhooks,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use serde::Deserialize;
use utoipa::ToSchema;

/// How a secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateSecretBody {
    /// For so many seconds the secret of before signs as well; 0: not at all, as when it got out. As
    /// `notification.secret_overlap_s` says, if it is left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2_592_000)]
    pub overlap_s: Option<u64>,
}

/// Replace what signs for a webhook.
///
/// While both sign, each message has two signatures: a receiver takes it if one of them is right. The
/// answer, and no other, shows the new secret.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{webhook_id}/rotate",
    tag = "webhooks",
    params(
        ("webhook_id" = uuid::Uuid, Path, description = "The webhook."),
        WriteHeaders,
    ),
    request_body = RotateSecretBody,
    responses(
        (status = 200, description = "The webhook, with its new secret.", body = WebhookWithSecret,
            headers(("ETag" = String, description = "Its version."))),
        (status = 404, description = "There is no such webhook.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn rotate_secret(
    State(api): State<NotifierApi>,
    Named(id): Named,
    write: Write<RotateSecretBody>,
) -> Result<Response, Problem> {
    webhooks::rotate(&api, id, write).await?.respond()
}
