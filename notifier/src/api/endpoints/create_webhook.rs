//! `POST /v1/webhooks`

use crate::{
    api::{
        NotifierApi,
        answer::Answer,
        body::WebhookWithSecret,
        documentation::WriteProblems,
        idempotency::{Begun, Work},
        problem,
        request::{Write, WriteHeaders},
        rules,
    },
    storage::{NewEndpoint, endpoints},
    webhook::WebhookSecret,
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::Problem;
use serde::Deserialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who is to be told of what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWebhookBody {
    /// Where to: https, and an address that everybody can reach.
    #[schema(example = "https://shop.example/hooks")]
    url: String,
    /// What people call it.
    #[serde(default)]
    description: Option<String>,
    /// What it is told of: `order.confirmed`, `order.dispatched`, `order.refunded`,
    /// `order.cancelled`. Everything, if it is left out.
    #[serde(default)]
    events: Vec<String>,
}

/// Have somebody told of what happens to orders.
///
/// From now on: what was before is not sent. The answer, and no other, shows the secret that signs what
/// is sent.
#[utoipa::path(
    post,
    path = "/v1/webhooks",
    tag = "webhooks",
    params(WriteHeaders),
    request_body = CreateWebhookBody,
    responses(
        (status = 201, description = "The webhook, with its secret.", body = WebhookWithSecret,
            headers(("Location" = String, description = "Where it is."), ("ETag" = String, description = "Its version."))),
        WriteProblems,
    )
)]
pub(crate) async fn create_webhook(
    State(api): State<NotifierApi>,
    Write { once, body, .. }: Write<CreateWebhookBody>,
) -> Result<Response, Problem> {
    // The same in every attempt of the same request.
    let id = once.id;
    let mut work = match Work::begin(&api, once).await? {
        Begun::Before(answer) => return Ok(answer),
        Begun::Now(work) => work,
    };
    let done = create(&api, &mut work.tx, id, body).await;
    work.end(&api, done).await
}

async fn create(
    api: &NotifierApi,
    tx: &mut PgConnection,
    id: Uuid,
    body: CreateWebhookBody,
) -> Result<Answer, Problem> {
    let head = api.feed.head().await;
    let head = head.map_err(|error| problem::failed(error.into()))?;
    let new = NewEndpoint {
        id,
        url: rules::url(api, &body.url)?,
        description: rules::description(body.description)?,
        events: rules::events(body.events)?,
        after_position: head.position.get(),
    };
    let secret = WebhookSecret::random();
    let secret = secret.map_err(|error| problem::failed(error.into()))?;
    let (tenant, most, now) = (&api.tenant, api.max_endpoints, api.clock.now());
    let created = endpoints::create(tx, &api.vault, tenant, &new, &secret, most, now).await;
    let created = created.map_err(problem::failed)?;
    let created = created.ok_or_else(|| problem::too_many(most))?;
    let version = created.version;
    let body = WebhookWithSecret::new(created, &secret.to_text(), None);
    let answer = Answer::new(StatusCode::CREATED, Some(version), &body)?;
    Ok(answer.at(format!("/v1/webhooks/{id}")))
}
