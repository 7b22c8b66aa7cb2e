//! `POST /v1/webhooks/{webhook_id}/redeliver`

use crate::api::{
    NotifierApi,
    body::{RedeliverRangeBody, RedeliveredRange},
    deliveries,
    documentation::WriteProblems,
    request::{Named, Write, WriteHeaders},
};
use axum::{extract::State, response::Response};
use chassis::{Problem, problem::ProblemDetails};

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
    write: Write<RedeliverRangeBody>,
) -> Result<Response, Problem> {
    deliveries::all_again(&api, Some(id), write)
        .await?
        .respond()
}
