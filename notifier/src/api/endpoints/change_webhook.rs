//! `PATCH /v1/webhooks/{webhook_id}`

use super::locked;
use crate::{
    api::{
        NotifierApi,
        answer::Answer,
        body::Webhook,
        documentation::WriteProblems,
        idempotency::{Begun, Work},
        problem,
        request::{Named, Write, WriteHeaders},
        rules,
    },
    storage::{Change, endpoints},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use serde::Deserialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to be otherwise; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeWebhookBody {
    /// Where to: deliveries that wait go there as well.
    #[serde(default)]
    url: Option<String>,
    /// What people call it; an empty text for nothing.
    #[serde(default)]
    description: Option<String>,
    /// What it is told of from now on; everything, if it names nothing.
    #[serde(default)]
    events: Option<Vec<String>>,
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
    Write { once, seen, body }: Write<ChangeWebhookBody>,
) -> Result<Response, Problem> {
    let mut work = match Work::begin(&api, once).await? {
        Begun::Before(answer) => return Ok(answer),
        Begun::Now(work) => work,
    };
    let done = change(&api, &mut work.tx, id, seen, body).await;
    work.end(&api, done).await
}

async fn change(
    api: &NotifierApi,
    tx: &mut PgConnection,
    id: Uuid,
    seen: Option<u64>,
    body: ChangeWebhookBody,
) -> Result<Answer, Problem> {
    locked(api, tx, id, seen).await?;
    let description = match body.description {
        Some(text) if text.is_empty() => Some(None),
        Some(text) => Some(rules::description(Some(text))?),
        None => None,
    };
    let change = Change {
        url: body.url.map(|url| rules::url(api, &url)).transpose()?,
        description,
        events: body.events.map(rules::events).transpose()?,
        disabled: None,
    };
    let changed = endpoints::change(tx, id, &change, api.clock.now()).await;
    let changed = changed.map_err(problem::failed)?;
    let version = changed.version;
    Answer::new(StatusCode::OK, Some(version), &Webhook::from(changed))
}
