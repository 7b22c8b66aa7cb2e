//! What is looked up of deliveries, and sent again, over REST and over gRPC: to webhooks, and by e-mail.

use super::{
    Api,
    answer::{Answer, Answered},
    body::{DeliveryItem, RedeliverRangeBody, RedeliveredRange},
    idempotency::{Begun, Work},
    page::{Page, Wanted, refused},
    problem,
    request::{NoBody, Write},
    webhooks::locked,
};
use crate::storage::{Delivery, LogFilter, Range, endpoints, log};
use axum::http::StatusCode;
use chassis::Problem;
use sqlx::PgConnection;
use uuid::Uuid;

/// What deliveries may be.
const STATES: [&str; 4] = ["pending", "delivered", "failed", "skipped"];

/// How a delivery goes to whoever is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To a webhook.
    Webhook,
    /// By e-mail.
    Email,
}

/// A page of what was sent to a webhook, or by e-mail without one: the latest events first.
pub(crate) async fn list(
    api: &Api,
    webhook: Option<Uuid>,
    state: Option<&str>,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Result<Page<DeliveryItem>, Problem> {
    if state.is_some_and(|state| !STATES.contains(&state)) {
        let rule = "must be pending, delivered, failed or skipped";
        return Err(refused("status", "INVALID", rule));
    }
    let scope = match webhook {
        Some(id) => format!("deliveries {id} {}", state.unwrap_or_default()),
        None => format!("emails {}", state.unwrap_or_default()),
    };
    let wanted = Wanted::new(api, scope, limit, cursor)?;
    if let Some(id) = webhook {
        let endpoint = api.store.endpoint(&api.tenant, id).await;
        if endpoint.map_err(problem::failed)?.is_none() {
            return Err(problem::no_such_webhook(id));
        }
    }
    let filter = LogFilter {
        tenant: &api.tenant,
        endpoint: webhook,
        state,
        before: before(&wanted)?,
    };
    let rows = api.store.log(&filter, wanted.rows()).await;
    let rows = rows.map_err(problem::failed)?;
    Ok(wanted.page(api, rows, key))
}

/// Where the page begins: before the event at this position.
fn before(wanted: &Wanted) -> Result<Option<i64>, Problem> {
    let Some(bytes) = wanted.after.as_deref() else {
        return Ok(None);
    };
    let bytes = bytes.try_into();
    let bytes = bytes.map_err(|_| refused("cursor", "INVALID", "was not given out by this API"))?;
    Ok(Some(i64::from_be_bytes(bytes)))
}

/// What names a delivery in its log: no other one is of an event at that position.
fn key(delivery: &Delivery) -> Vec<u8> {
    delivery.position.to_be_bytes().to_vec()
}

/// Has one made once more, from the beginning of its schedule.
pub(crate) async fn again(
    api: &Api,
    way: Way,
    id: Uuid,
    write: Write<NoBody>,
) -> Result<Answered, Problem> {
    let mut work = match Work::begin(api, write.once).await? {
        Begun::Before(answer) => return Ok(answer),
        Begun::Now(work) => work,
    };
    let done = made_again(api, &mut work.tx, way, id).await;
    work.end(api, done).await
}

async fn made_again(
    api: &Api,
    tx: &mut PgConnection,
    way: Way,
    id: Uuid,
) -> Result<Answer, Problem> {
    if way == Way::Webhook {
        // The endpoint is locked first, as wherever both are: so nobody waits for one who waits for
        // them.
        let endpoint = log::endpoint_of(tx, &api.tenant, id).await;
        let Some(endpoint) = endpoint.map_err(problem::failed)? else {
            return Err(problem::no_such_delivery(id));
        };
        let endpoint = endpoints::lock(tx, &api.tenant, endpoint).await;
        let endpoint = endpoint.map_err(problem::failed)?;
        if let Some(endpoint) = endpoint.filter(|endpoint| endpoint.disabled_at.is_some()) {
            return Err(problem::disabled(endpoint.id));
        }
    }
    let known = log::lock(tx, &api.tenant, id, way == Way::Email).await;
    if known.map_err(problem::failed)?.is_none() {
        return Err(problem::no_such_delivery(id));
    }
    let delivery = log::again(tx, id, api.clock.now()).await;
    let delivery = delivery.map_err(problem::failed)?;
    Answer::new(StatusCode::OK, None, &DeliveryItem::from(delivery))
}

/// Has all of a webhook's, or all e-mails without one, made once more that are of events within a time.
pub(crate) async fn all_again(
    api: &Api,
    webhook: Option<Uuid>,
    write: Write<RedeliverRangeBody>,
) -> Result<Answered, Problem> {
    let mut work = match Work::begin(api, write.once).await? {
        Begun::Before(answer) => return Ok(answer),
        Begun::Now(work) => work,
    };
    let done = all_made_again(api, &mut work.tx, webhook, write.seen, &write.body).await;
    work.end(api, done).await
}

async fn all_made_again(
    api: &Api,
    tx: &mut PgConnection,
    webhook: Option<Uuid>,
    seen: Option<u64>,
    body: &RedeliverRangeBody,
) -> Result<Answer, Problem> {
    if let Some(id) = webhook {
        let endpoint = locked(api, tx, id, seen).await?;
        if endpoint.disabled_at.is_some() {
            return Err(problem::disabled(id));
        }
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
    let done = log::all_again(tx, &api.tenant, webhook, range, api.clock.now()).await;
    let (redelivered, has_more) = done.map_err(problem::failed)?;
    let body = RedeliveredRange {
        redelivered,
        has_more,
    };
    Answer::new(StatusCode::OK, None, &body)
}
