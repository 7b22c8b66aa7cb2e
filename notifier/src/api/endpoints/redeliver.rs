//! `POST /v1/webhooks/deliveries/{delivery_id}/redeliver`

use crate::{
    api::{
        NotifierApi,
        answer::Answer,
        body::DeliveryItem,
        documentation::WriteProblems,
        idempotency::{Begun, Work},
        problem,
        request::{Named, NoBody, Write, WriteHeaders},
    },
    storage::{endpoints, log},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use sqlx::PgConnection;
use uuid::Uuid;

/// Send something to a webhook once more.
///
/// With the same `webhook-id`, from the beginning of its schedule. What waits is tried now; what is just
/// under way stays so.
#[utoipa::path(
    post,
    path = "/v1/webhooks/deliveries/{delivery_id}/redeliver",
    tag = "webhooks",
    params(
        ("delivery_id" = uuid::Uuid, Path, description = "The delivery."),
        WriteHeaders,
    ),
    responses(
        (status = 200, description = "It is sent again.", body = DeliveryItem),
        (status = 404, description = "There is no such delivery.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn redeliver(
    State(api): State<NotifierApi>,
    Named(id): Named,
    Write {
        once,
        body: NoBody {},
        ..
    }: Write<NoBody>,
) -> Result<Response, Problem> {
    let mut work = match Work::begin(&api, once).await? {
        Begun::Before(answer) => return Ok(answer),
        Begun::Now(work) => work,
    };
    let done = again(&api, &mut work.tx, id).await;
    work.end(&api, done).await
}

async fn again(api: &NotifierApi, tx: &mut PgConnection, id: Uuid) -> Result<Answer, Problem> {
    // The endpoint is locked first, as wherever both are: so nobody waits for one who waits for them.
    let endpoint = log::endpoint_of(tx, &api.tenant, id).await;
    let Some(endpoint) = endpoint.map_err(problem::failed)? else {
        return Err(problem::no_such_delivery(id));
    };
    let endpoint = endpoints::lock(tx, &api.tenant, endpoint).await;
    let endpoint = endpoint.map_err(problem::failed)?;
    if let Some(endpoint) = endpoint.filter(|endpoint| endpoint.disabled_at.is_some()) {
        return Err(problem::disabled(endpoint.id));
    }
    let known = log::lock(tx, &api.tenant, id, false).await;
    if known.map_err(problem::failed)?.is_none() {
        return Err(problem::no_such_delivery(id));
    }
    let delivery = log::again(tx, id, api.clock.now()).await;
    let delivery = delivery.map_err(problem::failed)?;
    Answer::new(StatusCode::OK, None, &DeliveryItem::from(delivery))
}
