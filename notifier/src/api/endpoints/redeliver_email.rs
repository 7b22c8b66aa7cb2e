//! `POST /v1/emails/{delivery_id}/redeliver`

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
    storage::log,
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use sqlx::PgConnection;
use uuid::Uuid;

/// Send an e-mail once more.
///
/// From the beginning of its schedule, to the address that the customer has by then. What waits is tried
/// now; what is just under way stays so.
#[utoipa::path(
    post,
    path = "/v1/emails/{delivery_id}/redeliver",
    tag = "emails",
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
pub(crate) async fn redeliver_email(
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
    let known = log::lock(tx, &api.tenant, id, true).await;
    let known = known.map_err(problem::failed)?;
    if known.is_none() {
        return Err(problem::no_such_delivery(id));
    }
    let delivery = log::again(tx, id, api.clock.now()).await;
    let delivery = delivery.map_err(problem::failed)?;
    Answer::new(StatusCode::OK, None, &DeliveryItem::from(delivery))
}
