//! `POST /v1/webhooks/deliveries/{delivery_id}/redeliver`

use crate::api::{
    NotifierApi,
    body::DeliveryItem,
    deliveries::{self, Way},
    documentation::WriteProblems,
    request::{Named, NoBody, Write, WriteHeaders},
};
use axum::{extract::State, response::Response};
use chassis::{Problem, problem::ProblemDetails};

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
    write: Write<NoBody>,
) -> Result<Response, Problem> {
    deliveries::again(&api, Way::Webhook, id, write)
        .await?
        .respond()
}
