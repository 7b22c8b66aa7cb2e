//! What is done with webhooks, over REST and over gRPC.

use super::{
    Api,
    answer::{Answer, Answered},
    body::{Webhook, WebhookWithSecret},
    endpoints::{
        change_webhook::ChangeWebhookBody, create_webhook::CreateWebhookBody,
        rotate_secret::RotateSecretBody,
    },
    idempotency::{Begun, Work},
    page::{Page, Wanted, refused},
    problem,
    request::{NoBody, Write},
    rules,
};
use crate::{
    storage::{Change, Endpoint, NewEndpoint, endpoints},
    webhook::WebhookSecret,
};
use axum::http::StatusCode;
use chassis::Problem;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// The longest time that two secrets sign, in seconds.
const LONGEST_OVERLAP: u64 = 2_592_000;

/// Has somebody told of what happens, from now on.
pub(crate) async fn create(
    api: &Api,
    write: Write<CreateWebhookBody>,
) -> Result<Answered, Problem> {
    // The same in every attempt of the same request.
    let id = write.once.id;
    let mut work = match Work::begin(api, write.once).await? {
        Begun::Before(answer) => return Ok(answer),
        Begun::Now(work) => work,
    };
    let done = created(api, &mut work.tx, id, write.body).await;
    work.end(api, done).await
}

async fn created(
    api: &Api,
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

/// Has a webhook be otherwise.
pub(crate) async fn change(
    api: &Api,
    id: Uuid,
    write: Write<ChangeWebhookBody>,
) -> Result<Answered, Problem> {
    let mut work = match Work::begin(api, write.once).await? {
        Begun::Before(answer) => return Ok(answer),
        Begun::Now(work) => work,
    };
    let done = changed(api, &mut work.tx, id, write.seen, write.body).await;
    work.end(api, done).await
}

async fn changed(
    api: &Api,
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
    shown(changed.map_err(problem::failed)?)
}

/// Whether anything is sent to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// It is.
    On,
    /// It is not, as somebody wants it.
    Off,
}

/// Has things sent to a webhook, or not; as it is already, nothing changes.
pub(crate) async fn switch(
    api: &Api,
    id: Uuid,
    to: Switch,
    write: Write<NoBody>,
) -> Result<Answered, Problem> {
    let mut work = match Work::begin(api, write.once).await? {
        Begun::Before(answer) => return Ok(answer),
        Begun::Now(work) => work,
    };
    let done = switched(api, &mut work.tx, id, to, write.seen).await;
    work.end(api, done).await
}

async fn switched(
    api: &Api,
    tx: &mut PgConnection,
    id: Uuid,
    to: Switch,
    seen: Option<u64>,
) -> Result<Answer, Problem> {
    let endpoint = locked(api, tx, id, seen).await?;
    let disabled = match (to, endpoint.disabled_at) {
        (Switch::On, None) | (Switch::Off, Some(_)) => return shown(endpoint),
        (Switch::On, Some(_)) => None,
        (Switch::Off, None) => Some("operator"),
    };
    let change = Change {
        disabled: Some(disabled),
        ..Change::default()
    };
    let changed = endpoints::change(tx, id, &change, api.clock.now()).await;
    shown(changed.map_err(problem::failed)?)
}

/// Replaces what signs for a webhook.
pub(crate) async fn rotate(
    api: &Api,
    id: Uuid,
    write: Write<RotateSecretBody>,
) -> Result<Answered, Problem> {
    let mut work = match Work::begin(api, write.once).await? {
        Begun::Before(answer) => return Ok(answer),
        Begun::Now(work) => work,
    };
    let done = rotated(api, &mut work.tx, id, write.seen, &write.body).await;
    work.end(api, done).await
}

async fn rotated(
    api: &Api,
    tx: &mut PgConnection,
    id: Uuid,
    seen: Option<u64>,
    body: &RotateSecretBody,
) -> Result<Answer, Problem> {
    locked(api, tx, id, seen).await?;
    let overlap = body.overlap_s.unwrap_or(api.overlap.as_secs());
    if overlap > LONGEST_OVERLAP {
        let detail = format!("it must be 0 to {LONGEST_OVERLAP}");
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

/// Deletes a webhook with all that is known of it.
pub(crate) async fn delete(api: &Api, id: Uuid) -> Result<(), Problem> {
    let deleted = api.store.delete_endpoint(&api.tenant, id, api.clock.now());
    match deleted.await.map_err(problem::failed)? {
        true => Ok(()),
        false => Err(problem::no_such_webhook(id)),
    }
}

/// A webhook.
pub(crate) async fn get(api: &Api, id: Uuid) -> Result<Webhook, Problem> {
    let endpoint = api.store.endpoint(&api.tenant, id).await;
    let endpoint = endpoint.map_err(problem::failed)?;
    endpoint
        .map(Webhook::from)
        .ok_or_else(|| problem::no_such_webhook(id))
}

/// A page of webhooks, the oldest first.
pub(crate) async fn list(
    api: &Api,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Result<Page<Webhook>, Problem> {
    let wanted = Wanted::new(api, "webhooks".into(), limit, cursor)?;
    let after = wanted.after.as_deref().map(|bytes| {
        place(bytes).ok_or_else(|| refused("cursor", "INVALID", "was not given out by this API"))
    });
    let after = after.transpose()?;
    let rows = api.store.endpoints(&api.tenant, after, wanted.rows()).await;
    let rows = rows.map_err(problem::failed)?;
    Ok(wanted.page(api, rows, key))
}

fn key(endpoint: &Endpoint) -> Vec<u8> {
    let mut key = endpoint
        .created_at
        .timestamp_micros()
        .to_be_bytes()
        .to_vec();
    key.extend(endpoint.id.as_bytes());
    key
}

fn place(bytes: &[u8]) -> Option<(DateTime<Utc>, Uuid)> {
    let (micros, id) = bytes.split_at_checked(8)?;
    let at = DateTime::from_timestamp_micros(i64::from_be_bytes(micros.try_into().ok()?))?;
    Some((at, Uuid::from_slice(id).ok()?))
}

/// The webhook as it is now.
fn shown(endpoint: Endpoint) -> Result<Answer, Problem> {
    let version = endpoint.version;
    Answer::new(StatusCode::OK, Some(version), &Webhook::from(endpoint))
}

/// The endpoint `id`, locked and at the version that the sender saw.
pub(crate) async fn locked(
    api: &Api,
    tx: &mut PgConnection,
    id: Uuid,
    seen: Option<u64>,
) -> Result<Endpoint, Problem> {
    let endpoint = endpoints::lock(tx, &api.tenant, id).await;
    let endpoint = endpoint.map_err(problem::failed)?;
    let endpoint = endpoint.ok_or_else(|| problem::no_such_webhook(id))?;
    rules::unchanged(seen, endpoint.version)?;
    Ok(endpoint)
}
