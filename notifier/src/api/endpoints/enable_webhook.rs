//! `POST /v1/webhooks/{webhook_id}/enable`

use super::locked;
use crate::{
    api::{
        NotifierApi,
        answer::Answer,
        body::Webhook,
        documentation::WriteProblems,
        idempotency::{Begun, Work},
        problem,
        request::{Named, NoBody, Write, WriteHeaders},
    },
    storage::{Change, endpoints},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use sqlx::PgConnection;
use uuid::Uuid;

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
    Write {
        once,
        seen,
        body: NoBody {},
    }: Write<NoBody>,
) -> Result<Response, Problem> {
    let mut work = match Work::begin(&api, once).await? {
        Begun::Before(answer) => return Ok(answer),
        Begun::Now(work) => work,
    };
    let done = enable(&api, &mut work.tx, id, seen).await;
    work.end(&api, done).await
}

async fn enable(
    api: &NotifierApi,
    tx: &mut PgConnection,
    id: Uuid,
    seen: Option<u64>,
) -> Result<Answer, Problem> {
    let mut endpoint = locked(api, tx, id, seen).await?;
    if endpoint.disabled_at.is_some() {
        let change = Change {
            disabled: Some(None),
            ..Change::default()
        };
        let changed = endpoints::change(tx, id, &change, api.clock.now()).await;
        endpoint = changed.map_err(problem::failed)?;
    }
    let version = endpoint.version;
    Answer::new(StatusCode::OK, Some(version), &Webhook::from(endpoint))
}
