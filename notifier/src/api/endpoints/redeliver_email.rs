//! `POST /v1/emails/{delivery_id}/redeliver`

use crate::api::{
    NotifierApi,
    body::DeliveryItem,
    deliveries::{self, Way},
    documentation::WriteProblems,
    request::{Named, NoBody, Write, WriteHeaders},
};
use axum::{extract::State, response::Response};
use chassis::{Problem, problem::ProblemDetails};

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
    write: Write<NoBody>,
) -> Result<Response, Problem> {
    deliveries::again(&api, Way::Email, id, write)
        .await?
        .respond()
}
