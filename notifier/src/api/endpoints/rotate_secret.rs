//! `POST /v1/webhooks/{webhook_id}/rotate`

use super::locked;
use crate::{
    api::{
        NotifierApi,
        answer::Answer,
        body::WebhookWithSecret,
        documentation::WriteProblems,
        idempotency::{Begun, Work},
        problem,
        request::{Named, Write, WriteHeaders},
    },
    storage::endpoints,
    webhook::WebhookSecret,
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use chrono::TimeDelta;
use serde::Deserialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest time that two secrets sign, in seconds.
const LONGEST: u64 = 2_592_000;

/// How a secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateSecretBody {
    /// For so many seconds the secret of before signs as well; 0: not at all, as when it got out. As
    /// `notification.secret_overlap_s` says, if it is left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2_592_000)]
    overlap_s: Option<u64>,
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
    Write { once, seen, body }: Write<RotateSecretBody>,
) -> Result<Response, Problem> {
    let mut work = match Work::begin(&api, once).await? {
        Begun::Before(answer) => return Ok(answer),
        Begun::Now(work) => work,
    };
    let done = rotate(&api, &mut work.tx, id, seen, body).await;
    work.end(&api, done).await
}

async fn rotate(
    api: &NotifierApi,
    tx: &mut PgConnection,
    id: Uuid,
    seen: Option<u64>,
    body: RotateSecretBody,
) -> Result<Answer, Problem> {
    locked(api, tx, id, seen).await?;
    let overlap = body.overlap_s.unwrap_or(api.overlap.as_secs());
    if overlap > LONGEST {
        let detail = format!("it must be 0 to {LONGEST}");
        let problem = Problem::unprocessable("OUT_OF_RANGE", format!("/overlap_s: {detail}."));
        return Err(problem.with_error("/overlap_s", "OUT_OF_RANGE", detail));
    }
    let secret = WebhookSecret::random();
    let secret = secret.map_err(|error| problem::failed(error.into()))?;
    let now = api.clock.now();
    let overlap = i64::try_from(overlap).ok().and_then(TimeDelta::try_seconds);
    let until = now + overlap.unwrap_or_default();
    let rotated = endpoints::rotate(tx, &api.vault, id, &secret, now, until).await;
    let rotated = rotated.map_err(problem::failed)?;
    let version = rotated.version;
    let former = (until > now).then_some(until);
    let body = WebhookWithSecret::new(rotated, &secret.to_text(), former);
    Answer::new(StatusCode::OK, Some(version), &body)
}
