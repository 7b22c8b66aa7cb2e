//! `POST /v1/emails/redeliver`

use crate::api::{
    NotifierApi,
    body::{RedeliverRangeBody, RedeliveredRange},
    deliveries,
    documentation::WriteProblems,
    request::{Write, WriteHeaders},
};
use axum::{extract::State, response::Response};
use chassis::Problem;

/// Send once more the e-mails that could not be delivered within a time.
///
/// At most 10,000 at once, the oldest events first, each to the address that its customer has by then. If
/// there are more, `next_after` says after which position to go on. What was skipped, since there was no
/// address, is sent only if `include_skipped` says so.
#[utoipa::path(
    post,
    path = "/v1/emails/redeliver",
    tag = "emails",
    params(WriteHeaders),
    request_body = RedeliverRangeBody,
    responses(
        (status = 200, description = "How much is sent again.", body = RedeliveredRange),
        WriteProblems,
    )
)]
pub(crate) async fn redeliver_emails(
    State(api): State<NotifierApi>,
    write: Write<RedeliverRangeBody>,
) -> Result<Response, Problem> {
    deliveries::all_again(&api, None, write).await?.respond()
}
