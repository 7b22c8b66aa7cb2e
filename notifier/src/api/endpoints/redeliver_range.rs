//! `POST /v1/webhooks/{webhook_id}/redeliver`

use super::locked;
use crate::{
    api::{
        NotifierApi,
        answer::Answer,
        documentation::WriteProblems,
        idempotency::{Begun, Work},
        problem,
        request::{Named, Write, WriteHeaders},
    },
    storage::{Range, log},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to be sent again: of events that happened within a time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeliverRangeBody {
    /// From then on.
    from: DateTime<Utc>,
    /// Until right before then.
    to: DateTime<Utc>,
    /// Also what was delivered; else only what was given up or skipped.
    #[serde(default)]
    include_delivered: bool,
}

/// What is sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RedeliveredRange {
    /// How many deliveries.
    redelivered: u64,
    /// Whether there are more of them: ask again, under another key.
    has_more: bool,
}

/// Send to a webhook once more what it missed within a time.
///
/// At most 10,000 deliveries at once, each with the `webhook-id` that it had.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{webhook_id}/redeliver",
    tag = "webhooks",
    params(
        ("webhook_id" = uuid::Uuid, Path, description = "The webhook."),
        WriteHeaders,
    ),
    request_body = RedeliverRangeBody,
    responses(
        (status = 200, description = "How much is sent again.", body = RedeliveredRange),
        (status = 404, description = "There is no such webhook.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn redeliver_range(
    State(api): State<NotifierApi>,
    Named(id): Named,
    Write { once, seen, body }: Write<RedeliverRangeBody>,
) -> Result<Response, Problem> {
    let mut work = match Work::begin(&api, once).await? {
        Begun::Before(answer) => return Ok(answer),
        Begun::Now(work) => work,
    };
    let done = again(&api, &mut work.tx, id, seen, body).await;
    work.end(&api, done).await
}

async fn again(
    api: &NotifierApi,
    tx: &mut PgConnection,
    id: Uuid,
    seen: Option<u64>,
    body: RedeliverRangeBody,
) -> Result<Answer, Problem> {
    let endpoint = locked(api, tx, id, seen).await?;
    if endpoint.disabled_at.is_some() {
        return Err(problem::disabled(id));
    }
    if body.from >= body.to {
        let detail = "it must be after from";
        let problem = Problem::unprocessable("RANGE_EMPTY", format!("/to: {detail}."));
        return Err(problem.with_error("/to", "RANGE_EMPTY", detail));
    }
    let range = Range {
        from: body.from,
        to: body.to,
        delivered: body.include_delivered,
    };
    let done = log::all_again(tx, id, range, api.clock.now()).await;
    let (redelivered, has_more) = done.map_err(problem::failed)?;
    let body = RedeliveredRange {
        redelivered,
        has_more,
    };
    Answer::new(StatusCode::OK, None, &body)
}
