//! `DELETE /v1/webhooks/{webhook_id}`

use crate::api::{NotifierApi, documentation::ReadProblems, request::Named, webhooks};
use axum::{Json, extract::State};
use chassis::{
    Problem,
    extract::{IfMatch, NoQuery, StrictQuery},
    problem::ProblemDetails,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookDeleted {
    webhook_id: Uuid,
}

/// Delete a webhook, with its secrets and its log.
///
/// Nothing more is sent to it but what is just under way. No Idempotency-Key is needed: deleted again,
/// it is not found. It is disabled before all else, so what failed half-way is deleted again.
#[utoipa::path(
    delete,
    path = "/v1/webhooks/{webhook_id}",
    tag = "webhooks",
    params(("webhook_id" = uuid::Uuid, Path, description = "The webhook.")),
    responses(
        (status = 200, description = "Deleted.", body = WebhookDeleted),
        (status = 404, description = "There is no such webhook.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn delete_webhook(
    State(api): State<NotifierApi>,
    Named(id): Named,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
    if_match: IfMatch,
) -> Result<Json<WebhookDeleted>, Problem> {
    if if_match.0.is_some() {
        let detail = "it is deleted at whatever version";
        let problem = Problem::bad_request("INVALID_IF_MATCH", format!("If-Match: {detail}."));
        return Err(problem.with_error("header:If-Match", "INVALID", detail));
    }
    webhooks::delete(&api, id).await?;
    Ok(Json(WebhookDeleted { webhook_id: id }))
}
